"""Letters to donors: what is to be sent, what was, and what could not be."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from payments.models.card import CardDonation, CardRefund
from payments.models.pledge import Pledge

_IS_DUE = models.Q(ended_at__isnull=True, claimed_at__isnull=True, put_aside_at__isnull=True)


class Letter(models.Model):
    """One e-mail about one fact, written with the booking and sent after it.

    It holds neither address nor text: both are looked up when it is sent, so that who is erased
    gets none. ``claimed_at`` is set just before it leaves. A letter that was claimed and of which
    nothing more is known may have arrived: it is put aside for a person and never sent again by
    itself.
    """

    class Kind(models.TextChoices):
        """What it tells."""

        THANKS = "thanks", "Thanks and receipt"
        REFUNDED = "refunded", "Refund"
        REFUND_FAILED = "refund-failed", "Refund that failed"
        PLEDGE = "pledge", "A pledge and how to pay it"
        PLEDGE_REMINDER = "pledge-remind", "The one reminder of a pledge"

    class Outcome(models.TextChoices):
        """How it ended."""

        SENT = "sent", "Sent"
        NO_ADDRESS = "no-address", "No address any more"

    key = models.CharField(
        max_length=300, unique=True, help_text="Names the fact: one letter each."
    )
    reference = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False, help_text="Of its Message-ID."
    )
    kind = models.CharField(max_length=15, choices=Kind)
    donation = models.ForeignKey(
        CardDonation, models.PROTECT, null=True, blank=True, related_name="letters"
    )
    pledge = models.ForeignKey(
        Pledge, models.PROTECT, null=True, blank=True, related_name="letters"
    )
    refund = models.ForeignKey(
        CardRefund, models.PROTECT, null=True, blank=True, related_name="letters"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    attempts = models.PositiveIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, db_default="")
    put_aside_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it waits for a person, and is not retried."
    )
    last_error = models.TextField(blank=True, db_default="")

    objects: ClassVar[models.Manager["Letter"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="letter_has_ended_with_an_outcome",
                condition=models.Q(ended_at__isnull=True, outcome="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(outcome="")),
            ),
            models.CheckConstraint(
                name="letter_about_a_refund_names_it",
                condition=models.Q(
                    kind__in=["thanks", "pledge", "pledge-remind"], refund__isnull=True
                )
                | models.Q(kind__in=["refunded", "refund-failed"], refund__isnull=False),
            ),
            models.CheckConstraint(
                name="letter_is_about_a_donation_or_a_pledge",
                condition=models.Q(
                    kind__in=["pledge", "pledge-remind"], pledge__isnull=False, donation=None
                )
                | (
                    ~models.Q(kind__in=["pledge", "pledge-remind"])
                    & models.Q(pledge=None, donation__isnull=False)
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="letter_due_idx", condition=_IS_DUE),
            models.Index(
                fields=["claimed_at"],
                name="letter_under_way_idx",
                condition=models.Q(
                    ended_at__isnull=True, put_aside_at__isnull=True, claimed_at__isnull=False
                ),
            ),
            models.Index(
                fields=["put_aside_at"],
                name="letter_put_aside_idx",
                condition=models.Q(put_aside_at__isnull=False, ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"letter {self.reference}"
