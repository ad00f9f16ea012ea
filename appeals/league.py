"""The league table's rules: who stands where. Plain figures in, ranked rows out; no queries."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from funds.money import Money, from_minor

# Two ratios of 64-bit integers that differ do so by more than 2**-126: scaled by 2**128 and rounded
# down they still differ, and equal ones stay equal. So whole numbers rank as exactly as fractions.
_RATIO_BITS: Final = 128


class Standing(NamedTuple):
    """A branch before it is ranked, in minor units; ``target_minor`` is 0 for none."""

    branch: str
    name: str
    region: str
    raised_minor: int
    target_minor: int


class LeagueRow(NamedTuple):
    """One branch's standing. ``percent`` is of its own target, rounded down.

    Branches with a target are ranked by the exact ratio raised/target, then money, then name;
    those without are ranked by money in a section of their own, below. Equal in ratio and money
    share a rank (1, 1, 3). Amounts are in minor units of ``currency``, and ``target_minor`` is 0
    for none; as money they are made when asked for, since a table may hold hundreds.
    """

    rank: int
    branch: str
    name: str
    region: str
    raised_minor: int
    target_minor: int
    currency: str

    @property
    def raised(self) -> Money:
        """What is credited to the branch, net of refunds."""
        return from_minor(self.raised_minor, self.currency)

    @property
    def target(self) -> Money | None:
        """The branch's own target."""
        return from_minor(self.target_minor, self.currency) if self.target_minor else None

    @property
    def percent(self) -> int | None:
        """Of its own target, rounded down."""
        return whole_percent(self.raised_minor, self.target_minor) if self.target_minor else None

    @property
    def fill_percent(self) -> int:
        """``percent``, capped at 100: the width of the bar."""
        return min(100, self.percent or 0)


def whole_percent(raised_minor: int, target_minor: int) -> int:
    """Rounded down, so that 100 means truly reached; 0 when refunds exceed donations."""
    return max(0, raised_minor * 100 // target_minor)


def rank_standings(standings: Iterable[Standing], currency: str) -> list[LeagueRow]:
    """The rows of a league table: first the branches with a target, then those without."""
    with_target: list[Standing] = []
    without_target: list[Standing] = []
    for standing in standings:
        (with_target if standing.target_minor else without_target).append(standing)
    return [*_number(with_target, currency), *_number(without_target, currency)]


def _merit(standing: Standing) -> tuple[int, int]:
    """The exact ratio, scaled, then the money; for branches without a target the money alone."""
    raised_minor, target_minor = standing.raised_minor, standing.target_minor
    return ((raised_minor << _RATIO_BITS) // target_minor if target_minor else 0, raised_minor)


def _number(standings: Sequence[Standing], currency: str) -> list[LeagueRow]:
    """The rows of one section, best first: equal in merit share a rank (1, 1, 3)."""
    by_name = sorted(((_merit(each), each) for each in standings), key=lambda pair: pair[1].name)
    by_name.sort(key=lambda pair: pair[0], reverse=True)  # stable: equals stay in order of name
    rows: list[LeagueRow] = []
    rank, above = 0, None
    for place, (merit, standing) in enumerate(by_name, start=1):
        if merit != above:
            rank, above = place, merit
        rows.append(LeagueRow(rank, *standing, currency))
    return rows
