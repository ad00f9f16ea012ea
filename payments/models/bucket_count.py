"""What was counted in a bucket, and what two people agreed upon of it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from funds.fields import MoneyField
from funds.models import User
from payments.models.cash import CashCollection
from payments.models.counting import Bucket, Seat


class BucketCount(models.Model):
    """What one person counted in one bucket, in one round. Blind: nobody is shown it as it is.

    ``reference`` was made on the phone, so that a sheet counts once however often it is sent.
    """

    reference = models.UUIDField(unique=True, editable=False)
    bucket = models.ForeignKey(Bucket, models.PROTECT, related_name="counts")
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="counts")
    round = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=1, choices=Seat.Side)
    counter_key = models.CharField(max_length=80)
    witness = models.CharField(max_length=60, blank=True)
    sheet = models.JSONField(help_text="As ``payments.counting.sheets`` writes it.")
    digest = models.CharField(max_length=64)
    counted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="By the phone's own clock, which may be wrong; or as it stands on the paper.",
    )
    typed_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="typed_counts",
        help_text="Who typed it in, of one that was counted on paper.",
    )
    received_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["BucketCount"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "round", "side"], name="bucket_count_is_one_of_its_side"
            ),
            models.UniqueConstraint(
                fields=["bucket", "round", "counter_key"],
                name="bucket_counts_of_a_round_are_by_different_people",
            ),
            models.CheckConstraint(
                name="bucket_count_names_its_counter", condition=~Q(counter_key="")
            ),
            models.CheckConstraint(
                name="bucket_count_from_paper_says_when",
                condition=Q(typed_by__isnull=True) | Q(counted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"count {self.pk}"  # no figure: this name comes into logs


class Agreement(models.Model):
    """What a bucket holds, as two people say: only this is booked, by its ``collection``.

    ``counted`` is all notes and coins; ``raised`` is without the float, and negative where money
    lacks. Undone with a reason it stays, and the bucket is counted anew.
    """

    class How(models.TextChoices):
        """What makes it good."""

        TWO_COUNTS = "two", "Two equal counts"
        THIRD_COUNT = "third", "A third count equal to one of the two"
        SIGNED = "signed", "A difference signed by two"
        WITNESSED = "witness", "One count and a witness"

    bucket = models.ForeignKey(Bucket, models.PROTECT, related_name="agreements")
    round = models.PositiveSmallIntegerField()
    how = models.CharField(max_length=10, choices=How)
    count = models.OneToOneField(BucketCount, models.PROTECT, related_name="agreement")
    counted = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    raised = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    collection = models.OneToOneField(
        CashCollection, models.PROTECT, null=True, blank=True, related_name="agreement"
    )
    difference_minor = models.PositiveBigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    signed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="signed_agreements"
    )
    signed_also_by = models.CharField(max_length=60, blank=True)
    agreed_at = models.DateTimeField(db_default=Now(), editable=False)
    undo_reason = models.CharField(max_length=200, blank=True)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="undone_agreements"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Agreement"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["bucket"],
                condition=Q(undone_at__isnull=True),
                name="bucket_is_agreed_once",
            ),
            models.UniqueConstraint(fields=["bucket", "round"], name="bucket_round_is_agreed_once"),
            models.CheckConstraint(
                name="agreement_is_booked_exactly_when_money_was_raised",
                condition=Q(raised__gt=0, collection__isnull=False)
                | Q(raised__lte=0, collection__isnull=True),
            ),
            models.CheckConstraint(
                name="agreement_on_a_difference_is_signed_by_two_with_a_reason",
                condition=(
                    Q(how="signed", signed_by__isnull=False, difference_minor__isnull=False)
                    & ~Q(reason="")
                    & ~Q(signed_also_by="")
                )
                | (
                    Q(how__in=["two", "third", "witness"])
                    & Q(signed_by__isnull=True, signed_also_by="", reason="")
                ),
            ),
            models.CheckConstraint(
                name="agreement_is_undone_with_reason_and_person",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True, undo_reason="")
                | (Q(undone_at__isnull=False, undone_by__isnull=False) & ~Q(undo_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"agreement {self.pk}"
