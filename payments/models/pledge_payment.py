"""What pledges are paid by: links to what is booked elsewhere."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from funds.fields import MoneyField
from funds.models import User
from payments.models.card import CardDonation
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.counting import Bucket
from payments.models.pledge import Pledge


class PledgePayment(models.Model):
    """What a pledge is paid by, in whole or in part: a link to what is booked elsewhere.

    It books nothing. A payment into a bucket names no entry: the bucket's count has it already.
    """

    class Way(models.TextChoices):
        """By which road it came."""

        CARD = "card", "Card"
        CASH = "cash", "Cash"
        RECEIPT = "receipt", "Bank transfer, standing order or cheque"
        BUCKET = "bucket", "In a bucket"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    pledge = models.ForeignKey(Pledge, models.PROTECT, related_name="payments")
    way = models.CharField(max_length=7, choices=Way)
    amount = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        help_text="Of a card donation what was asked for; of all else the part that is this one's.",
    )
    donation = models.OneToOneField(
        CardDonation, models.PROTECT, null=True, blank=True, related_name="pledge_payment"
    )
    collection = models.ForeignKey(
        CashCollection, models.PROTECT, null=True, blank=True, related_name="pledge_payments"
    )
    receipt = models.ForeignKey(
        TransferReceipt, models.PROTECT, null=True, blank=True, related_name="pledge_payments"
    )
    bucket = models.ForeignKey(
        Bucket, models.PROTECT, null=True, blank=True, related_name="pledge_payments"
    )
    noted_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="pledge_payments",
        help_text="Empty for a card: the pledger did it.",
    )
    noted_at = models.DateTimeField(db_default=Now(), editable=False)
    undo_reason = models.CharField(max_length=200, blank=True)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="undone_pledge_payments"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["PledgePayment"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="pledge_payment_amount_is_positive", condition=Q(amount__gt=0)
            ),
            models.CheckConstraint(
                name="pledge_payment_names_what_it_came_by",
                condition=Q(
                    way="card",
                    donation__isnull=False,
                    collection=None,
                    receipt=None,
                    bucket=None,
                    noted_by=None,
                )
                | Q(way="cash", donation=None, collection__isnull=False, receipt=None, bucket=None)
                | Q(way="receipt", donation=None, collection=None, receipt__isnull=False)
                & Q(bucket=None)
                | Q(way="bucket", donation=None, collection=None, receipt=None),
            ),
            models.CheckConstraint(
                name="pledge_payment_that_a_person_noted_says_who",
                condition=Q(way="card") | Q(noted_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["pledge", "collection"],
                condition=Q(undone_at__isnull=True),
                name="collection_pays_a_pledge_once",
            ),
            models.UniqueConstraint(
                fields=["pledge", "receipt"],
                condition=Q(undone_at__isnull=True),
                name="receipt_pays_a_pledge_once",
            ),
            models.CheckConstraint(
                name="pledge_payment_is_undone_with_reason_and_person",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True, undo_reason="")
                | (
                    Q(undone_at__isnull=False, undone_by__isnull=False)
                    & ~Q(undo_reason="")
                    & ~Q(way="card")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk} of a pledge"
