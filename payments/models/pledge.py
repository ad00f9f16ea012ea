"""Pledges: what was called from the floor, line by line, and what came of each promise.

A pledge is no money. What came for it is in the books, by the card donation, the collection or the
receipt that its ``PledgePayment`` names.
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from appeals.models import Appeal
from donors.models import Donor
from funds.fields import MoneyField
from funds.models import Branch, User
from funds.money import Money, zero


class PledgeList(models.Model):
    """What one typist hears in one round of calling, from the first line to the last.

    The record's lines are pledges. The check's are compared with them and are nothing else.
    """

    class Side(models.TextChoices):
        """Whether its lines are pledges, or the second pair of ears."""

        RECORD = "record", "The record"
        CHECK = "check", "The check"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="pledge_lists")
    round = models.PositiveSmallIntegerField(
        help_text="Of the appeal's rounds of calling, from 1: a record, and a check or none."
    )
    side = models.CharField(max_length=6, choices=Side)
    typist = models.ForeignKey(User, models.PROTECT, related_name="pledge_lists")
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="closed_pledge_lists"
    )

    objects: ClassVar[models.Manager["PledgeList"]] = models.Manager()

    class Meta:
        ordering = ["-round", "side"]
        constraints = [
            models.UniqueConstraint(
                fields=["appeal", "round", "side"], name="pledge_list_is_one_of_its_side"
            ),
            models.UniqueConstraint(
                fields=["appeal", "round", "typist"],
                name="pledge_lists_of_a_round_are_by_different_people",
            ),
            models.CheckConstraint(
                name="pledge_list_side_is_known", condition=Q(side__in=["record", "check"])
            ),
            models.CheckConstraint(name="pledge_list_round_is_positive", condition=Q(round__gt=0)),
            models.CheckConstraint(
                name="pledge_list_is_closed_by_a_person",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.round}, {self.get_side_display().lower()}"

    @property
    def is_open(self) -> bool:
        """Whether lines are still taken."""
        return self.closed_at is None


class Method(models.TextChoices):
    """How the person who called it means to pay. What they did is told by the payments."""

    PROMISE = "promise", "Promise"
    CASH = "cash", "Cash"
    CHEQUE = "cheque", "Cheque"
    CARD = "card", "Card"
    STANDING = "standing", "Standing order"


class CalledLine(models.Model):
    """One amount that was called: one person's.

    A line that was typed in error is struck, with a reason among the steps, and stays.
    """

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    list = models.ForeignKey(PledgeList, models.PROTECT, related_name="%(class)s_lines")
    entry = models.UUIDField(
        editable=False, help_text="Of what was typed or tapped at once, as the device named it."
    )
    place = models.PositiveSmallIntegerField(editable=False, help_text="In its entry, from 0.")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="%(class)s_lines"
    )
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    method = models.CharField(max_length=8, choices=Method, default=Method.PROMISE)
    taken_by = models.ForeignKey(User, models.PROTECT, related_name="%(class)s_lines")
    taken_at = models.DateTimeField(db_default=Now(), editable=False)
    struck_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was taken back as an error of typing."
    )

    class Meta:
        abstract = True
        ordering = ["pk"]

    @property
    def is_struck(self) -> bool:
        """Typed in error: it was never called."""
        return self.struck_at is not None


class Pledge(CalledLine):
    """A promise of money to an appeal, from the call to the payment. It is never raised.

    ``came`` and ``on_its_way`` are what its payments brought when they were last followed, in the
    transaction that booked them: ``audit_books`` proves them against the books.
    """

    class State(models.TextChoices):
        """How it stands; derived from the columns below."""

        OPEN = "open", "Open"
        PART_PAID = "part-paid", "Part-paid"
        PAID = "paid", "Paid"
        LAPSED = "lapsed", "Lapsed"
        CANCELLED = "cancelled", "Cancelled"
        STRUCK = "struck", "Struck"

    code = models.CharField(
        max_length=12, unique=True, editable=False, help_text="The key of its own page."
    )
    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="pledges")
    donor = models.OneToOneField(
        Donor, models.SET_NULL, null=True, blank=True, related_name="pledge"
    )
    due_on = models.DateField(help_text="Local date by which it was asked for.")
    came = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP", default=0)
    on_its_way = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP", default=0)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(
        null=True, blank=True, help_text="When its one reminder was written down to be sent."
    )

    objects: ClassVar[models.Manager["Pledge"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "place"], name="pledge_counts_once"),
            models.CheckConstraint(name="pledge_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="pledge_came_is_not_negative", condition=Q(came__gte=0, on_its_way__gte=0)
            ),
            models.CheckConstraint(
                name="pledge_method_is_known",
                condition=Q(method__in=["promise", "cash", "cheque", "card", "standing"]),
            ),
            models.CheckConstraint(name="pledge_code_is_given", condition=~Q(code="")),
        ]
        indexes = [
            models.Index(fields=["appeal", "-taken_at"], name="pledge_of_appeal_idx"),
            models.Index(
                fields=["due_on"],
                name="pledge_owed_idx",
                condition=Q(
                    came__lt=F("amount"),
                    struck_at__isnull=True,
                    cancelled_at__isnull=True,
                    lapsed_at__isnull=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"pledge {self.reference}"  # no code: it is a key, and this comes into logs

    @property
    def state(self) -> "Pledge.State":
        """How it stands. What is paid in full is paid, whatever was said of it before."""
        if self.is_struck:
            return self.State.STRUCK
        if self.came >= self.amount:
            return self.State.PAID
        if self.cancelled_at is not None:
            return self.State.CANCELLED
        if self.lapsed_at is not None:
            return self.State.LAPSED
        return self.State.PART_PAID if self.came else self.State.OPEN

    @property
    def still_owed(self) -> Money:
        """What is promised and has not come; nothing of one that is over."""
        nothing = zero(self.amount.currency.code)
        if self.state not in {self.State.OPEN, self.State.PART_PAID}:
            return nothing
        return max(nothing, self.amount - self.came)

    @property
    def promised(self) -> Money:
        """What the shop window shows as pledged: owed, less what a bank has on its way already."""
        return max(zero(self.amount.currency.code), self.still_owed - self.on_its_way)

    @property
    def over_paid(self) -> Money:
        """By how much more came than was promised."""
        return max(zero(self.amount.currency.code), self.came - self.amount)
