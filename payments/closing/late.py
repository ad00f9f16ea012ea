"""What arrived after its own period was closed, and so stands in a later one."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from funds.models import JournalEntry, PeriodClose, Posting
from funds.money import Money, from_minor
from payments.periods import quarter_of

MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class LateFact:
    """One entry that came late: its own date, and which closed period that lay in."""

    entry: JournalEntry
    own_period: str
    amounts: list[Money]


@dataclass(frozen=True, slots=True)
class LateFacts:
    """How many came late in all, and the first of them by their own dates."""

    count: int
    shown: list[LateFact]


def late_entries(since: date, until: date) -> QuerySet[JournalEntry]:
    """Entries that stand in a period, and whose own date lies in a closed one before it."""
    return JournalEntry.objects.filter(booked_on__gte=since, booked_on__lte=until)


def read_late(since: date, until: date) -> LateFacts:
    """What arrived late for earlier periods and was booked in this one; four queries."""
    entries = late_entries(since, until)
    shown = list(entries.order_by("occurred_on", "pk")[:MOST_SHOWN])
    closes = list(PeriodClose.objects.order_by("pk"))
    amounts: dict[int, list[Money]] = {}
    sums = (
        Posting.objects.filter(entry__in=shown, side=Posting.Side.DEBIT)
        .values_list("entry_id", "account__currency")
        .annotate(sum=Coalesce(Sum("amount_minor"), 0))
        .order_by()
    )
    for entry_id, currency, minor in sums:
        amounts.setdefault(entry_id, []).append(from_minor(minor, currency))
    return LateFacts(
        entries.count(),
        [
            LateFact(entry, _period_of(entry.occurred_on, closes), amounts.get(entry.pk, []))
            for entry in shown
        ],
    )


def _period_of(day: date, closes: list[PeriodClose]) -> str:
    """The closed period that a day lies in, by its own name; else the quarter."""
    own = [close.name for close in closes if close.since <= day <= close.until]
    return own[-1] if own else quarter_of(day).name
