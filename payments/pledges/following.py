"""Following what pledges are paid by: the one writer of what came for them.

A pledge books nothing. Whoever books a payment, takes one back or pays one out again calls this in
the same transaction, so that what is still owed, and what the window shows, is never behind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from django.db import transaction
from django.db.models import Q

from funds.money import Money
from payments.card_records import visible_card_donations
from payments.models import CardDonation, CashCollection, Pledge, PledgePayment, TransferReceipt
from payments.pledges.window import tell_window

Way = PledgePayment.Way
Paid: TypeAlias = CashCollection | TransferReceipt

_NOTHING: Final = Decimal(0)


@dataclass(slots=True)
class Came:
    """In the pledge's currency: what came and stayed, and what a bank has on its way."""

    came: Decimal = _NOTHING
    on_its_way: Decimal = _NOTHING


def follow_donations(donations: Iterable[int]) -> None:
    """After card donations were booked, paid back or disputed, by their ids; mostly one query."""
    follow(
        PledgePayment.objects.filter(donation__in=set(donations)).values_list(
            "pledge_id", flat=True
        )
    )


def follow_record(record: Paid) -> None:
    """After a collection or a receipt was taken back."""
    of_record = Q(collection=record) if isinstance(record, CashCollection) else Q(receipt=record)
    follow(PledgePayment.objects.filter(of_record).values_list("pledge_id", flat=True))


@transaction.atomic
def follow(pledge_ids: Iterable[int]) -> None:
    """Write anew what came for these pledges, and tell the window."""
    wanted = set(pledge_ids)
    if not wanted:
        return
    pledges = list(
        Pledge.objects.select_for_update(of=("self",))
        .select_related("appeal", "branch")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    came = read_came(wanted)
    for pledge in pledges:
        currency, told = pledge.amount.currency.code, came.get(pledge.pk, Came())
        now = (Money(told.came, currency), Money(told.on_its_way, currency))
        if now != (pledge.came, pledge.on_its_way):
            pledge.came, pledge.on_its_way = now
            pledge.save(update_fields=["came", "on_its_way"])
        tell_window(pledge)


def read_came(pledge_ids: Iterable[int]) -> Mapping[int, Came]:
    """What the payments of pledges brought, by the pledges' ids: two queries."""
    payments = list(
        PledgePayment.objects.filter(pledge__in=set(pledge_ids), undone_at=None).select_related(
            "collection", "receipt"
        )
    )
    found: dict[int, Came] = {}
    donations = {
        donation.pk: donation
        for donation in visible_card_donations().filter(
            pk__in={one.donation_id for one in payments if one.donation_id}
        )
    }
    for one in payments:
        came = found.setdefault(one.pledge_id, Came())
        if one.donation_id is not None:
            _add_card(came, donations[one.donation_id])
        elif not any(paid and paid.reversed_at for paid in (one.collection, one.receipt)):
            came.came += one.amount.amount
    return found


def _add_card(came: Came, donation: CardDonation) -> None:
    if donation.received_entry_id is not None:
        gone: Decimal = donation.given_back + donation.taken  # type: ignore[attr-defined]
        came.came += max(_NOTHING, donation.amount.amount - gone)
    elif donation.processing_at is not None:
        came.on_its_way += donation.amount.amount
