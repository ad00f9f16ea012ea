"""How appeals are doing: the readings behind thermometers, league tables and the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils import timezone

from appeals.league import LeagueRow, rank_standings, whole_percent
from appeals.models import Appeal, AppealAccount
from appeals.tally import Tally, read_tallies
from funds.money import Money, from_minor, to_minor

__all__ = ["LeagueRow", "Reading", "read_reading", "read_readings"]

Role = AppealAccount.Role

_INCOME_ROLES: Final = (Role.CARD, Role.CASH, Role.TRANSFER, Role.SALES)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a thermometer shows at one moment. No personal data, ever.

    ``raised`` is net of refunds and is the sum of ``by_method``, and of the league's rows and
    ``no_branch``. ``sequence`` only grows within an ``epoch``. ``as_at`` is aware, in UTC.
    ``card_donations`` counts card donations received, ``collections`` the cash collections that
    stand. ``promised`` is promised once; ``promised_monthly`` is what donors have undertaken to
    give every month, and a part of no other sum. ``being_counted`` says how many buckets are
    counted just now: what is in them is in no sum before two people agree. ``stretch_target`` is
    null until the target is reached, then the next one to reach (the last stays).
    ``is_league_public`` is False for an appeal that keeps its branches' standings to itself:
    treasurers see them, the public and the API do not.
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
    promised_monthly: Money
    being_counted: int
    league: Sequence[LeagueRow]
    no_branch: Money
    is_league_public: bool = True

    def says_the_same_as(self, other: "Reading") -> bool:
        """Whether they differ in nothing but the time of reading."""
        return replace(self, as_at=other.as_at) == other

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
        return [row for row in self.league if row.target_minor]

    @property
    def unranked(self) -> list[LeagueRow]:
        """The rows of branches without a target, in their own section."""
        return [row for row in self.league if not row.target_minor]


def read_reading(appeal: Appeal) -> Reading:
    """The reading of an appeal now: one query of index look-ups, whatever the books hold."""
    (reading,) = read_readings([appeal])
    return reading


def read_readings(appeals: Sequence[Appeal]) -> list[Reading]:
    """The readings of some appeals now, in their order: one query, as for one."""
    tallies = read_tallies({appeal.pk: appeal.currency for appeal in appeals})
    return [_reading(appeal, tallies[appeal.pk]) for appeal in appeals]


def _reading(appeal: Appeal, tally: Tally) -> Reading:
    currency = appeal.currency
    target_minor = to_minor(appeal.target)
    raised_minor = sum(tally.net_minor(role) for role in _INCOME_ROLES)
    return Reading(
        slug=appeal.slug,
        title=appeal.title,
        status=appeal.status,
        epoch=tally.epoch,
        sequence=appeal.revision + tally.postings,
        as_at=timezone.now(),
        target=from_minor(target_minor, currency),
        raised=from_minor(raised_minor, currency),
        percent=whole_percent(raised_minor, target_minor),
        stretch_target=_next_stretch_target(appeal, raised_minor, target_minor),
        to_go=from_minor(max(0, target_minor - raised_minor), currency),
        card_donations=tally.entries(Role.CARD),
        collections=tally.entries(Role.CASH),
        by_method={
            role.value: from_minor(tally.net_minor(role), currency) for role in _INCOME_ROLES
        },
        counted_not_banked=from_minor(-tally.net_minor(Role.CASH_IN_HAND), currency),
        promised=from_minor(tally.promised_minor, currency),
        promised_monthly=from_minor(tally.monthly_minor, currency),
        being_counted=tally.being_counted,
        league=rank_standings(tally.standings, currency),
        no_branch=from_minor(tally.no_branch_minor, currency),
        is_league_public=appeal.show_league,
    )


def _next_stretch_target(appeal: Appeal, raised_minor: int, target_minor: int) -> Money | None:
    """None until the target is reached; then the next one to reach, at last the last one."""
    if raised_minor < target_minor or not appeal.stretch_targets:
        return None
    stretches = sorted(_minor_of(amount, appeal.currency) for amount in appeal.stretch_targets)
    next_one = next((stretch for stretch in stretches if stretch > raised_minor), stretches[-1])
    return from_minor(next_one, appeal.currency)


def _minor_of(amount: Decimal, currency: str) -> int:
    return to_minor(Money(amount, currency))
