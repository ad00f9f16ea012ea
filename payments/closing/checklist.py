"""What is still open in a period before it is closed: warnings, never an obstacle.

Stripe's facts and offline sheets may always come late; they are then booked in the next period.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse

from appeals.templatetags.money import money
from funds.money import Money, zero
from funds.organisation import read_organisation
from payments.balance.windows import read_frontier
from payments.banking.records import open_lines
from payments.models import (
    BalanceLine,
    Bucket,
    CashCollection,
    Occasion,
    PayingIn,
    RefundOrder,
    StatementLine,
    StatementMatch,
    TwoPersonAct,
    WebhookEvent,
)
from payments.paying_in_records import is_in_hand
from payments.recording import say_day

_DIFFERS: Final = [Bucket.State.RECOUNT, Bucket.State.DISPUTED]
_SETTLED: Final = [Bucket.State.AGREED, Bucket.State.SET_ASIDE]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something that is not finished: in words, and where to finish it."""

    text: str
    url: str


def read_open_items(until: date) -> list[OpenItem]:
    """What is still open of a period that ends on ``until``, and of earlier ones."""
    return [item for check in _CHECKS for item in check(until)]


def _cash_in_hand(until: date) -> Iterator[OpenItem]:
    in_hand = CashCollection.objects.filter(is_in_hand(), collected_on__lte=until)
    sums: dict[str, list[Money]] = {}
    count = 0
    for one in in_hand.only("amount", "amount_currency"):
        sums.setdefault(one.amount.currency.code, []).append(one.amount)
        count += 1
    if count:
        amounts = " and ".join(money(sum(told, zero(code))) for code, told in sorted(sums.items()))
        yield OpenItem(
            f"{_some(count, 'collection')}, {amounts}, counted and not yet banked",
            reverse("payments:paying-in-new"),
        )


def _buckets(until: date) -> Iterator[OpenItem]:
    on_tables = Bucket.objects.filter(
        occasion__held_on__lte=until,
        occasion__state__in=[Occasion.State.OPEN, Occasion.State.COUNTING],
    )
    where = reverse("payments:occasions")
    differing = on_tables.filter(state__in=_DIFFERS).count()
    if differing:
        yield OpenItem(f"{_some(differing, 'bucket')} whose counts differ", where)
    counting = on_tables.exclude(state__in=[*_SETTLED, *_DIFFERS]).count()
    if counting:
        yield OpenItem(f"{_some(counting, 'bucket')} out, or being counted", where)


def _bank(until: date) -> Iterator[OpenItem]:
    confirmed = StatementMatch.objects.filter(
        paying_in__isnull=False, confirmed_at__isnull=False, undone_at__isnull=True
    ).values("paying_in")
    waiting = PayingIn.objects.filter(reversed_at__isnull=True, paid_in_on__lte=until)
    count = waiting.exclude(pk__in=confirmed).count()
    if count:
        yield OpenItem(
            f"{_some(count, 'paying-in', 'payings-in')} not found on the bank's statement yet",
            reverse("payments:payings-in"),
        )
    lines = StatementLine.objects.filter(open_lines(), booked_on__lte=until).count()
    if lines:
        yield OpenItem(
            f"{_some(lines, 'line')} of the bank's statement not explained yet",
            reverse("payments:bank-lines"),
        )


def _stripe(until: date) -> Iterator[OpenItem]:
    waits = WebhookEvent.objects.filter(
        processed_at__isnull=True, received_at__lt=_end_of(until)
    ).count()
    if waits:
        yield OpenItem(
            f"{_some(waits, 'event')} of Stripe's not booked yet", reverse("payments:till")
        )
    lines = BalanceLine.objects.filter(booked_at__isnull=True, occurred_on__lte=until).count()
    if lines:
        yield OpenItem(
            f"{_some(lines, 'line')} of Stripe's balance not booked yet",
            reverse("payments:reconciliation"),
        )
    end, read_until = _end_of(until), read_frontier()
    if read_until is not None and read_until < end:
        day = read_until.astimezone(end.tzinfo).date()
        yield OpenItem(
            f"Stripe's balance is only read up to {say_day(day)}",
            reverse("payments:reconciliation"),
        )


def _second_persons(_until: date) -> Iterator[OpenItem]:
    both = [TwoPersonAct.Kind.CLOSE, TwoPersonAct.Kind.REOPEN]
    acts = TwoPersonAct.objects.filter(~Q(kind__in=both), decision="").count()
    if acts:
        yield OpenItem(
            f"{_some(acts, 'reversal')} waiting for a second person",
            reverse("payments:second-person"),
        )
    refunds = RefundOrder.objects.filter(decision="").count()
    if refunds:
        yield OpenItem(
            f"{_some(refunds, 'refund')} waiting for a second person", reverse("payments:refunds")
        )


def _end_of(day: date) -> datetime:
    """When a day ends, by the organisation's clock."""
    zone = ZoneInfo(read_organisation().time_zone)
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)


def _some(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or f'{one}s'}"


_CHECKS: Final[tuple[Callable[[date], Iterator[OpenItem]], ...]] = (
    _cash_in_hand,
    _buckets,
    _bank,
    _stripe,
    _second_persons,
)
