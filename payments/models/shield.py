"""What keeps card testers out: what was tried how often, attacks, and who paused cards and why.

Nothing here names anybody: browsers and e-mail addresses stand as keyed digests, and go in a day.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from appeals.models import Appeal
from funds.models import User
from payments.models.card import CardDonation


class AttemptCount(models.Model):
    """How often something was tried in one minute, by one browser, address, appeal or in all.

    All processes share it. Some rows are no counts but marks of what may be done once: a failure
    that was told, a challenge that was solved.
    """

    class Kind(models.TextChoices):
        """What was tried, or came of it."""

        POSTED = "posted", "Form sent"
        OPENED = "opened", "Checkout opened"
        DECLINED = "declined", "Card declined"
        CHALLENGED = "challenged", "Form sent back with the check"
        REFUSED = "refused", "Form refused"
        MAILED = "mailed", "Link sent by e-mail"
        PASSED = "passed", "Pass used"
        SOLVED = "solved", "Solution used"
        TOLD = "told", "Failure told"

    kind = models.CharField(max_length=10, choices=Kind)
    key_digest = models.CharField(max_length=32, help_text="HMAC of whose attempt it was.")
    window_start = models.DateTimeField(help_text="The minute; for marks, when they may go.")
    count = models.PositiveIntegerField(db_default=1)

    objects: ClassVar[models.Manager["AttemptCount"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key_digest", "window_start"],
                name="attempt_count_is_one_row_a_window",
            ),
        ]
        indexes = [models.Index(fields=["window_start"], name="attempt_count_old_idx")]

    def __str__(self) -> str:
        return f"{self.kind} {self.count} from {self.window_start:%H:%M}"


class CheckoutOrigin(models.Model):
    """Which browser and address opened a Checkout, for as long as its failures count.

    Apart from the donation, so that it can go after a day while the donation stays.
    """

    donation = models.OneToOneField(CardDonation, models.CASCADE, related_name="origin")
    session_digest = models.CharField(max_length=32, blank=True)
    email_digest = models.CharField(max_length=32, blank=True)
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    declined = models.PositiveIntegerField(db_default=0, help_text="Cards that were declined.")
    end_tried_at = models.DateTimeField(
        null=True, blank=True, help_text="When we asked Stripe to end it."
    )

    objects: ClassVar[models.Manager["CheckoutOrigin"]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["opened_at"], name="checkout_origin_opened_idx"),
            models.Index(
                fields=["session_digest", "opened_at"], name="checkout_origin_session_idx"
            ),
            models.Index(fields=["email_digest", "opened_at"], name="checkout_origin_email_idx"),
        ]

    def __str__(self) -> str:
        return f"origin of donation {self.donation_id}"


class CardPause(models.Model):
    """A time in which no card is taken: for one appeal, or for all. History once it has ended."""

    appeal = models.ForeignKey(
        Appeal, models.PROTECT, null=True, blank=True, help_text="None: every appeal."
    )
    paused_at = models.DateTimeField(db_default=Now(), editable=False)
    paused_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    why = models.CharField(max_length=200, blank=True, help_text="For the history, not for donors.")
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[models.Manager["CardPause"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appeal"],
                name="card_pause_stands_once",
                condition=models.Q(resumed_at__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="card_pause_is_ended_by_somebody",
                condition=models.Q(resumed_at__isnull=True, resumed_by__isnull=True)
                | models.Q(resumed_at__isnull=False, resumed_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"cards paused {self.paused_at:%d %b %Y, %H:%M}"


class ChallengeChoice(models.Model):
    """What a person decided about the check on the give form. The newest stands."""

    class Mode(models.TextChoices):
        """When donors' browsers must do a sum first."""

        AUTO = "auto", "By itself, while there is an attack"
        ON = "on", "Always on"
        OFF = "off", "Always off"

    mode = models.CharField(max_length=4, choices=Mode)
    chosen_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(db_default=Now(), editable=False)
    why = models.CharField(max_length=200, blank=True)

    objects: ClassVar[models.Manager["ChallengeChoice"]] = models.Manager()

    def __str__(self) -> str:
        return self.get_mode_display()


class Attack(models.Model):
    """An incident: from the moment that the figures were those of an attack until they were calm.

    While one stands, the check is on (unless a person chose otherwise).
    """

    class Reason(models.TextChoices):
        """What gave it away."""

        DECLINES = "declines", "Too many cards were declined"
        UNPAID = "unpaid", "Too many Checkouts were opened and not paid"
        LIMITS = "limits", "Too many forms were refused"

    reason = models.CharField(max_length=10, choices=Reason)
    began_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(help_text="When the figures were last those of an attack.")
    ended_at = models.DateTimeField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(db_default=1, help_text="How hard the sum is.")
    level_at = models.DateTimeField(help_text="Since when.")
    opened = models.PositiveIntegerField(help_text="Checkouts, from ten minutes before it.")
    declined = models.PositiveIntegerField(help_text="Cards, from ten minutes before it.")
    challenged = models.PositiveIntegerField(help_text="Forms sent back with the check.")
    refused = models.PositiveIntegerField(help_text="Forms refused outright.")
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When the operators were sent word: once."
    )
    tell_after = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager["Attack"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                name="attack_is_one_at_a_time",
                condition=models.Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="attack_has_a_level", condition=models.Q(level__gte=1, level__lte=3)
            ),
        ]
        indexes = [
            models.Index(
                fields=["tell_after"],
                name="attack_to_tell_idx",
                condition=models.Q(told_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"attack of {self.began_at:%d %b %Y, %H:%M}"
