"""The league table's rules: who stands where. Plain figures in, ranked rows out; no queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from funds.money import Money, from_minor


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


class Standing(NamedTuple):
    """A branch before it is ranked, in minor units; ``target_minor`` is 0 for none."""

    branch: str
    name: str
    region: str
    raised_minor: int
    target_minor: int


def whole_percent(raised_minor: int, target_minor: int) -> int:
    """Rounded down, so that 100 means truly reached; 0 when refunds exceed donations."""
    return max(0, raised_minor * 100 // target_minor)


def rank_standings(standings: Iterable[Standing], currency: str) -> list[LeagueRow]:
    """The rows of a league table: first the branches with a target, then those without."""
    with_target: list[Standing] = []
    without_target: list[Standing] = []
    for standing in standings:
        (with_target if standing.target_minor else without_target).append(standing)
    with_target.sort(key=lambda s: (-_ratio(s), -s.raised_minor, s.name))
    without_target.sort(key=lambda s: (-s.raised_minor, s.name))
    return [
        *_number(with_target, currency),
        *_number(without_target, currency),
    ]


def _ratio(standing: Standing) -> Fraction:
    """Exact: two branches a penny apart never tie."""
    return Fraction(standing.raised_minor, standing.target_minor or 1)


def _number(standings: Sequence[Standing], currency: str) -> list[LeagueRow]:
    """Ranks of sorted standings of one section: equal in ratio and money share one (1, 1, 3)."""
    rows: list[LeagueRow] = []
    above: Standing | None = None
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
                percent=whole_percent(standing.raised_minor, target_minor)
                if target_minor
                else None,
            )
        )
        above = standing
    return rows
