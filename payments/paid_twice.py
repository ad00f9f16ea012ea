"""Donations that were paid more than once: finding them, and noting that a donor meant it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from funds.models import User
from funds.money import Money, zero
from payments.models import CardDonation

MOST: Final = 200
"""So many are looked at, the latest. It is rare."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One of the payments of a donation, and what of it is still here."""

    donation: CardDonation
    paid_on: date
    kept: Money

    @property
    def is_back(self) -> bool:
        """Whether nothing of it is here any more."""
        return bool(self.kept <= zero(self.kept.currency.code))


@dataclass(frozen=True, slots=True)
class PaidTwice:
    """A donation with all its payments, in the order of their days. ``kept`` is what is here."""

    donation: CardDonation
    payments: list[Payment]
    kept: Money
    is_meant: bool

    @property
    def latest_here(self) -> Payment | None:
        """The last payment of which something is here: the one to pay back."""
        return next((one for one in reversed(self.payments) if not one.is_back), None)

    @property
    def is_open(self) -> bool:
        """Whether more is here than the donor agreed to, and nobody has said that it was meant."""
        return bool(self.kept > self.donation.amount) and not self.is_meant


def read_paid_twice() -> list[PaidTwice]:
    """Donations that were paid again, those that a person must see to first; the latest on top."""
    came = {"received_entry__isnull": False, "again_of__received_entry__isnull": False}
    seconds = list(_payments().filter(**came).order_by("-pk")[:MOST])
    first_ids = list(dict.fromkeys(second.again_of_id for second in seconds))
    firsts = _payments().in_bulk([first_id for first_id in first_ids if first_id])
    by_first: defaultdict[int | None, list[CardDonation]] = defaultdict(list)
    for second in seconds:
        by_first[second.again_of_id].append(second)
    found = [_paid_twice(firsts[pk], by_first[pk]) for pk in first_ids if pk]
    return sorted(found, key=lambda one: not one.is_open)


def count_open() -> int:
    """How many a person must see to."""
    return sum(one.is_open for one in read_paid_twice())


def is_paid_twice(donation: CardDonation) -> bool:
    """Whether it is one of several payments of one donation."""
    return donation.again_of_id is not None or donation.again.exists()


def second_payments() -> QuerySet[CardDonation]:
    """The rows of payments that came for a donation that was paid before."""
    return CardDonation.objects.filter(again_of__isnull=False)


def note_meant(donation: CardDonation, *, noted_by: User) -> None:
    """Note that the donor meant to give again: nobody need pay it back. Noted once."""
    second_payments().filter(pk=donation.pk, meant_at__isnull=True).update(
        meant_at=timezone.now(), meant_by=noted_by
    )


def _payments() -> QuerySet[CardDonation]:
    return CardDonation.objects.select_related(
        "appeal", "branch", "received_entry"
    ).prefetch_related("refunds__entry__reversed_by", "disputes__movements")


def _paid_twice(first: CardDonation, seconds: list[CardDonation]) -> PaidTwice:
    payments = [_payment(donation) for donation in (first, *seconds)]
    return PaidTwice(
        donation=first,
        payments=sorted(payments, key=lambda one: (one.paid_on, one.donation.pk)),
        kept=sum((payment.kept for payment in payments), zero(first.amount.currency.code)),
        is_meant=all(second.meant_at is not None for second in seconds),
    )


def _payment(donation: CardDonation) -> Payment:
    assert donation.received_entry is not None  # as every reader here asks
    kept = donation.amount
    for refund in donation.refunds.all():
        if not hasattr(refund.entry, "reversed_by"):
            kept -= refund.amount
    for dispute in donation.disputes.all():
        for movement in dispute.movements.all():
            kept -= movement.taken
    return Payment(donation, donation.received_entry.occurred_on, kept)
