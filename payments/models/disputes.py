"""Disputes: a donor's bank takes a payment back, or asks about it, and decides in the end."""

from typing import ClassVar, Final

from django.db import models

from funds.fields import MoneyField
from funds.models import JournalEntry
from funds.money import Money
from payments.models.card import CardDonation


class CardDispute(models.Model):
    """A bank's dispute of a card donation, as Stripe last told of it.

    What it moved is in the books and in its ``movements``; the rest is for the person who answers
    it. ``told_at`` is of the newest state, whatever is told later of an older one.
    """

    class Status(models.TextChoices):
        """Stripe's words. What begins with ``warning`` is an inquiry, which moves no money."""

        WARNING_NEEDS_RESPONSE = "warning_needs_response", "Inquiry: answer it"
        WARNING_UNDER_REVIEW = "warning_under_review", "Inquiry: answered"
        WARNING_CLOSED = "warning_closed", "Inquiry closed"
        NEEDS_RESPONSE = "needs_response", "Answer it"
        UNDER_REVIEW = "under_review", "Answered: the bank decides"
        PREVENTED = "prevented", "Prevented"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    OPEN: Final = (
        Status.WARNING_NEEDS_RESPONSE,
        Status.WARNING_UNDER_REVIEW,
        Status.NEEDS_RESPONSE,
        Status.UNDER_REVIEW,
    )
    UNANSWERED: Final = (Status.WARNING_NEEDS_RESPONSE, Status.NEEDS_RESPONSE)

    stripe_id = models.CharField(max_length=255, unique=True)
    donation = models.ForeignKey(CardDonation, models.PROTECT, related_name="disputes")
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    reason = models.CharField(max_length=50, help_text="Stripe's word for what the bank says.")
    status = models.CharField(max_length=25, choices=Status)
    evidence_due_by = models.DateTimeField(
        null=True, blank=True, help_text="Until when it can be answered; empty: it cannot be."
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When we were first told how it ended."
    )
    told_at = models.DateTimeField(help_text="When the state that stands here was told.")

    objects: ClassVar[models.Manager["CardDispute"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="card_dispute_status_is_known",
                condition=models.Q(
                    status__in=[
                        "warning_needs_response",
                        "warning_under_review",
                        "warning_closed",
                        "needs_response",
                        "under_review",
                        "prevented",
                        "won",
                        "lost",
                    ]
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["told_at"],
                name="card_dispute_open_idx",
                condition=models.Q(closed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def is_open(self) -> bool:
        """Whether it is not decided yet."""
        return self.status in self.OPEN

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks so far: nothing is taken."""
        return self.status.startswith("warning_")


class CardDisputeMovement(models.Model):
    """A line of Stripe's balance by which a dispute took money, or brought it back.

    ``amount`` is positive, without Stripe's fee. ``entry`` is the withdrawal, or the reversal of
    it. ``kept_entry`` is what of a withdrawal did not come back.
    """

    class Way(models.TextChoices):
        """Out of what Stripe holds for us, or back into it."""

        WITHDRAWN = "withdrawn"
        RETURNED = "returned"

    stripe_id = models.CharField(
        max_length=255, unique=True, help_text="Of the balance transaction."
    )
    dispute = models.ForeignKey(CardDispute, models.PROTECT, related_name="movements")
    way = models.CharField(max_length=10, choices=Way)
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="card_dispute_movement")
    kept_entry = models.OneToOneField(
        JournalEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="card_dispute_movement_kept",
    )

    objects: ClassVar[models.Manager["CardDisputeMovement"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="card_dispute_movement_amount_is_positive", condition=models.Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="card_dispute_movement_way_is_known",
                condition=models.Q(way__in=["withdrawn", "returned"]),
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def taken(self) -> Money:
        """What it took; less than nothing when it brought something back."""
        return self.amount if self.way == self.Way.WITHDRAWN else -self.amount
