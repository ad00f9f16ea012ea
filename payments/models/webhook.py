"""Stripe's events as they came."""

from django.db import models
from django.db.models.functions import Now


class WebhookEvent(models.Model):
    """A verified event, kept before anything is done about it.

    Waiting while ``processed_at`` is empty; ``next_attempt_at`` says when it is tried (again).
    """

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
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="webhook_event_waiting_idx",
                condition=models.Q(processed_at__isnull=True),
            ),
            models.Index(
                fields=["payment_intent_id"],
                name="webhook_waiting_payment_idx",
                condition=models.Q(processed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"
