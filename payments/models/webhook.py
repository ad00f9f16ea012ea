"""Stripe's events as they came."""

from django.db import models
from django.db.models.functions import Now

from funds.models import User

_IS_WAITING = models.Q(processed_at__isnull=True, put_aside_at__isnull=True)


class WebhookEvent(models.Model):
    """A verified event, kept before anything is done about it.

    Waiting while neither ``processed_at`` nor ``put_aside_at`` is set; ``next_attempt_at`` says
    when it is tried (again). What is put aside waits for a person.
    """

    class Outcome(models.TextChoices):
        """What came of acting on it."""

        BOOKED = "booked", "Booked"
        KNOWN = "known", "Booked already"
        NOTED = "noted", "Noted, nothing to book"
        NOT_OURS = "not-ours", "Not ours: left alone"
        BY_HAND = "by-hand", "Seen to by hand"

    class Road(models.TextChoices):
        """How we learned of it."""

        WEBHOOK = "webhook", "Stripe's webhook"
        SWEEP = "sweep", "We asked Stripe"

    stripe_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=100)
    api_version = models.CharField(max_length=50)
    object_id = models.CharField(max_length=255)
    payment_intent_id = models.CharField(
        max_length=255, blank=True, help_text="The payment that the event's object belongs to."
    )
    created_at = models.DateTimeField(help_text="When Stripe made the event.")
    livemode = models.BooleanField()
    body = models.TextField(help_text="As it came. Holds names: never shown in lists.")
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    road = models.CharField(max_length=10, choices=Road, db_default=Road.WEBHOOK)
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, db_default="")
    put_aside_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it waits for a person, and is not retried."
    )
    stripped_at = models.DateTimeField(
        null=True, blank=True, help_text="When the personal fields of its body were emptied."
    )
    attempts = models.PositiveIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(blank=True, db_default="")
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="closed_events"
    )
    closing_note = models.CharField(
        max_length=200, blank=True, db_default="", help_text="What was done by hand instead."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="webhook_event_is_processed_with_an_outcome",
                condition=models.Q(processed_at__isnull=True, outcome="")
                | (models.Q(processed_at__isnull=False) & ~models.Q(outcome="")),
            ),
            models.CheckConstraint(
                name="webhook_event_by_hand_has_person_and_note",
                condition=models.Q(outcome="by-hand", closed_by__isnull=False)
                & ~models.Q(closing_note="")
                | (
                    ~models.Q(outcome="by-hand") & models.Q(closed_by__isnull=True, closing_note="")
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"],
                name="webhook_event_swept_idx",
                condition=models.Q(road="sweep"),
            ),
            models.Index(
                fields=["put_aside_at"],
                name="webhook_event_put_aside_idx",
                condition=models.Q(put_aside_at__isnull=False, processed_at__isnull=True),
            ),
            models.Index(
                fields=["next_attempt_at"],
                name="webhook_event_waiting_idx",
                condition=_IS_WAITING,
            ),
            models.Index(
                fields=["payment_intent_id"],
                name="webhook_waiting_payment_idx",
                condition=_IS_WAITING,
            ),
            models.Index(
                fields=["processed_at"],
                name="webhook_event_to_strip_idx",
                condition=models.Q(stripped_at__isnull=True, processed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"
