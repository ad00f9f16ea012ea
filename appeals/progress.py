"""How appeals are doing: the readings behind thermometers, league tables and the API."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Sum
from django.utils import timezone

from appeals.league import LeagueRow, Standing, rank_standings, whole_percent
from appeals.models import Appeal, AppealAccount, BranchTarget, Promise
from funds.balances import AccountBalance, read_balances, read_epoch
from funds.models import Branch
from funds.money import Money, from_minor, to_minor, zero

__all__ = ["LeagueRow", "Reading", "read_reading", "read_readings"]

Role = AppealAccount.Role

_INCOME_ROLES = (Role.CARD, Role.CASH, Role.TRANSFER, Role.SALES)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a thermometer shows at one moment. No personal data, ever.

    ``raised`` is net of refunds and is the sum of ``by_method``, and of the league's rows and
    ``no_branch``. ``sequence`` only grows within an ``epoch``. ``as_at`` is aware, in UTC.
    ``card_donations`` counts card donations received, ``collections`` the cash collections that
    stand. ``stretch_target`` is null until the target is reached, then the next one to reach (the
    last stays). ``is_league_public`` is False for an appeal that keeps its branches' standings to
    itself: treasurers see them, the public and the API do not.
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
    is_league_public: bool = True

    @property
    def fill_percent(self) -> int:
        """``percent``, capped at 100: the height of the mercury."""
        return min(100, self.percent)

    @property
    def is_target_reached(self) -> bool:
        """True from the very penny on."""
        return bool(self.raised >= self.target)

    @property
    def has_overshot(self) -> bool:
        """True when more came than was asked for."""
        return bool(self.raised > self.target)

    @property
    def over_by(self) -> Money:
        """What came beyond the target; nothing before it is reached."""
        return max(self.raised - self.target, zero(self.target.currency.code))

    @property
    def ranked(self) -> list[LeagueRow]:
        """The rows of branches that have a target."""
        return [row for row in self.league if row.target is not None]

    @property
    def unranked(self) -> list[LeagueRow]:
        """The rows of branches without a target, in their own section."""
        return [row for row in self.league if row.target is None]


class _Held(NamedTuple):
    """A balance row, and by which road its money came."""

    role: str
    balance: AccountBalance

    @property
    def net_minor(self) -> int:
        """Credits less debits: positive for income, negative for an asset."""
        return self.balance.credit_minor - self.balance.debit_minor


class _BranchLabel(NamedTuple):
    slug: str
    name: str
    region: str


def read_reading(appeal: Appeal) -> Reading:
    """The reading of an appeal now. A handful of index look-ups, whatever the books hold."""
    (reading,) = read_readings([appeal])
    return reading


def read_readings(appeals: Sequence[Appeal]) -> list[Reading]:
    """The readings of some appeals now, in their order: as many queries as for one."""
    if not appeals:
        return []
    ids = [appeal.pk for appeal in appeals]
    held = _read_held(ids)
    targets = _read_branch_targets(ids)
    labels = _read_labels(held, targets)
    promised = _read_promised(ids)
    epoch = read_epoch()
    return [
        _reading(
            appeal,
            epoch=epoch,
            held=held[appeal.pk],
            branch_targets=targets[appeal.pk],
            labels=labels,
            promised=promised.get(appeal.pk, zero(appeal.currency)),
        )
        for appeal in appeals
    ]


def _reading(
    appeal: Appeal,
    *,
    epoch: str,
    held: Sequence[_Held],
    branch_targets: Mapping[int, int],
    labels: Mapping[int, _BranchLabel],
    promised: Money,
) -> Reading:
    by_role: defaultdict[str, int] = defaultdict(int)
    by_branch: defaultdict[int | None, int] = defaultdict(int)
    for part in held:
        by_role[part.role] += part.net_minor
        if part.role in _INCOME_ROLES:
            by_branch[part.balance.branch_id] += part.net_minor
    raised_minor = sum(by_branch.values())
    no_branch_minor = by_branch.pop(None, 0)
    target_minor = to_minor(appeal.target)
    currency = appeal.currency
    return Reading(
        slug=appeal.slug,
        title=appeal.title,
        status=appeal.status,
        epoch=epoch,
        sequence=appeal.revision + sum(part.balance.postings for part in held),
        as_at=timezone.now(),
        target=from_minor(target_minor, currency),
        raised=from_minor(raised_minor, currency),
        percent=whole_percent(raised_minor, target_minor),
        stretch_target=_next_stretch_target(appeal, raised_minor),
        to_go=from_minor(max(0, target_minor - raised_minor), currency),
        card_donations=_entries(held, Role.CARD),
        collections=_entries(held, Role.CASH),
        by_method={role.value: from_minor(by_role[role.value], currency) for role in _INCOME_ROLES},
        counted_not_banked=from_minor(-by_role[Role.CASH_IN_HAND], currency),
        promised=promised,
        league=rank_standings(_standings(by_branch, branch_targets, labels), currency),
        no_branch=from_minor(no_branch_minor, currency),
        is_league_public=appeal.show_league,
    )


def _next_stretch_target(appeal: Appeal, raised_minor: int) -> Money | None:
    raised = from_minor(raised_minor, appeal.currency)
    if raised < appeal.target or not appeal.stretch_targets:
        return None
    stretches = [Money(amount, appeal.currency) for amount in sorted(appeal.stretch_targets)]
    next_one = next((stretch for stretch in stretches if stretch > raised), stretches[-1])
    return from_minor(to_minor(next_one), appeal.currency)


def _entries(held: Iterable[_Held], role: AppealAccount.Role) -> int:
    return sum(part.balance.credit_entries for part in held if part.role == role)


def _standings(
    raised_minor: Mapping[int | None, int],
    branch_targets: Mapping[int, int],
    labels: Mapping[int, _BranchLabel],
) -> Iterable[Standing]:
    """Every branch that has a target or money."""
    with_money = [branch_id for branch_id, minor in raised_minor.items() if branch_id and minor]
    for branch_id in dict.fromkeys([*branch_targets, *with_money]):
        yield Standing(
            *labels[branch_id],
            raised_minor=raised_minor.get(branch_id, 0),
            target_minor=branch_targets.get(branch_id, 0),
        )


def _read_held(appeal_ids: Sequence[int]) -> Mapping[int, list[_Held]]:
    """The balances of each appeal's accounts."""
    accounts = {
        account_id: (appeal_id, role)
        for account_id, appeal_id, role in AppealAccount.objects.filter(
            appeal_id__in=appeal_ids
        ).values_list("account_id", "appeal_id", "role")
    }
    held: defaultdict[int, list[_Held]] = defaultdict(list)
    for balance in read_balances(accounts):
        appeal_id, role = accounts[balance.account_id]
        held[appeal_id].append(_Held(role, balance))
    return held


def _read_branch_targets(appeal_ids: Sequence[int]) -> Mapping[int, Mapping[int, int]]:
    """The branches' targets of each appeal, by branch, in minor units."""
    targets: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for appeal_id, branch_id, amount, currency in BranchTarget.objects.filter(
        appeal_id__in=appeal_ids
    ).values_list("appeal_id", "branch_id", "target", "target_currency"):
        targets[appeal_id][branch_id] = to_minor(Money(amount, currency))
    return targets


def _read_labels(
    held: Mapping[int, Sequence[_Held]], targets: Mapping[int, Mapping[int, int]]
) -> Mapping[int, _BranchLabel]:
    """How to call the branches that have a target or were ever credited."""
    ids = {branch_id for by_branch in targets.values() for branch_id in by_branch}
    credited = (part.balance.branch_id for parts in held.values() for part in parts)
    ids.update(branch_id for branch_id in credited if branch_id is not None)
    branches = Branch.objects.filter(pk__in=ids)
    return {
        branch_id: _BranchLabel(slug, name, region)
        for branch_id, slug, name, region in branches.values_list(
            "pk", "slug", "name", "region__name"
        )
    }


def _read_promised(appeal_ids: Sequence[int]) -> Mapping[int, Money]:
    """What is promised to each appeal and has not come, where anything is."""
    sums = (
        Promise.objects.filter(appeal_id__in=appeal_ids, state=Promise.State.OPEN)
        .order_by()
        .values_list("appeal_id", "amount_currency")
        .annotate(sum=Sum("amount"))
    )
    promised: dict[int, Money] = {}
    for appeal_id, currency, amount in sums:
        promised[appeal_id] = from_minor(to_minor(Money(amount, currency)), currency)
    return promised
