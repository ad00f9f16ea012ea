"""The published figure against today's books, line by line, and why it is another figure now.

The night's own figure is kept by the night and never changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q

from appeals.models import Night
from appeals.progress import read_reading
from appeals.stage.nights import read_published
from funds.money import Money, zero
from funds.organisation import local_date, read_organisation
from payments.models import CashCollection, StatementMatch
from payments.night.movements import Entry, Movement, Sort, read_movements, read_raised_at_end
from payments.night.promised import Promised, read_promised

_WORDS: Final = {
    Sort.REFUND: "Card donations paid back since",
    Sort.DISPUTE: "Card donations that banks took back, or gave back again",
    Sort.CORRECTION: "Counts and receipts taken back since, to be counted or recorded anew",
    Sort.LATE: "Gathered that night, and counted or recorded after it had ended",
    Sort.LATE_CARD: "Given by card that night, and booked after it had ended",
    Sort.PLEDGE: "Pledges of that night that were paid since",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One reason why the figure is another now. ``entries`` are the newest of ``count``."""

    key: str
    what: str
    amount: Money
    note: str = ""
    count: int = 0
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """``published`` and ``lines`` come to ``today``, but for ``remainder``: which is nothing.

    ``published`` is what the hall saw last: raised, and promised where that was shown. ``today`` is
    read from the books and the pledges apart from the lines.
    ``beside`` are facts that a treasurer looks for here and that are no part of the figure.
    """

    raised: Money
    promised: Money | None
    lines: list[RecordLine]
    today_raised: Money
    today_promised: Money | None
    later: Money
    beside: list[RecordLine]

    @property
    def published(self) -> Money:
        """What was said that night, in all."""
        return self.raised + self.promised if self.promised else self.raised

    @property
    def today(self) -> Money:
        """What that night's figure is by today's books."""
        return self.today_raised + self.today_promised if self.today_promised else self.today_raised

    @property
    def remainder(self) -> Money:
        """What no line explains."""
        listed = sum((line.amount for line in self.lines), self.published)
        return self.today - listed


def reconcile(night: Night, *, most: int) -> Reconciled:
    """A night that has ended, against the books now. ``most`` entries of each line are read."""
    currency = night.appeal.currency
    published = read_published(night)
    promised = _shown_promised(night)
    movements = read_movements(night, most=most)
    later = movements[Sort.LATER].amount if Sort.LATER in movements else zero(currency)
    at_end = read_raised_at_end(night)
    lines = [
        RecordLine(
            key="held",
            what="What came in while the hall saw a figure that was held",
            amount=published.true - published.shown,
        ),
        RecordLine(
            key="moment",
            what="Booked in the very moment in which the night was ended",
            amount=at_end - published.true,
        ),
        *_movement_lines(movements),
    ]
    traced = read_promised(night) if promised is not None else None
    if promised is not None and traced is not None:
        lines += _promised_lines(promised, traced)
    return Reconciled(
        raised=published.shown,
        promised=promised,
        lines=[line for line in lines if line.amount or line.count],
        today_raised=read_reading(night.appeal).raised - later,
        today_promised=traced.still if traced else None,
        later=later,
        beside=_beside(night),
    )


def _movement_lines(movements: dict[Sort, Movement]) -> Iterable[RecordLine]:
    for sort, what in _WORDS.items():
        if movement := movements.get(sort):
            yield RecordLine(
                key=sort.value,
                what=what,
                amount=movement.amount,
                count=movement.count,
                entries=movement.entries,
            )


def _promised_lines(published: Money, traced: Promised) -> Iterable[RecordLine]:
    yield RecordLine(
        key="promised-paid",
        what="No longer promised: it was paid",
        amount=-traced.paid,
        note="Of pledges this stands among what was raised, in the line of pledges paid.",
    )
    yield RecordLine(
        key="promised-over",
        what="Promised, and lapsed, cancelled, struck or failed since",
        amount=-traced.over,
    )
    yield RecordLine(
        key="promised-other",
        what="Promised in the figure shown, and not traced to a pledge or a payment on its way",
        amount=traced.at_end - published,
        note="A figure that was held, or a promise that was changed since.",
    )


def _shown_promised(night: Night) -> Money | None:
    kept: dict[str, Any] = night.published or {}
    promised = kept["shown"]["hall"]["layers"]["promised"]
    return Money(Decimal(promised["amount"]), promised["currency"]) if promised else None


def _beside(night: Night) -> list[RecordLine]:
    """What the bank counted otherwise of that night's cash: it lies in over-and-short."""
    organisation = read_organisation()
    assert night.ended_at is not None
    gathered = [local_date(moment, organisation) for moment in (night.begun_at, night.ended_at)]
    of_the_night = CashCollection.objects.filter(
        Q(entry__posted_at__gt=night.begun_at, entry__posted_at__lte=night.ended_at)
        | Q(collected_on__range=gathered),
        appeal=night.appeal,
    )
    matches = (
        StatementMatch.objects.filter(
            paying_in__lines__collection__in=of_the_night,
            difference_entry__isnull=False,
            undone_at__isnull=True,
        )
        .select_related("difference_entry", "line__account")
        .distinct()
        .order_by("pk")
    )
    found = [(match.difference, match.difference_entry) for match in matches]
    if not found:
        return []
    total = sum((amount for amount, _ in found), zero(night.appeal.currency))
    entries = [
        Entry(one.pk, one.kind, one.occurred_on, one.posted_at, one.memo, amount)
        for amount, one in found
        if one is not None
    ]
    return [
        RecordLine(
            key="bank",
            what="The bank counted otherwise what holds cash of that night",
            amount=total,
            note="It stands under over and short, and is no part of what was raised.",
            count=len(entries),
            entries=entries,
        )
    ]
