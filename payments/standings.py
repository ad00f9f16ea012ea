"""How branches stand in an appeal, as their treasurers see it: raised, in hand, place."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from appeals.accounts import Role, appeal_account
from appeals.models import Appeal
from appeals.progress import LeagueRow, Reading, read_reading
from funds.balances import read_balances
from funds.models import Branch
from funds.money import Money, from_minor, zero
from payments.cash_records import last_recorded
from payments.monthly.promises import MonthlyPromises, read_monthly_promises, sum_of


@dataclass(frozen=True, slots=True)
class BranchStanding:
    """One branch in one appeal. Money is in the appeal's currency.

    ``raised`` counts every road (card, cash, transfer, sales), net of refunds. ``in_hand`` is
    counted and not yet banked. ``rank`` is its place among the ``ranked`` branches of its section
    of the league table; None before it raised anything or was given a target. ``collections``
    counts those that stand; ``last_on`` is the local date of the last. ``monthly`` is
    promised every month, and a part of no other figure.
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
    monthly: MonthlyPromises

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
    reading = read_reading(appeal)
    rows = {row.branch: row for row in reading.league}
    places = {row.branch: place for place, row in enumerate(reading.league)}
    account = appeal_account(appeal, Role.CASH_IN_HAND)
    in_hand = {
        balance.branch_id: (balance.debit_minor - balance.credit_minor, balance.debit_entries)
        for balance in read_balances([account.pk])
    }
    last_on = last_recorded(appeal)
    monthly = read_monthly_promises(appeal)
    none = MonthlyPromises(0, zero(appeal.currency))
    standings = []
    for branch in branches:
        in_hand_minor, collections = in_hand.get(branch.pk, (0, 0))
        standings.append(
            _standing(
                branch,
                rows.get(branch.slug),
                reading,
                in_hand=from_minor(in_hand_minor, appeal.currency),
                collections=collections,
                last_on=last_on.get(branch.pk),
                monthly=monthly.get(branch.pk, none),
            )
        )
    standings.sort(key=lambda standing: (places.get(standing.branch, len(places)), standing.name))
    return AppealStandings(
        reading,
        monthly=sum_of(monthly.values(), none),
        monthly_no_branch=monthly.get(None, none),
        branches=tuple(standings),
    )


def _standing(
    branch: Branch,
    row: LeagueRow | None,
    reading: Reading,
    *,
    in_hand: Money,
    collections: int,
    last_on: date | None,
    monthly: MonthlyPromises,
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
        monthly=monthly,
    )
