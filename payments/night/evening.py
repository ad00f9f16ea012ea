"""How a night went: its total minute by minute, by which road and for which branch it came."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from django.db import connection

from appeals.models import AppealAccount, Night
from funds.models import Branch
from funds.money import Money, from_minor, to_minor, zero
from payments.night.movements import read_raised_at_end

_MINUTE: Final = timedelta(minutes=1)

# One statement over the night's postings: by minute, by road, by branch.
_EVENING: Final = f"""
SELECT date_trunc('minute', e.posted_at), held.role, p.branch_id,
       sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END)::bigint
  FROM appeals_appealaccount held
  JOIN funds_posting p USING (account_id)
  JOIN funds_journalentry e ON e.id = p.entry_id
 WHERE held.appeal_id = %(appeal)s AND held.role <> '{AppealAccount.Role.CASH_IN_HAND.value}'
   AND e.posted_at > %(begun_at)s AND e.posted_at <= %(ended_at)s
 GROUP BY GROUPING SETS ((1), (2), (3))
 ORDER BY 1, 2, 3
"""  # noqa: S608 - made of constants of our own

_SIZES_UP_TO: Final = (5, 10, 20, 50, 100, 250, 500)

_SIZES: Final = """
SELECT width_bucket(d.amount, %(edges)s::numeric[]), count(*), sum(d.amount)
  FROM payments_carddonation d
  JOIN funds_journalentry e ON e.id = d.received_entry_id
 WHERE d.appeal_id = %(appeal)s AND e.posted_at > %(begun_at)s AND e.posted_at <= %(ended_at)s
 GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Minute:
    """The total at the end of a minute in which something moved, and by how much it moved."""

    at: datetime
    moved: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Share:
    """What came by one road, or for one branch. ``percent`` of all, rounded down."""

    name: str
    amount: Money
    percent: int


@dataclass(frozen=True, slots=True)
class Size:
    """How many card donations were from ``since`` on and less than ``below``, and their sum."""

    since: Money
    below: Money | None
    count: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """A night from its beginning to its end. ``before`` is what stood when it began."""

    night: Night
    before: Money
    minutes: list[Minute]
    by_method: list[Share]
    by_branch: list[Share]
    sizes: list[Size]

    @property
    def after(self) -> Money:
        """What stood when it ended."""
        return self.minutes[-1].total if self.minutes else self.before

    @property
    def came(self) -> Money:
        """What the night brought."""
        return self.after - self.before

    @property
    def donations(self) -> int:
        """How many card donations came."""
        return sum(size.count for size in self.sizes)

    @property
    def average(self) -> Money | None:
        """A card donation's mean, to the minor unit below."""
        if not self.donations:
            return None
        total = sum(to_minor(size.amount) for size in self.sizes)
        return from_minor(total // self.donations, self.before.currency.code)

    @property
    def biggest(self) -> Minute | None:
        """The minute that brought the most; the first of several."""
        best = max(self.minutes, key=lambda minute: minute.moved, default=None)
        return best if best and best.moved.amount > 0 else None


def read_evening(night: Night) -> Evening:
    """A night that has ended, as the books saw it: four queries, however much came."""
    currency = night.appeal.currency
    minutes: list[tuple[datetime, Money]] = []
    methods: list[tuple[str, Money]] = []
    branches: list[tuple[int | None, Money]] = []
    for at, role, branch, minor in _rows(night):
        amount = from_minor(minor, currency)
        if at is not None:
            minutes.append((at, amount))
        elif role is not None:
            methods.append((str(AppealAccount.Role(role).label), amount))
        else:
            branches.append((branch, amount))
    came = sum((amount for _, amount in minutes), zero(currency))
    before = read_raised_at_end(night) - came
    names = dict(Branch.objects.values_list("pk", "name")) if branches else {}
    named = [(names.get(branch, "No branch") if branch else "No branch", amount)
             for branch, amount in branches]  # fmt: skip
    return Evening(
        night=night,
        before=before,
        minutes=_running(minutes, before),
        by_method=_shares(methods, came),
        by_branch=_shares(named, came),
        sizes=_read_sizes(night),
    )


def _rows(night: Night) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_EVENING, _values(night))
        return list(cursor.fetchall())


def _running(minutes: list[tuple[datetime, Money]], before: Money) -> list[Minute]:
    total, running = before, []
    for at, moved in minutes:
        total += moved
        running.append(Minute(at, moved, total))
    return running


def _shares(amounts: list[tuple[str, Money]], came: Money) -> list[Share]:
    shares = [
        Share(name, amount, int(amount.amount * 100 // came.amount) if came.amount > 0 else 0)
        for name, amount in amounts
        if amount
    ]
    return sorted(shares, key=lambda share: (-share.amount.amount, share.name))


def _read_sizes(night: Night) -> list[Size]:
    currency = night.appeal.currency
    edges = [0, *_SIZES_UP_TO]
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, _values(night) | {"edges": edges})
        rows = {place: (count, total) for place, count, total in cursor.fetchall()}
    between = [*pairwise(edges), (edges[-1], None)]
    return [
        Size(
            Money(since, currency),
            None if below is None else Money(below, currency),
            rows[place][0],
            Money(rows[place][1], currency),
        )
        for place, (since, below) in enumerate(between, start=1)
        if place in rows
    ]


def _values(night: Night) -> dict[str, Any]:
    return {"appeal": night.appeal_id, "begun_at": night.begun_at, "ended_at": night.ended_at}
