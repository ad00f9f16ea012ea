"""Cash that branches gathered, and money that came to the bank by itself."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from appeals.models import Appeal
from donors.models import Donor
from funds.fields import MoneyField
from funds.models import Branch, JournalEntry, User
from funds.money import Money


class CashCollection(models.Model):
    """Cash gathered at a place on a day, as its treasurer recorded it.

    It is never edited: a mistake is reversed in the books, with a reason, and recorded anew.
    """

    class Kind(models.TextChoices):
        """A gift into a bucket; the takings of a stall where something was given in return; subs.

        Subs are membership money: they are for no appeal, and raise none.
        """

        COLLECTION = "collection", "Collection (buckets, tins)"
        SALE = "sale", "Stall or sale"
        SUBS = "subs", "Membership subs"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    appeal = models.ForeignKey(
        Appeal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cash_collections",
        help_text="What it is for. Of subs alone there is none.",
    )
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="cash_collections")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.COLLECTION)
    collected_on = models.DateField(help_text="Local date on which it was gathered.")
    place = models.CharField(max_length=120, help_text="Place or occasion.")
    amount = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        help_text="What was counted, and is in hand.",
    )
    costs = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        default=0,
        help_text="Of a sale: what was paid out of the takings before the rest was counted.",
    )
    denominations = models.JSONField(
        default=dict,
        blank=True,
        help_text="How many of each note and coin, by face value in minor units. May be empty.",
    )
    apart = models.JSONField(
        default=dict,
        blank=True,
        help_text="How many of each withdrawn issue and other banks' note, by its line's key: "
        "they are paid in separately. May be empty.",
    )
    float_amount = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        default=0,
        help_text="Change that went out with it: counted too, and taken off the amount.",
    )
    counted_by = models.CharField(max_length=100)
    witnessed_by = models.CharField(max_length=100, blank=True)
    note = models.TextField(blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="cash_collections")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="cash_collection")
    reversal_reason = models.CharField(max_length=200, blank=True)
    reversed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="reversed_collections"
    )
    reversed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["CashCollection"]] = models.Manager()

    class Meta:
        ordering = ["-collected_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="cash_collection_amount_is_positive", condition=models.Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="cash_collection_float_is_not_negative",
                condition=models.Q(float_amount__gte=0),
            ),
            models.CheckConstraint(
                name="cash_collection_costs_are_of_a_sale",
                condition=models.Q(costs=0) | models.Q(costs__gt=0, kind="sale"),
            ),
            models.CheckConstraint(
                name="cash_collection_is_subs_or_for_an_appeal",
                condition=models.Q(kind="subs", appeal__isnull=True)
                | models.Q(kind__in=["collection", "sale"], appeal__isnull=False),
            ),
            models.CheckConstraint(
                name="cash_collection_reversal_has_reason_and_person",
                condition=models.Q(
                    reversed_at__isnull=True, reversed_by__isnull=True, reversal_reason=""
                )
                | (
                    models.Q(reversed_at__isnull=False, reversed_by__isnull=False)
                    & ~models.Q(reversal_reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place}, {self.collected_on}"

    @property
    def takings(self) -> Money:
        """What came in: what was counted, and what had been paid out of it."""
        return self.amount + self.costs


class TransferReceipt(models.Model):
    """A bank transfer or a cleared cheque to an appeal, as the national treasurer recorded it."""

    class Method(models.TextChoices):
        """How it came to the bank."""

        TRANSFER = "transfer", "Bank transfer"
        CHEQUE = "cheque", "Cheque"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="transfer_receipts")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="transfer_receipts"
    )
    method = models.CharField(max_length=10, choices=Method, default=Method.TRANSFER)
    received_on = models.DateField(
        help_text="Local date on which it reached the account; for a cheque, on which it cleared."
    )
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    bank_reference = models.CharField(
        max_length=120, help_text="The statement line's reference, or the slip and cheque number."
    )
    donor = models.OneToOneField(
        Donor, models.SET_NULL, null=True, blank=True, related_name="transfer_receipt"
    )
    cheque = models.ForeignKey(
        "payments.Cheque",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="receipts",
        help_text="Of the counting table, if it was found there.",
    )
    note = models.TextField(blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="transfer_receipts")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    entry = models.OneToOneField(JournalEntry, models.PROTECT, related_name="transfer_receipt")
    reversal_reason = models.CharField(max_length=200, blank=True)
    reversed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="reversed_receipts"
    )
    reversed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["TransferReceipt"]] = models.Manager()

    class Meta:
        ordering = ["-received_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="transfer_receipt_amount_is_positive", condition=models.Q(amount__gt=0)
            ),
            models.UniqueConstraint(
                fields=["cheque"],
                name="cheque_is_cleared_once",
                condition=models.Q(reversed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="transfer_receipt_of_a_cheque_is_a_cheque",
                condition=models.Q(cheque__isnull=True) | models.Q(method="cheque"),
            ),
            models.CheckConstraint(
                name="transfer_receipt_reversal_has_reason_and_person",
                condition=models.Q(
                    reversed_at__isnull=True, reversed_by__isnull=True, reversal_reason=""
                )
                | (
                    models.Q(reversed_at__isnull=False, reversed_by__isnull=False)
                    & ~models.Q(reversal_reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()}, {self.received_on}"
