"""How branches stand in an appeal, as their treasurers see it: raised, in hand, place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from appeals.accounts import Role
from appeals.models import Appeal, AppealAccount
from appeals.progress import LeagueRow, Reading, read_readings
from funds.balances import read_balances
from funds.models import Branch
from funds.money import Money, from_minor, zero
from payments.cash_records import last_recorded
from payments.models import CashCollection
from payments.monthly.promises import MonthlyPromises, sum_of
from payments.promised import Promised, nothing_promised, read_promised


@dataclass(frozen=True, slots=True)
class BranchStanding:
    """One branch in one appeal. Money is in the appeal's currency.

    ``raised`` counts every road (card, cash, transfer, sales), net of refunds. ``in_hand`` is
    counted and not yet banked. ``rank`` is its place among the ``ranked`` branches of its section
    of the league table; None before it raised anything or was given a target. ``collections``
    counts those that stand; ``last_on`` is the local date of the last. ``promised`` has not come
    yet, and is a part of no other figure.
    """

    branch: str
    name: str
    region: str
    raised: Money
    target: Money | None
    percent: int | None
    fill_percent: int
    to_go: Money | None
    rank: int | None
    ranked: int
    in_hand: Money
    collections: int
    last_on: date | None
    promised: Promised

    @property
    def monthly(self) -> MonthlyPromises:
        """What is promised every month."""
        return self.promised.monthly

    @property
    def is_target_reached(self) -> bool:
        """True from the very penny on; never without a target."""
        return self.target is not None and bool(self.raised >= self.target)

    @property
    def has_in_hand(self) -> bool:
        """True while counted cash waits to be banked."""
        return bool(self.in_hand.amount > 0)


@dataclass(frozen=True, slots=True)
class AppealStandings:
    """Some branches in one appeal, in the order of the league table, and the appeal's reading.

    ``monthly`` is of all branches and of none; ``monthly_no_branch`` is of those of none.
    """

    reading: Reading
    monthly: MonthlyPromises
    monthly_no_branch: MonthlyPromises
    branches: tuple[BranchStanding, ...]


def read_standings(appeal: Appeal, branches: Iterable[Branch]) -> AppealStandings:
    """How ``branches`` stand in an appeal: a handful of queries, however many they are."""
    (standings,) = read_all_standings([appeal], list(branches))
    return standings


def read_all_standings(
    appeals: Sequence[Appeal], branches: Sequence[Branch]
) -> list[AppealStandings]:
    """How ``branches`` stand in each appeal, in its order: as many queries as for one."""
    in_hand = _read_in_hand(appeals)
    last_on = last_recorded(appeals)
    promised = read_promised(appeals)
    found = []
    for appeal, reading in zip(appeals, read_readings(appeals), strict=True):
        rows = {row.branch: row for row in reading.league}
        places = {row.branch: place for place, row in enumerate(reading.league)}
        none = nothing_promised(appeal.currency)
        standings = []
        for branch in branches:
            in_hand_minor, collections = in_hand.get((appeal.pk, branch.pk), (0, 0))
            standings.append(
                _standing(
                    branch,
                    rows.get(branch.slug),
                    reading,
                    in_hand=from_minor(in_hand_minor, appeal.currency),
                    collections=collections,
                    last_on=last_on.get((appeal.pk, branch.pk)),
                    promised=promised.get((appeal.pk, branch.pk), none),
                )
            )
        standings.sort(key=lambda one: (places.get(one.branch, len(places)), one.name))
        monthly = [one.monthly for (pk, _), one in promised.items() if pk == appeal.pk]
        found.append(
            AppealStandings(
                reading,
                monthly=sum_of(monthly, none.monthly),
                monthly_no_branch=promised.get((appeal.pk, None), none).monthly,
                branches=tuple(standings),
            )
        )
    return found


def _read_in_hand(appeals: Sequence[Appeal]) -> dict[tuple[int, int | None], tuple[int, int]]:
    """By appeal and branch: what is in hand, in minor units, and how many collections stand."""
    held = AppealAccount.objects.filter(appeal__in=appeals, role=Role.CASH_IN_HAND)
    appeal_of = dict(held.values_list("account_id", "appeal_id"))
    return {
        (appeal_of[balance.account_id], balance.branch_id): (
            balance.debit_minor - balance.credit_minor,
            balance.debit_entries,
        )
        for balance in read_balances(appeal_of)
    }


@dataclass(frozen=True, slots=True)
class RaisedBy:
    """What one collection did: where its branch stands with it, and what it had raised before."""

    reading: Reading
    standing: BranchStanding
    before: Money


def read_raised_by(collection: CashCollection) -> RaisedBy | None:
    """What a collection raised; None for subs, which raise no appeal, and once it is reversed."""
    if collection.appeal is None or collection.reversed_at is not None:
        return None
    standings = read_standings(collection.appeal, [collection.branch])
    (standing,) = standings.branches
    return RaisedBy(standings.reading, standing, standing.raised - collection.amount)


def _standing(
    branch: Branch,
    row: LeagueRow | None,
    reading: Reading,
    *,
    in_hand: Money,
    collections: int,
    last_on: date | None,
    promised: Promised,
) -> BranchStanding:
    currency = reading.target.currency.code
    raised = row.raised if row else zero(currency)
    target = row.target if row else None
    section = reading.ranked if target is not None else reading.unranked
    return BranchStanding(
        branch=branch.slug,
        name=branch.name,
        region=branch.region.name,
        raised=raised,
        target=target,
        percent=row.percent if row else None,
        fill_percent=row.fill_percent if row else 0,
        to_go=max(target - raised, zero(currency)) if target is not None else None,
        rank=row.rank if row else None,
        ranked=len(section),
        in_hand=in_hand,
        collections=collections,
        last_on=last_on,
        promised=promised,
    )
