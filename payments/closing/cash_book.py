"""The cash book: every move of a branch's cash in hand over a period, line by line.

A line stands on its day in the books. Whether it was banked, with which slip, and whether the
bank's statement says so is told as things stood at the period's end; of a closed period that
never changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from funds.access import Access
from funds.closing import read_newest_close
from funds.models import Branch, PeriodClose
from funds.money import Money, from_minor
from payments.closing.tie_out import (
    DAY_IN_BOOKS,
    IN_HAND,
    MOVE_OF_CASH,
    SIGNED,
    TieOut,
    read_signed_tie_out,
    read_tie_out,
)
from payments.models import CashCollection
from payments.paying_in_records import visible_payings_in
from payments.periods import Period

# Of each collection: the paying-in that it stood in at the end, and the bank's line of that.
_LINES: Final = f"""
SELECT {DAY_IN_BOOKS}, e.occurred_on, p.branch_id, a.currency, {SIGNED}, {MOVE_OF_CASH},
       e.memo, held.title, c.reference, c.place, c.kind,
       coalesce(own.id, bag.id), coalesce(own.reference, bag.reference),
       coalesce(own.slip_number, bag.slip_number), coalesce(own.paid_in_on, bag.paid_in_on),
       (SELECT line.booked_on
          FROM payments_statementmatch m JOIN payments_statementline line ON line.id = m.line_id
         WHERE m.paying_in_id = coalesce(own.id, bag.id) AND m.confirmed_at <= %(at)s
           AND (m.undone_at IS NULL OR m.undone_at > %(at)s)
         ORDER BY m.id DESC LIMIT 1)
  FROM ({IN_HAND}) held
  JOIN funds_account a ON a.id = held.account_id
  JOIN funds_posting p ON p.account_id = a.id
  JOIN funds_journalentry e ON e.id = p.entry_id
  LEFT JOIN funds_journalentry r ON r.id = e.reverses_id
  LEFT JOIN payments_cashcollection c ON c.entry_id = coalesce(r.id, e.id)
  LEFT JOIN payments_payingin own ON own.entry_id = coalesce(r.id, e.id)
  LEFT JOIN LATERAL (
       SELECT b.id, b.reference, b.slip_number, b.paid_in_on
         FROM payments_payinginline l
         JOIN payments_payingin b ON b.id = l.paying_in_id
         JOIN funds_journalentry j ON j.id = b.entry_id
         LEFT JOIN funds_journalentry u ON u.reverses_id = j.id
        WHERE l.collection_id = c.id AND r.id IS NULL
          AND coalesce(j.booked_on, j.occurred_on) <= %(until)s
          AND (u.id IS NULL OR coalesce(u.booked_on, u.occurred_on) > %(until)s)
        ORDER BY b.id DESC LIMIT 1) bag ON true
 WHERE p.branch_id = ANY(%(branches)s)
   AND {DAY_IN_BOOKS} BETWEEN %(since)s AND %(until)s
 ORDER BY {DAY_IN_BOOKS}, e.id, a.id
"""  # noqa: S608 - made of the constants above


class _Row(NamedTuple):
    """One row of the statement above: a move of cash, and where it was banked."""

    day: date
    own_day: date
    branch_id: int
    currency: str
    minor: int
    move: str
    memo: str
    appeal: str
    reference: UUID | None
    place: str | None
    kind: str | None
    paying_in_id: int | None
    paying_in: UUID | None
    slip: str | None
    banked_on: date | None
    matched_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CashLine:
    """One move of cash. ``day`` is the one in the books; ``own_day`` when it happened.

    ``amount`` is positive for what came in hand. ``slip`` and ``banked_on`` are empty for what was
    in hand at the period's end, ``matched_on`` is the day of the bank's line. ``is_hidden`` is a
    paying-in that holds others' cash too, which its branch does not see.
    """

    day: date
    own_day: date
    branch_id: int
    amount: Money
    move: str
    reference: UUID | None
    paying_in: UUID | None
    description: str
    appeal: str
    slip: str
    banked_on: date | None
    matched_on: date | None
    is_hidden: bool

    @property
    def is_late(self) -> bool:
        """True for what arrived after its own period was closed."""
        return self.day != self.own_day

    @property
    def came_in(self) -> Money | None:
        """What came in hand by it."""
        return self.amount if self.amount.amount > 0 else None

    @property
    def went_out(self) -> Money | None:
        """What left the hand by it."""
        return -self.amount if self.amount.amount < 0 else None

    @property
    def held_where(self) -> str:
        """Where the money of this line lay at the period's end."""
        if self.move == "counted":
            return "at the bank" if self.banked_on else "in hand"
        return {"banked": "at the bank", "brought-back": "in hand"}.get(self.move, "")

    @property
    def short_reference(self) -> str:
        """Eight letters and digits that find the record."""
        found = self.reference or self.paying_in
        return str(found)[:8] if found else ""


@dataclass(frozen=True, slots=True)
class BranchBook:
    """One branch's part: its lines and its tie-out, a row for each currency."""

    branch: Branch
    tie_out: list[TieOut]
    lines: list[CashLine]


@dataclass(frozen=True, slots=True)
class CashBook:
    """The cash books of some branches over a period. ``close`` when exactly that was closed."""

    period: Period
    close: PeriodClose | None
    tie_out: list[TieOut]
    books: list[BranchBook]


def find_close(since: date, until: date) -> PeriodClose | None:
    """The closed period of exactly these days."""
    return PeriodClose.objects.filter(since=since, until=until, reopened_at__isnull=True).first()


def read_cash_book(
    period: Period, branches: Sequence[Branch], access: Access, *, now: datetime
) -> CashBook:
    """The cash books of some branches: five queries, however many lines they have.

    Args:
        period: Any days, both included; of a closed one the figures are those it was signed on.
        branches: Those that the visitor may see.
        access: Whose eyes it is for: payings-in with others' cash are not named to a branch.
        now: Until when the bank's word counts, while the period is open.
    """
    close = find_close(period.since, period.until)
    own = {branch.pk for branch in branches}
    every = read_signed_tie_out(close) if close else read_tie_out(period.since, period.until)
    tie_out = [one for one in every if one.branch and one.branch.pk in own]
    lines = _read_lines(period, branches, access, at=close.closed_at if close else now)
    return CashBook(
        period=period,
        close=close,
        tie_out=tie_out,
        books=[
            BranchBook(
                branch,
                [one for one in tie_out if one.branch == branch],
                [line for line in lines if line.branch_id == branch.pk],
            )
            for branch in branches
            if any(one.branch == branch for one in tie_out)
        ],
    )


def _read_lines(
    period: Period, branches: Iterable[Branch], access: Access, *, at: datetime
) -> list[CashLine]:
    with connection.cursor() as cursor:
        cursor.execute(
            _LINES,
            {
                "since": period.since,
                "until": period.until,
                "at": at,
                "branches": [branch.pk for branch in branches],
            },
        )
        rows = [_Row(*row) for row in cursor.fetchall()]
    payings_in = {row.paying_in_id for row in rows if row.paying_in_id is not None}
    shown = payings_in
    if not access.is_national_treasurer:
        visible = visible_payings_in(access).filter(pk__in=payings_in)
        shown = set(visible.values_list("pk", flat=True))
    return [_line(row, is_hidden=row.paying_in_id not in {None, *shown}) for row in rows]


def _line(row: _Row, *, is_hidden: bool) -> CashLine:
    move, slip = row.move, row.slip or ""
    is_banked = row.banked_on is not None and move in {"counted", "banked"}
    return CashLine(
        day=row.day,
        own_day=row.own_day,
        branch_id=row.branch_id,
        amount=from_minor(row.minor, row.currency),
        move=move,
        reference=row.reference,
        paying_in=None if is_hidden else row.paying_in,
        description=_describe(row, is_hidden=is_hidden),
        appeal=row.appeal,
        slip=slip if is_banked and not is_hidden else "",
        banked_on=row.banked_on if is_banked else None,
        matched_on=row.matched_on if is_banked else None,
        is_hidden=is_hidden,
    )


def _describe(row: _Row, *, is_hidden: bool) -> str:
    if row.move == "banked":
        return "Paid in by the national treasurer" if is_hidden else f"Paid in, slip {row.slip}"
    if row.place is None or row.move != "counted":
        return f"{row.place}. {row.memo}" if row.place else row.memo
    return f"{row.place} (stall)" if row.kind == CashCollection.Kind.SALE else row.place


def periods_on_offer(usual: Iterable[Period]) -> list[Period]:
    """The newest closed period first, then the usual ones, each once."""
    newest = read_newest_close()
    offered = [Period(newest.name, newest.since, newest.until)] if newest else []
    days = {(period.since, period.until) for period in offered}
    return offered + [one for one in usual if (one.since, one.until) not in days]
