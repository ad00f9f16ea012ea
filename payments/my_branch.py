"""A branch's own page, as its treasurer has it on the phone: how it stands, and what to do next."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from django.db.models import Count, Min, Q, Sum

from appeals.progress import Reading
from funds.access import Access
from funds.models import Branch
from funds.money import Money, from_minor
from payments.cash_records import open_appeals
from payments.counting.board import Standing, read_standings_of, visible_occasions
from payments.models import CashCollection, Occasion, PayingIn, StatementMatch
from payments.paying_in_records import collections_in_hand, visible_payings_in
from payments.recording import local_today
from payments.standings import BranchStanding, read_all_standings
from payments.working_days import CHASE_AFTER, NUDGE_AFTER, working_days_between


class What(StrEnum):
    """What there is to do. They stand in the order of urgency."""

    COUNTS_DIFFER = "counts-differ"
    BANK_DIFFERS = "bank-differs"
    BANK_OVERDUE = "bank-overdue"
    BANK_LATE = "bank-late"
    STILL_OUT = "still-out"
    COUNT = "count"
    TONIGHT = "tonight"
    CLOSE_TABLE = "close-table"
    BANK = "bank"


_URGENCY = {what: place for place, what in enumerate(What)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """One thing to do, for one branch.

    ``number`` is of buckets that differ or lie on the table, or of collections in hand.
    ``amounts`` is what is in hand, one for each currency; or by how much the bank's line differs
    from the slip, to the branch's loss if it ``is_short``. ``since`` is the day of the oldest,
    ``days`` ago by the calendar, and ``working_days`` by the bank's.
    """

    what: What
    number: int = 0
    amounts: tuple[Money, ...] = ()
    is_short: bool = False
    since: date | None = None
    days: int = 0
    working_days: int = 0
    occasion: Occasion | None = None
    paying_in: PayingIn | None = None

    @property
    def is_urgent(self) -> bool:
        """Whether it has waited too long, or two figures differ."""
        return _URGENCY[self.what] < _URGENCY[What.COUNT]


@dataclass(frozen=True, slots=True)
class BranchInAppeal:
    """How the branch stands in one open appeal."""

    reading: Reading
    standing: BranchStanding


@dataclass(frozen=True, slots=True)
class MyBranch:
    """One branch: how it stands in each open appeal, and what to do next, most urgent first.

    ``in_hand`` is all that is counted and not banked, one amount for each currency; ``subs`` is
    how much of it is membership money, which no appeal shows.
    """

    branch: Branch
    appeals: list[BranchInAppeal]
    steps: list[NextStep]
    in_hand: list[Money]
    subs: list[Money]


@dataclass(slots=True)
class _Cash:
    """What one branch has in hand, added up by currency."""

    amounts: defaultdict[str, list[Money]] = field(default_factory=lambda: defaultdict(list))
    subs: defaultdict[str, list[Money]] = field(default_factory=lambda: defaultdict(list))
    number: int = 0
    since: date | None = None


def read_my_branches(access: Access, branches: Sequence[Branch]) -> list[MyBranch]:
    """Some branches, which the visitor may see, in their order.

    As many queries for many branches, appeals, collections and tables as for one of each.
    """
    today = local_today()
    appeals = read_all_standings(list(open_appeals()), branches)
    cash = _read_cash(access, branches)
    tables = _read_tables(access, branches)
    differing = _read_differing(access, branches)
    found = []
    for branch in branches:
        in_hand = cash.get(branch.pk, _Cash())
        steps = [
            *_steps_of_tables(tables[branch.pk], today),
            *differing[branch.pk],
            *_steps_of_cash(in_hand, today),
        ]
        found.append(
            MyBranch(
                branch=branch,
                appeals=[
                    BranchInAppeal(appeal.reading, standing)
                    for appeal in appeals
                    for standing in appeal.branches
                    if standing.branch == branch.slug
                ],
                steps=sorted(steps, key=lambda step: _URGENCY[step.what]),
                in_hand=_sums(in_hand.amounts),
                subs=_sums(in_hand.subs),
            )
        )
    return found


def _read_cash(access: Access, branches: Sequence[Branch]) -> dict[int, _Cash]:
    rows = (
        collections_in_hand(access)
        .filter(branch__in=branches)
        .order_by()
        .values_list("branch_id", "kind", "amount_currency")
        .annotate(sum=Sum("amount"), number=Count("pk"), since=Min("collected_on"))
        .order_by("branch_id", "amount_currency", "kind")
    )
    found: defaultdict[int, _Cash] = defaultdict(_Cash)
    for branch_id, kind, currency, amount, number, since in rows:
        cash, money = found[branch_id], Money(amount, currency)
        cash.amounts[currency].append(money)
        if kind == CashCollection.Kind.SUBS:
            cash.subs[currency].append(money)
        cash.number += number
        cash.since = min(cash.since or since, since)
    return dict(found)


def _sums(amounts: dict[str, list[Money]]) -> list[Money]:
    return [sum(some[1:], some[0]) for _, some in sorted(amounts.items())]


def _steps_of_cash(cash: _Cash, today: date) -> Iterator[NextStep]:
    if cash.since is None:
        return
    waited = working_days_between(cash.since, today)
    what = What.BANK
    if waited > NUDGE_AFTER:
        what = What.BANK_OVERDUE if waited > CHASE_AFTER else What.BANK_LATE
    yield NextStep(
        what=what,
        number=cash.number,
        amounts=tuple(_sums(cash.amounts)),
        since=cash.since,
        days=(today - cash.since).days,
        working_days=waited,
    )


def _read_tables(access: Access, branches: Sequence[Branch]) -> defaultdict[int, list[Standing]]:
    under_way = Q(state__in=[Occasion.State.OPEN, Occasion.State.COUNTING])
    occasions = visible_occasions(access).filter(under_way, branch__in=branches)
    found: defaultdict[int, list[Standing]] = defaultdict(list)
    for standing in read_standings_of(occasions.order_by("held_on", "pk")):
        found[standing.occasion.branch_id].append(standing)
    return found


def _steps_of_tables(tables: list[Standing], today: date) -> Iterator[NextStep]:
    for table in tables:
        occasion = table.occasion
        if occasion.state == Occasion.State.OPEN:
            if occasion.held_on < today:
                yield NextStep(what=What.STILL_OUT, number=table.buckets, occasion=occasion)
            elif occasion.held_on == today:
                yield NextStep(what=What.TONIGHT, number=table.buckets, occasion=occasion)
        elif table.differing:
            yield NextStep(what=What.COUNTS_DIFFER, number=table.differing, occasion=occasion)
        elif table.being_counted:
            yield NextStep(what=What.COUNT, number=table.being_counted, occasion=occasion)
        else:
            yield NextStep(what=What.CLOSE_TABLE, occasion=occasion)


def _read_differing(access: Access, branches: Sequence[Branch]) -> defaultdict[int, list[NextStep]]:
    """Slips whose line on the bank's statement says another amount, and nobody has settled it.

    One that holds other branches' bags as well is the national treasurer's to look into.
    """
    matches = (
        StatementMatch.objects.filter(
            kind=StatementMatch.Kind.PAYING_IN,
            confirmed_at__isnull=True,
            undone_at__isnull=True,
            paying_in__in=visible_payings_in(access).order_by(),
            paying_in__lines__collection__branch__in=branches,
        )
        .exclude(difference_minor=0)
        .select_related("paying_in", "line__account")
        .annotate(for_branch=Min("paying_in__lines__collection__branch"))
        .order_by("paying_in__paid_in_on", "pk")
    )
    found: defaultdict[int, list[NextStep]] = defaultdict(list)
    for match in matches:
        step = NextStep(
            what=What.BANK_DIFFERS,
            amounts=(from_minor(abs(match.difference_minor), match.line.account.currency),),
            is_short=match.difference_minor < 0,
            paying_in=match.paying_in,
        )
        found[vars(match)["for_branch"]].append(step)
    return found
