"""How an appeal is doing: the readings behind thermometers, league tables and the API."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Sum
from django.utils import timezone

from appeals.models import Appeal, AppealAccount, BranchTarget, Promise
from funds.balances import AccountBalance, read_balances, read_epoch
from funds.models import Branch
from funds.money import Money, from_minor, to_minor

Role = AppealAccount.Role

_INCOME_ROLES = (Role.CARD, Role.CASH, Role.TRANSFER, Role.SALES)


@dataclass(frozen=True, slots=True)
class LeagueRow:
    """One branch's standing. ``percent`` is of its own target, rounded down.

    Branches with a target are ranked by the exact ratio raised/target, then money, then name;
    those without are ranked by money in a section of their own, below. Equal in ratio and money
    share a rank (1, 1, 3).
    """

    rank: int
    branch: str
    name: str
    region: str
    raised: Money
    target: Money | None
    percent: int | None

    @property
    def fill_percent(self) -> int:
        """``percent``, capped at 100: the width of the bar."""
        return min(100, self.percent or 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a thermometer shows at one moment. No personal data, ever.

    ``raised`` is net of refunds and is the sum of ``by_method``, and of the league's rows and
    ``no_branch``. ``sequence`` only grows within an ``epoch``. ``as_at`` is aware, in UTC.
    ``card_donations`` counts card donations received, ``collections`` the cash collections that
    stand. ``stretch_target`` is null until the target is reached, then the next one to reach (the
    last stays).
    """

    slug: str
    title: str
    status: str
    epoch: str
    sequence: int
    as_at: datetime
    target: Money
    raised: Money
    percent: int
    stretch_target: Money | None
    to_go: Money
    card_donations: int
    collections: int
    by_method: Mapping[str, Money]
    counted_not_banked: Money
    promised: Money
    league: Sequence[LeagueRow]
    no_branch: Money

    @property
    def fill_percent(self) -> int:
        """``percent``, capped at 100: the height of the mercury."""
        return min(100, self.percent)

    @property
    def is_target_reached(self) -> bool:
        """True from the very penny on."""
        return bool(self.raised >= self.target)

    @property
    def ranked(self) -> list[LeagueRow]:
        """The rows of branches that have a target."""
        return [row for row in self.league if row.target is not None]

    @property
    def unranked(self) -> list[LeagueRow]:
        """The rows of branches without a target, in their own section."""
        return [row for row in self.league if row.target is None]


class _Standing(NamedTuple):
    """A branch before it is ranked, in minor units; ``target_minor`` is 0 for none."""

    branch: str
    name: str
    region: str
    raised_minor: int
    target_minor: int


def read_reading(appeal: Appeal) -> Reading:
    """The reading of an appeal now. A handful of index look-ups, whatever the books hold."""
    roles = dict(appeal.accounts.values_list("account_id", "role"))
    balances = read_balances(roles)
    by_role: defaultdict[str, int] = defaultdict(int)
    by_branch: defaultdict[int | None, int] = defaultdict(int)
    for row in balances:
        net_minor = row.credit_minor - row.debit_minor
        role = roles[row.account_id]
        by_role[role] += net_minor
        if role in _INCOME_ROLES:
            by_branch[row.branch_id] += net_minor
    raised_minor = sum(by_branch.values())
    currency = appeal.currency
    raised = from_minor(raised_minor, currency)
    target_minor = to_minor(appeal.target)
    no_branch_minor = by_branch.pop(None, 0)
    return Reading(
        slug=appeal.slug,
        title=appeal.title,
        status=appeal.status,
        epoch=read_epoch(),
        sequence=appeal.revision + sum(row.postings for row in balances),
        as_at=timezone.now(),
        target=appeal.target,
        raised=raised,
        percent=_whole_percent(raised_minor, target_minor),
        stretch_target=_next_stretch_target(appeal, raised),
        to_go=from_minor(max(0, target_minor - raised_minor), currency),
        card_donations=_entries(balances, roles, Role.CARD),
        collections=_entries(balances, roles, Role.CASH),
        by_method={role.value: from_minor(by_role[role.value], currency) for role in _INCOME_ROLES},
        counted_not_banked=from_minor(-by_role[Role.CASH_IN_HAND], currency),
        promised=_read_promised(appeal),
        league=_rank(_read_standings(appeal, by_branch), currency),
        no_branch=from_minor(no_branch_minor, currency),
    )


def _whole_percent(raised_minor: int, target_minor: int) -> int:
    """Rounded down, so that 100 means truly reached; never below 0; not capped."""
    return max(0, raised_minor * 100 // target_minor)


def _next_stretch_target(appeal: Appeal, raised: Money) -> Money | None:
    if raised < appeal.target or not appeal.stretch_targets:
        return None
    stretches = [Money(amount, appeal.currency) for amount in sorted(appeal.stretch_targets)]
    return next((stretch for stretch in stretches if stretch > raised), stretches[-1])


def _entries(
    balances: Iterable[AccountBalance], roles: Mapping[int, str], role: AppealAccount.Role
) -> int:
    return sum(row.credit_entries for row in balances if roles[row.account_id] == role)


def _read_promised(appeal: Appeal) -> Money:
    promised = appeal.promises.filter(state=Promise.State.OPEN).aggregate(sum=Sum("amount"))["sum"]
    return Money(promised or 0, appeal.currency)


def _read_standings(appeal: Appeal, raised_minor: Mapping[int | None, int]) -> list[_Standing]:
    """Every branch that has a target or money."""
    columns = ("branch_id", "branch__slug", "branch__name", "branch__region__name", "target")
    standings: list[_Standing] = []
    seen: set[int] = set()
    targets = BranchTarget.objects.filter(appeal=appeal).values_list(*columns)
    for branch_id, slug, name, region, target in targets:
        seen.add(branch_id)
        target_minor = to_minor(Money(target, appeal.currency))
        standings.append(
            _Standing(slug, name, region, raised_minor.get(branch_id, 0), target_minor)
        )
    without_target = [
        branch_id
        for branch_id, minor in raised_minor.items()
        if branch_id is not None and minor and branch_id not in seen
    ]
    if without_target:
        branches = Branch.objects.filter(pk__in=without_target)
        for branch_id, slug, name, region in branches.values_list(
            "pk", "slug", "name", "region__name"
        ):
            standings.append(_Standing(slug, name, region, raised_minor[branch_id], 0))
    return standings


def _rank(standings: Iterable[_Standing], currency: str) -> list[LeagueRow]:
    with_target: list[_Standing] = []
    without_target: list[_Standing] = []
    for standing in standings:
        (with_target if standing.target_minor else without_target).append(standing)
    with_target.sort(key=lambda s: (-_ratio(s), -s.raised_minor, s.name))
    without_target.sort(key=lambda s: (-s.raised_minor, s.name))
    return [
        *_number(with_target, currency),
        *_number(without_target, currency),
    ]


def _ratio(standing: _Standing) -> Fraction:
    """Exact: two branches a penny apart never tie."""
    return Fraction(standing.raised_minor, standing.target_minor or 1)


def _number(standings: Sequence[_Standing], currency: str) -> list[LeagueRow]:
    """Ranks of sorted standings of one section: equal in ratio and money share one (1, 1, 3)."""
    rows: list[LeagueRow] = []
    above: _Standing | None = None
    for place, standing in enumerate(standings, start=1):
        is_tie = above is not None and (
            _ratio(above) == _ratio(standing) and above.raised_minor == standing.raised_minor
        )
        target_minor = standing.target_minor
        rows.append(
            LeagueRow(
                rank=rows[-1].rank if is_tie else place,
                branch=standing.branch,
                name=standing.name,
                region=standing.region,
                raised=from_minor(standing.raised_minor, currency),
                target=from_minor(target_minor, currency) if target_minor else None,
                percent=_whole_percent(standing.raised_minor, target_minor)
                if target_minor
                else None,
            )
        )
        above = standing
    return rows
