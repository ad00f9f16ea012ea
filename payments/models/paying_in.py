"""Cash on its way from the table to the bank: what was paid in together, with one slip."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from funds.fields import MoneyField
from funds.models import JournalEntry, User
from payments.models.cash import CashCollection


class PayingIn(models.Model):
    """Counted bags that were paid in at the bank together.

    It is never edited: a mistake is undone in the books, with a reason, and its collections are
    in hand again.
    """

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    slip_number = models.CharField(max_length=40, help_text="As on the bank's paying-in slip.")
    bag_numbers = models.CharField(
        max_length=200, blank=True, help_text="Of the sealed bags, if they have numbers."
    )
    paid_in_on = models.DateField(help_text="Local date on which it was handed to the bank.")
    paid_in_by = models.CharField(max_length=100)
    paid_in_with = models.CharField(max_length=100, blank=True)
    amount = MoneyField(
        max_digits=14, decimal_places=2, default_currency="GBP", help_text="The cash."
    )
    note = models.TextField(blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="payings_in")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    cheques_amount = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        default=0,
        help_text="Of the cheques on the slip: they are booked one by one, when they have cleared.",
    )
    entry = models.OneToOneField(
        JournalEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="paying_in",
        help_text="Of the cash; none on a slip of cheques alone.",
    )
    reversal_reason = models.CharField(max_length=200, blank=True)
    reversed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="reversed_payings_in"
    )
    reversed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["PayingIn"]] = models.Manager()

    class Meta:
        ordering = ["-paid_in_on", "-pk"]
        verbose_name_plural = "payings-in"
        constraints = [
            models.CheckConstraint(
                name="paying_in_holds_cash_that_is_booked_or_cheques",
                condition=Q(amount__gt=0, entry__isnull=False, cheques_amount__gte=0)
                | Q(amount=0, entry__isnull=True, cheques_amount__gt=0),
            ),
            models.CheckConstraint(
                name="paying_in_has_a_slip_number", condition=~Q(slip_number="")
            ),
            models.CheckConstraint(
                name="paying_in_reversal_has_reason_and_person",
                condition=Q(reversed_at__isnull=True, reversed_by__isnull=True, reversal_reason="")
                | (
                    Q(reversed_at__isnull=False, reversed_by__isnull=False) & ~Q(reversal_reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Slip {self.slip_number}, {self.paid_in_on}"


class PayingInLine(models.Model):
    """One collection in a paying-in. ``undone_at`` is set with the paying-in's reversal."""

    paying_in = models.ForeignKey(PayingIn, models.PROTECT, related_name="lines")
    collection = models.ForeignKey(CashCollection, models.PROTECT, related_name="banked_lines")
    undone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["PayingInLine"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection"],
                name="collection_is_banked_once",
                condition=Q(undone_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["paying_in", "collection"], name="paying_in_holds_a_collection_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id} in {self.paying_in_id}"


class CashNudge(models.Model):
    """That a treasurer was written to about a collection which is still in hand: once a step."""

    collection = models.ForeignKey(CashCollection, models.CASCADE, related_name="nudges")
    after_days = models.PositiveSmallIntegerField(help_text="Working days: which step it was.")
    sent_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["CashNudge"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "after_days"], name="cash_nudge_is_sent_once_a_step"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id} after {self.after_days} working days"
