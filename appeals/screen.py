"""What the hall screen shows: a reading, drawn as a tube that can overflow, and where to give."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from appeals.models import Appeal
from appeals.progress import Reading, read_reading
from appeals.templatetags.money import money
from appeals.window import Phase, phase_of
from funds.money import to_minor

TUBE_UNITS: Final = 1000

# How large type may be, by the number of its characters: the screen is read from the back.
_TITLE_SIZES: Final = ((18, "large"), (36, "medium"), (70, "small"))


@dataclass(frozen=True, slots=True)
class Tube:
    """The thermometer in whole user units, ``TUBE_UNITS`` high.

    Until the target is reached it is the top of the tube. Then the tube grows: its top is the next
    stretch target, or what was raised where that is more, and a line shows where the target was.
    ``has_stretch`` says that the top is a stretch target still to be reached.
    """

    fill: int
    target_line: int
    has_stretch: bool


@dataclass(frozen=True, slots=True)
class Screen:
    """A reading, ready to be read from thirty metres."""

    reading: Reading
    phase: Phase
    give_address: str

    @property
    def tube(self) -> Tube:
        """The thermometer's drawing."""
        return draw_tube(self.reading)

    @property
    def pounds(self) -> str:
        """The total without its pence: ``£42,021``."""
        return money(self.reading.raised).partition(".")[0]

    @property
    def pence(self) -> str:
        """``.50``, or nothing when the total is whole."""
        _, point, pence = money(self.reading.raised).partition(".")
        return point + pence

    @property
    def total_length(self) -> int:
        """Characters of the pounds, by which their size is chosen."""
        return len(self.pounds)

    @property
    def title_size(self) -> str:
        """``large`` for a short title, down to ``tiny`` for the longest."""
        length = len(self.reading.title)
        return next((size for most, size in _TITLE_SIZES if length <= most), "tiny")

    @property
    def is_open(self) -> bool:
        """True while the appeal takes money: only then the way to give is shown."""
        return self.phase == Phase.OPEN

    @property
    def shows_league(self) -> bool:
        """True when there are standings, and they are public."""
        return self.reading.is_league_public and bool(self.reading.league)

    @property
    def short_address(self) -> str:
        """The give page as people read and type it: no scheme, no slash at the end."""
        parts = urlsplit(self.give_address)
        return f"{parts.netloc}{parts.path}".rstrip("/")


def read_screen(appeal: Appeal, *, give_address: str, at: datetime) -> Screen:
    """The hall screen of an appeal at an aware moment. ``give_address`` is absolute."""
    return Screen(read_reading(appeal), phase_of(appeal, at=at), give_address)


def draw_tube(reading: Reading) -> Tube:
    """Where the mercury and the target's line stand."""
    raised = max(0, to_minor(reading.raised))
    target = to_minor(reading.target)
    stretch = to_minor(reading.stretch_target) if reading.stretch_target else 0
    top = max(raised, stretch, target) if raised >= target else target
    return Tube(
        fill=raised * TUBE_UNITS // top,
        target_line=target * TUBE_UNITS // top,
        has_stretch=raised >= target and stretch > raised,
    )
