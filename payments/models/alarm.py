"""What an operator must hear of, and messages that were refused at the door."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Alarm(models.Model):
    """A state that needs a person, from when it was first seen until it was over."""

    class Kind(models.TextChoices):
        """What is wrong."""

        INBOX = "inbox", "Events wait too long"
        PUT_ASIDE = "put-aside", "Events were put aside for a person"
        SILENCE = "silence", "Stripe's webhooks do not arrive"
        REFUSED = "refused", "Messages of another Stripe account or mode"
        LETTERS = "letters", "Letters to donors are not sent"
        SWEEP = "sweep", "Stripe was not asked for a long time"

    kind = models.CharField(max_length=20, choices=Kind)
    detail = models.TextField(help_text="What was seen last, and what to do. No personal data.")
    since = models.DateTimeField(db_default=Now(), editable=False)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When operators were last written to."
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Alarm"]] = models.Manager()

    class Meta:
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                name="alarm_is_open_once_for_each_kind",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Refusal(models.Model):
    """How many messages were refused for a reason on a day (UTC).

    Only of those that our own secret signed, so that no stranger can make it grow.
    """

    reason = models.CharField(max_length=20)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reason", "day"], name="refusal_is_counted_once_for_each_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.day}"
