"""Cheques that were found at a table: no cash, and no money until they clear."""

import uuid
from typing import ClassVar

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q

from funds.fields import MoneyField
from funds.models import User
from payments.models.bucket_count import Agreement
from payments.models.counting import Occasion
from payments.models.named_gift import NamedGift
from payments.models.paying_in import PayingIn


class Cheque(models.Model):
    """A cheque that lay in a bucket, as agreed; or one over the limit that was taken by name.

    It is raised when it has cleared, by its ``TransferReceipt``. Sent back before that, nothing
    was ever booked; after it, its receipt is reversed.
    """

    reference = models.UUIDField(
        unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False
    )
    agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="cheques"
    )
    gift = models.OneToOneField(
        NamedGift, models.PROTECT, null=True, blank=True, related_name="cheque"
    )
    position = models.PositiveSmallIntegerField(help_text="Which of its bucket's cheques.")
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    dated_on = models.DateField()
    returned_on = models.DateField(
        null=True, blank=True, help_text="Local date on which it went back, not having cleared."
    )
    return_reason = models.CharField(max_length=200, blank=True)
    returned_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="returned_cheques"
    )
    returned_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Cheque"]] = models.Manager()

    class Meta:
        ordering = ["agreement", "position"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "position"], name="cheque_is_listed_once"),
            models.CheckConstraint(name="cheque_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="cheque_was_in_a_bucket_or_taken_by_name",
                condition=Q(agreement__isnull=False, gift=None)
                | Q(agreement=None, gift__isnull=False),
            ),
            models.CheckConstraint(
                name="cheque_is_returned_with_day_reason_and_person",
                condition=Q(returned_at=None, returned_by=None, returned_on=None, return_reason="")
                | (
                    Q(returned_at__isnull=False, returned_by__isnull=False)
                    & Q(returned_on__isnull=False)
                    & ~Q(return_reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"cheque {self.pk}"

    @property
    def occasion(self) -> Occasion:
        """Where it was found."""
        if self.gift is not None:
            return self.gift.occasion
        assert self.agreement is not None
        return self.agreement.bucket.occasion


class PayingInCheque(models.Model):
    """One cheque on a paying-in's slip. ``undone_at`` is set with the paying-in's undoing."""

    paying_in = models.ForeignKey(PayingIn, models.PROTECT, related_name="cheque_lines")
    cheque = models.ForeignKey(Cheque, models.PROTECT, related_name="banked_lines")
    undone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["PayingInCheque"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cheque"],
                name="cheque_is_banked_once",
                condition=Q(undone_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["paying_in", "cheque"], name="paying_in_holds_a_cheque_once"
            ),
        ]

    def __str__(self) -> str:
        return f"cheque {self.cheque_id} in {self.paying_in_id}"
