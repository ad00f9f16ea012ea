"""Lists behind the figures of the reconciliation: lines, entries, payouts, page by page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, overload

from django.db.models import Count, Q, QuerySet, Sum

from funds.models import JournalEntry, Posting
from funds.money import Money, decimal_text, from_minor
from payments.balance.booking import due_lines
from payments.balance.matching import (
    CHANGED,
    Part,
    Reason,
    Scope,
    read_entries_of_part,
    read_with_reason,
    rows,
)
from payments.models import BalanceLine, Payout

PAGE_SIZE: Final = 50

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class ListedLine:
    """A line in a list, with what it moved of that part."""

    line: BalanceLine
    amount: Money


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """An entry in a list, with what it moved on clearing, and its line at Stripe if it has one."""

    entry: JournalEntry
    amount: Money
    line_id: str


@dataclass(frozen=True, slots=True)
class LineDetail:
    """A line with every entry that it leads to, and the keys of those that are not there yet."""

    line: BalanceLine
    entries: list[tuple[JournalEntry, list[Posting]]]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class PayoutDetail:
    """A payout and what is in it. ``remainder`` is what its lines do not add up to."""

    payout: Payout
    count: int
    contents: Money
    remainder: Money | None


class Slices(Sequence[ItemT], Generic[ItemT]):
    """A long list of which only pages are ever fetched: what Django's paginator needs."""

    def __init__(self, count: int, fetch: Callable[[int, int], list[ItemT]]) -> None:
        """``fetch`` takes a limit and an offset."""
        self._count = count
        self._fetch = fetch

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> ItemT: ...

    @overload
    def __getitem__(self, at: slice) -> list[ItemT]: ...

    def __getitem__(self, at: int | slice) -> ItemT | list[ItemT]:
        if isinstance(at, slice):
            start, stop, _ = at.indices(self._count)
            return self._fetch(stop - start, start)
        return self._fetch(1, at)[0]


def lines_of_part(scope: Scope, part: Part) -> QuerySet[BalanceLine]:
    """Stripe's lines of a period that moved a part of the balance, newest first."""
    here = Q(currency=scope.currency)
    was_changed = ~Q(source_currency="") & Q(category__in=CHANGED)
    if part is Part.FEE:
        which = here & ~Q(fee_minor=0)
    elif part is Part.EXCHANGE:
        which = was_changed & (here | Q(source_currency=scope.currency))
    elif part is Part.UNDECIDED:
        which = here & Q(category="")
    else:
        which = Q(category=part.value) & (
            here & ~was_changed | Q(source_currency=scope.currency, category__in=CHANGED)
        )
    in_period = Q(occurred_on__gte=scope.since, occurred_on__lte=scope.until)
    return BalanceLine.objects.filter(which, in_period).order_by("-created_at", "-pk")


def list_lines(lines: Sequence[BalanceLine], scope: Scope, part: Part) -> list[ListedLine]:
    """Some lines with what each moved of a part."""
    return [ListedLine(line, _moved(line, scope.currency, part)) for line in lines]


def entries_of_part(scope: Scope, part: Part, *, count: int) -> Slices[ListedEntry]:
    """The entries of a period that moved a part, newest first."""

    def fetch(limit: int, offset: int) -> list[ListedEntry]:
        found = read_entries_of_part(scope, part, limit=limit, offset=offset)
        return _list_entries(found, scope.currency)

    return Slices(count, fetch)


def with_reason(scope: Scope, reason: Reason, *, count: int) -> Slices[ListedLine | ListedEntry]:
    """The lines and entries for which a reason stands."""

    def fetch(limit: int, offset: int) -> list[ListedLine | ListedEntry]:
        found = read_with_reason(scope, reason, limit=limit, offset=offset)
        lines = BalanceLine.objects.in_bulk([line for line, _, _ in found if line is not None])
        entries = _list_entries(
            [(entry, amount) for _, entry, amount in found if entry is not None], scope.currency
        )
        return [
            ListedLine(lines[line], from_minor(amount, scope.currency))
            for line, _, amount in found
            if line is not None
        ] + entries

    return Slices(count, fetch)


def read_line_detail(line: BalanceLine) -> LineDetail:
    """Every entry that a line leads to, in the order of the books, with their postings."""
    own = Q(source_key__startswith=f"stripe:{line.stripe_id}:")
    entries = list(
        JournalEntry.objects.filter(own | Q(source_key=line.principal_key))
        .prefetch_related("postings__account", "postings__branch")
        .order_by("pk")
    )
    wanted = [line.principal_key] if line.principal_key else []
    wanted += [line.key("fee")] if line.fee_minor else []
    if line.source_currency and line.category in CHANGED:
        wanted += [line.key("converted-from"), line.key("converted-to")]
    known = {entry.source_key for entry in entries}
    return LineDetail(
        line=line,
        entries=[(entry, list(entry.postings.all())) for entry in entries],
        missing=[key for key in wanted if key not in known],
    )


def read_payout_details(payouts: Sequence[Payout]) -> list[PayoutDetail]:
    """Some payouts with what is in them: the lines that each pays out, without its own."""
    sums = {
        row["payout"]: (row["count"], row["sum"])
        for row in BalanceLine.objects.filter(payout__in=payouts)
        .exclude(category=BalanceLine.Category.PAYOUT)
        .order_by()
        .values("payout")
        .annotate(count=Count("pk"), sum=Sum("net_minor"))
    }
    return [_payout_detail(payout, *sums.get(payout.pk, (0, 0))) for payout in payouts]


def contents_of(payout: Payout) -> QuerySet[BalanceLine]:
    """The lines that a payout pays out, newest first, without its own."""
    return payout.contents.exclude(category=BalanceLine.Category.PAYOUT).order_by(
        "-created_at", "-pk"
    )


def count_open_lines() -> tuple[int, int]:
    """How many lines wait, and how many are put aside for a person."""
    aside = BalanceLine.objects.filter(put_aside_at__isnull=False, booked_at=None)
    return due_lines().count(), aside.count()


CSV_COLUMNS: Final = (
    "date", "written at (UTC)", "line", "type", "part", "source", "payment", "amount", "fee",
    "net", "currency", "payout", "entry", "entry dated", "note",
)  # fmt: skip


def csv_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """Stripe's lines of a period for a spreadsheet, oldest first, read a thousand at a time."""
    found = rows(
        """
        SELECT l.occurred_on, l.created_at, l.stripe_id, l.type, l.category, l.source_id,
               l.payment_intent_id, l.amount_minor, l.fee_minor, l.net_minor, l.currency,
               coalesce(o.stripe_id, ''), l.principal_key, e.occurred_on, l.last_error
          FROM payments_balanceline l
          LEFT JOIN payments_payout o ON o.id = l.payout_id
          LEFT JOIN funds_journalentry e ON e.source_key = l.principal_key
         WHERE l.currency = %(currency)s AND l.occurred_on BETWEEN %(since)s AND %(until)s
         ORDER BY l.created_at, l.id
        """,
        scope.parameters,
    )
    for day, written_at, *names, amount, fee, net, currency, payout, key, dated, note in found:
        sums = (decimal_text(minor, currency) for minor in (amount, fee, net))
        stamp = f"{written_at:%Y-%m-%d %H:%M:%S}"
        yield (
            day.isoformat(), stamp, *names, *sums, currency, payout, key,
            dated.isoformat() if dated else "", note,
        )  # fmt: skip


def _moved(line: BalanceLine, currency: str, part: Part) -> Money:
    is_changed = bool(line.source_currency) and line.category in CHANGED
    if part is Part.FEE:
        return -line.fee
    if not is_changed or (part is Part.EXCHANGE and line.currency == currency):
        return line.amount
    source = line.source_amount
    assert source is not None  # it was changed, so it says from what
    return -source if part is Part.EXCHANGE else source


def _list_entries(found: Sequence[tuple[int, int]], currency: str) -> list[ListedEntry]:
    entries = JournalEntry.objects.in_bulk([pk for pk, _ in found])
    keys = [entry.source_key for entry in entries.values()]
    by_key = dict(
        BalanceLine.objects.filter(principal_key__in=keys).values_list("principal_key", "stripe_id")
    )
    objects = {key.split(":")[1] for key in keys if key.startswith("stripe:")}
    own = set(BalanceLine.objects.filter(stripe_id__in=objects).values_list("stripe_id", flat=True))
    return [
        ListedEntry(
            entry=entries[pk],
            amount=from_minor(amount, currency),
            line_id=by_key.get(entries[pk].source_key) or _own_line(entries[pk].source_key, own),
        )
        for pk, amount in found
    ]


def _own_line(source_key: str, known: set[str]) -> str:
    parts = source_key.split(":")
    return parts[1] if len(parts) > 1 and parts[1] in known else ""


def _payout_detail(payout: Payout, count: int, net_minor: int) -> PayoutDetail:
    contents = from_minor(net_minor, payout.currency)
    is_known = payout.contents_known_at is not None
    return PayoutDetail(
        payout=payout,
        count=count,
        contents=contents,
        remainder=payout.amount - contents if is_known else None,
    )
