"""The tie-out: opening + in - banked = in hand, for each branch and currency, from the books.

It goes by the day on which an entry stands in the books (``JournalEntry.day_in_books``), so that
a closed period's never changes: what arrives late counts in the next.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import connection

from appeals.accounts import Role
from funds import chart
from funds.models import Branch, PeriodClose
from funds.money import Money, from_minor
from payments.models import TieOutRow

DAY_IN_BOOKS: Final = "coalesce(e.booked_on, e.occurred_on)"
"""Of an entry ``e``: the same as ``JournalEntry.day_in_books``."""

IN_HAND: Final = f"""
SELECT held.account_id, appeal.title
  FROM appeals_appealaccount held JOIN appeals_appeal appeal ON appeal.id = held.appeal_id
 WHERE held.role = '{Role.CASH_IN_HAND.value}'
 UNION ALL
SELECT id, 'Subs' FROM funds_account WHERE code LIKE '{chart.SUBS_IN_HAND.code}:%%'
"""  # noqa: S608 - made of constants
"""The accounts where counted cash lies until it is banked: each appeal's, and the subs'."""

MOVE_OF_CASH: Final = """
CASE WHEN coalesce(r.kind, e.kind) IN ('cash-counted', 'sales-counted', 'subs-counted')
     THEN CASE WHEN r.id IS NULL THEN 'counted' ELSE 'taken-back' END
     WHEN coalesce(r.kind, e.kind) = 'cash-banked'
     THEN CASE WHEN r.id IS NULL THEN 'banked' ELSE 'brought-back' END
     ELSE 'other' END
"""
"""What an entry ``e``, which perhaps reverses ``r``, does to cash in hand."""

SIGNED: Final = "CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END"

_TIE_OUT: Final = f"""
WITH moved AS (
    SELECT a.currency, p.branch_id, {SIGNED} AS minor,
           CASE WHEN {DAY_IN_BOOKS} < %(since)s THEN 'before' ELSE {MOVE_OF_CASH} END AS move
      FROM ({IN_HAND}) held
      JOIN funds_account a ON a.id = held.account_id
      JOIN funds_posting p ON p.account_id = a.id
      JOIN funds_journalentry e ON e.id = p.entry_id
      LEFT JOIN funds_journalentry r ON r.id = e.reverses_id
     WHERE {DAY_IN_BOOKS} <= %(until)s),
short AS (
    SELECT a.currency, p.branch_id, {SIGNED} AS minor, 'short' AS move
      FROM funds_account a
      JOIN funds_posting p ON p.account_id = a.id
      JOIN funds_journalentry e ON e.id = p.entry_id
     WHERE a.code LIKE 'over-and-short:%%'
       AND {DAY_IN_BOOKS} BETWEEN %(since)s AND %(until)s)
SELECT currency, branch_id,
       coalesce(sum(minor) FILTER (WHERE move = 'before'), 0),
       coalesce(sum(minor) FILTER (WHERE move = 'counted'), 0),
       coalesce(-sum(minor) FILTER (WHERE move = 'taken-back'), 0),
       coalesce(-sum(minor) FILTER (WHERE move = 'banked'), 0),
       coalesce(sum(minor) FILTER (WHERE move = 'brought-back'), 0),
       coalesce(sum(minor) FILTER (WHERE move = 'other'), 0),
       coalesce(sum(minor) FILTER (WHERE move <> 'short'), 0),
       coalesce(sum(minor) FILTER (WHERE move = 'short'), 0)
  FROM (TABLE moved UNION ALL TABLE short) every
 GROUP BY currency, branch_id
"""  # noqa: S608 - made of the constants above


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    """One branch's cash in one currency over a period; ``branch`` is None for no branch.

    ``taken_back`` are collections that were reversed, ``brought_back`` payings-in that were undone;
    ``short`` is what the bank counted less than the slips, and is in no sum.
    """

    branch: Branch | None
    currency: str
    opening_minor: int
    counted_minor: int
    taken_back_minor: int
    banked_minor: int
    brought_back_minor: int
    other_minor: int
    in_hand_minor: int
    short_minor: int

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.branch.name if self.branch else "No branch"

    @property
    def ties(self) -> bool:
        """Whether opening + in - banked is in hand."""
        return self.in_hand_minor == (
            self.opening_minor
            + self.counted_minor
            - self.taken_back_minor
            - self.banked_minor
            + self.brought_back_minor
            + self.other_minor
        )

    @property
    def came_in(self) -> Money:
        """Counted, less what was reversed."""
        return self._money(self.counted_minor - self.taken_back_minor)

    @property
    def banked(self) -> Money:
        """Paid in, less what was undone."""
        return self._money(self.banked_minor - self.brought_back_minor)

    @property
    def opening(self) -> Money:
        """In hand before the period."""
        return self._money(self.opening_minor)

    @property
    def other(self) -> Money:
        """Whatever else moved cash."""
        return self._money(self.other_minor)

    @property
    def in_hand(self) -> Money:
        """In hand after the period."""
        return self._money(self.in_hand_minor)

    @property
    def short(self) -> Money:
        """What the bank counted less than the slips; negative when it counted more."""
        return self._money(self.short_minor)

    def figures(self) -> dict[str, int]:
        """As columns of ``TieOutRow``."""
        return {name: getattr(self, name) for name in _FIGURES}

    def _money(self, minor: int) -> Money:
        return from_minor(minor, self.currency)


_FIGURES: Final = (
    "opening_minor",
    "counted_minor",
    "taken_back_minor",
    "banked_minor",
    "brought_back_minor",
    "other_minor",
    "in_hand_minor",
    "short_minor",
)


def read_tie_out(since: date, until: date) -> list[TieOut]:
    """Every branch's tie-out over a period, by name, no branch last; as the books stand now."""
    with connection.cursor() as cursor:
        cursor.execute(_TIE_OUT, {"since": since, "until": until})
        rows = cursor.fetchall()
    branches = Branch.objects.in_bulk([branch_id for _, branch_id, *_ in rows if branch_id])
    return _in_order(
        TieOut(
            branch=branches.get(branch_id),
            currency=currency,
            **dict(zip(_FIGURES, map(int, figures), strict=True)),
        )
        for currency, branch_id, *figures in rows
        if any(figures)
    )


def read_signed_tie_out(close: PeriodClose) -> list[TieOut]:
    """The figures that a closed period was signed on: the same whenever they are read."""
    rows = TieOutRow.objects.filter(period_close=close).select_related("branch")
    return _in_order(
        TieOut(
            branch=row.branch,
            currency=row.currency,
            **{name: getattr(row, name) for name in _FIGURES},
        )
        for row in rows
    )


def sign_tie_out(close: PeriodClose, tie_out: Iterable[TieOut]) -> None:
    """Keep the figures that a period is closed on."""
    TieOutRow.objects.bulk_create(
        TieOutRow(period_close=close, branch=one.branch, currency=one.currency, **one.figures())
        for one in tie_out
    )


def total_of(tie_out: Sequence[TieOut]) -> list[TieOut]:
    """All branches together, for each currency."""
    return [
        TieOut(
            branch=None,
            currency=currency,
            **{
                name: sum(getattr(one, name) for one in tie_out if one.currency == currency)
                for name in _FIGURES
            },
        )
        for currency in sorted({one.currency for one in tie_out})
    ]


def figures_digest(tie_out: Iterable[TieOut]) -> str:
    """Names the very figures, so that what is signed is what was seen."""
    told = [
        f"{one.branch.pk if one.branch else 0} {one.currency} {sorted(one.figures().items())}"
        for one in tie_out
    ]
    return hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest()


def _in_order(tie_out: Iterable[TieOut]) -> list[TieOut]:
    return sorted(tie_out, key=lambda one: (one.branch is None, one.name, one.currency))
