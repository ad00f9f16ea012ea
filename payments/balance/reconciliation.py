"""The reconciliation: what Stripe says of a period beside what the books say, and why they differ.

Donations less refunds, disputes and fees, and whatever else moved, are what was paid out and what
the balance at Stripe changed by: on both sides, and row by row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Sum

from funds import chart
from funds.balances import account_balance
from funds.models import Account
from funds.money import Money, from_minor
from funds.organisation import read_organisation
from payments.balance.matching import (
    Part,
    Reason,
    Scope,
    read_before,
    read_entries_by_part,
    read_lines_by_part,
    read_reasons,
)
from payments.balance.windows import read_frontier
from payments.models import BalanceLine, StripeBalance

NAMES: Final = {
    Part.DONATION: "Donations",
    Part.REFUND: "Refunds",
    Part.REFUND_FAILED: "Refunds that came back",
    Part.DISPUTE: "Disputes",
    Part.DISPUTE_WON: "Disputes won",
    Part.FEE: "Fees on payments",
    Part.ACCOUNT_FEE: "Fees for the account",
    Part.NOT_OURS: "Not ours",
    Part.EXCHANGE: "Changed into another currency",
    Part.ASIDE: "Put aside for a person",
    Part.UNDECIDED: "Not decided yet",
    Part.OTHER: "Other entries",
    Part.PAYOUT: "Payouts",
    Part.PAYOUT_FAILED: "Payouts that came back",
}
_PAID_OUT: Final = (Part.PAYOUT, Part.PAYOUT_FAILED)
_ALWAYS: Final = frozenset({Part.DONATION, Part.REFUND, Part.DISPUTE, Part.FEE, Part.PAYOUT})

WHY: Final = {
    Reason.WAITING: "Stripe has written them, and their entries are awaited",
    Reason.UNDECIDED: "Whose payment they are is being asked",
    Reason.ASIDE: "Of a kind that is not booked by itself: put aside for a person",
    Reason.NOT_READ: "Booked, and Stripe's line is not read yet",
    Reason.OTHER_DAY: "Dated by Stripe in this period and by the books in another, or the reverse",
    Reason.REVERSED: "Reversed by a person: both entries stand, and come to nothing",
    Reason.TWICE: "Booked as not ours, and as a donation as well: one must be re-allocated",
    Reason.UNEQUAL: "Booked with another amount than Stripe's",
    Reason.ABSENT: "In the books, and not among Stripe's lines",
}
UNEXPLAINED: Final = frozenset({Reason.UNEQUAL, Reason.ABSENT})
"""Reasons that only say what differs, and not why that is right."""

FOR_A_PERSON: Final = frozenset({Reason.ASIDE, Reason.TWICE}) | UNEXPLAINED


@dataclass(frozen=True, slots=True)
class Row:
    """One part on both sides. Money that left is negative."""

    part: Part
    name: str
    stripe: Money
    books: Money
    lines: int
    entries: int

    @property
    def difference(self) -> Money:
        """What Stripe has more than the books."""
        return self.stripe - self.books


@dataclass(frozen=True, slots=True)
class Sides:
    """A sum on both sides."""

    stripe: Money
    books: Money

    @property
    def difference(self) -> Money:
        """What Stripe has more than the books."""
        return self.stripe - self.books


@dataclass(frozen=True, slots=True)
class Why:
    """One reason for a difference: how many lines or entries, and what they add to it."""

    reason: Reason
    text: str
    count: int
    amount: Money
    is_for_a_person: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What is held at Stripe by now: in Stripe's own words, by its lines, and by the books."""

    told: Money | None
    told_at: datetime | None
    by_lines: Money
    by_books: Money

    @property
    def before_the_first_line(self) -> Money | None:
        """What Stripe's word and its lines differ by; None without Stripe's word.

        Nothing, unless a line is on its way just now, or money was there before the first line.
        """
        return None if self.told is None else self.told - self.by_lines


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A period of one currency. ``remainder`` is what no reason explains: it must be nothing."""

    scope: Scope
    rows: list[Row]
    earned: Sides
    paid_out: list[Row]
    opening: Sides
    change: Sides
    closing: Sides
    reasons: list[Why]
    remainder: Money
    held: Held
    read_until: datetime | None

    @property
    def is_right(self) -> bool:
        """Whether every penny is explained."""
        return not any(why.reason in UNEXPLAINED for why in self.reasons)

    @property
    def needs_a_person(self) -> bool:
        """Whether something must be done that the site does not do by itself."""
        return any(why.is_for_a_person for why in self.reasons)


def read_reconciliation(scope: Scope) -> Reconciliation:
    """Stripe's lines beside the books, for a period and a currency."""
    by_lines, by_entries = read_lines_by_part(scope), read_entries_by_part(scope)
    rows = [
        row
        for part in NAMES
        if (row := _row(part, scope.currency, by_lines, by_entries)).lines
        or row.entries
        or part in _ALWAYS
    ]
    earned = [row for row in rows if row.part not in _PAID_OUT]
    paid_out = [row for row in rows if row.part in _PAID_OUT]
    lines_before, entries_before = read_before(scope)
    opening = Sides(
        from_minor(lines_before, scope.currency), from_minor(entries_before, scope.currency)
    )
    change = _sum(rows, scope.currency)
    reasons = [
        Why(reason, WHY[reason], count, from_minor(amount, scope.currency), reason in FOR_A_PERSON)
        for reason, (count, amount) in sorted(
            read_reasons(scope).items(), key=lambda one: list(WHY).index(one[0])
        )
    ]
    nothing = from_minor(0, scope.currency)
    return Reconciliation(
        scope=scope,
        rows=earned,
        earned=_sum(earned, scope.currency),
        paid_out=paid_out,
        opening=opening,
        change=change,
        closing=Sides(opening.stripe + change.stripe, opening.books + change.books),
        reasons=reasons,
        remainder=sum((why.amount for why in reasons if why.reason in UNEXPLAINED), nothing),
        held=read_held(scope.currency),
        read_until=read_frontier(),
    )


def read_held(currency: str) -> Held:
    """What is held at Stripe by now, from three sources; asks Stripe nothing."""
    told = StripeBalance.objects.filter(currency=currency).first()
    lines = BalanceLine.objects.filter(currency=currency).aggregate(sum=Sum("net_minor"))["sum"]
    clearing = chart.standing_account(chart.STRIPE_CLEARING, currency=currency)
    return Held(
        told=told.held if told else None,
        told_at=told.told_at if told else None,
        by_lines=from_minor(lines or 0, currency),
        by_books=account_balance(clearing) if clearing else from_minor(0, currency),
    )


def read_currencies() -> list[str]:
    """Every currency in which something moved at Stripe; the organisation's own comes first."""
    code = f"{chart.STRIPE_CLEARING.code}:"
    accounts = Account.objects.filter(code__startswith=code).values_list("currency", flat=True)
    lines = BalanceLine.objects.order_by().values_list("currency", flat=True).distinct()
    own = read_organisation().currency
    return [own, *sorted({*accounts, *lines} - {own})]


def _row(
    part: Part,
    currency: str,
    by_lines: Mapping[str, tuple[int, int]],
    by_entries: Mapping[str, tuple[int, int]],
) -> Row:
    lines, stripe = by_lines.get(part.value, (0, 0))
    entries, books = by_entries.get(part.value, (0, 0))
    return Row(
        part=part,
        name=NAMES[part],
        stripe=from_minor(stripe, currency),
        books=from_minor(books, currency),
        lines=lines,
        entries=entries,
    )


def _sum(rows: list[Row], currency: str) -> Sides:
    nothing = from_minor(0, currency)
    return Sides(
        sum((row.stripe for row in rows), nothing), sum((row.books for row in rows), nothing)
    )
