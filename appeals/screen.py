"""The hall screen: what the hall sees, drawn as a tube that can overflow, and where to give."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from appeals.models import Appeal, Direction
from appeals.progress import Reading
from appeals.stage.figures import JustIn
from appeals.stage.hall import HallReading, read_hall
from appeals.templatetags.money import money
from appeals.window import Phase, phase_of
from funds.money import to_minor

TUBE_UNITS: Final = 1000

# How large type may be, by the number of its characters: the screen is read from the back.
_TITLE_SIZES: Final = ((18, "large"), (36, "medium"), (70, "small"))
_NOTICE_SIZES: Final = ((8, 13), (18, 11), (40, 9), (80, 7), (130, 6))  # 16 is the largest
_JUST_IN_MINUTES: Final = 5  # what came longer ago did not come just now


@dataclass(frozen=True, slots=True)
class Tube:
    """The thermometer in whole user units, ``TUBE_UNITS`` high.

    Until the target is reached it is the top of the tube. Then the tube grows: its top is the next
    stretch target, or what was raised (with what is promised, where that is shown) where that is
    more, and a line shows where the target was. ``has_stretch`` says that a stretch target is still
    to be reached. ``fill`` is all that was raised, ``received`` the part of it that is in the bank
    or on its way, and ``promised`` how high the promises would bring it: never below ``fill``, and
    never above the top.
    """

    fill: int
    received: int
    promised: int
    target_line: int
    stretch_line: int
    has_stretch: bool


@dataclass(frozen=True, slots=True)
class Screen:
    """A hall's reading, ready to be read from thirty metres."""

    hall: HallReading
    phase: Phase
    give_address: str

    @property
    def reading(self) -> Reading:
        """The thermometer's reading, as the hall sees it."""
        return self.hall.reading

    @property
    def as_at(self) -> datetime:
        """The moment as at which the figures stand: held ones stand as of the holding."""
        return self.hall.held_at or self.hall.as_at

    @property
    def scene(self) -> str:
        """The scene that was chosen. A league table that there is not gives way to the tube."""
        if self.hall.scene == Direction.Scene.LEAGUE and not self.shows_league:
            return Direction.Scene.THERMOMETER.value
        return self.hall.scene.value

    @property
    def tube(self) -> Tube:
        """The thermometer's drawing."""
        return draw_tube(self.hall)

    @property
    def just_in(self) -> list[JustIn]:
        """What came in the last minutes before ``as_at``, newest first."""
        since = self.as_at - timedelta(minutes=_JUST_IN_MINUTES)
        return [
            one if self.reading.is_league_public else one._replace(branch=None)
            for one in self.hall.figures.just_in
            if one.at >= since
        ]

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
    def notice_size(self) -> int:
        """From 13 for a word down to 5: what surely fits, until a script finds what just fits."""
        length = len(self.hall.notice)
        return next((size for most, size in _NOTICE_SIZES if length <= most), 5)

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
    return Screen(read_hall(appeal), phase_of(appeal, at=at), give_address)


def draw_tube(hall: HallReading) -> Tube:
    """Where the mercury, its layers and the lines stand."""
    reading, layers = hall.reading, hall.figures.layers
    raised = max(0, to_minor(reading.raised))
    received = min(raised, max(0, to_minor(layers.received)))
    with_promised = raised + (max(0, to_minor(layers.promised)) if hall.shows_promised else 0)
    target = to_minor(reading.target)
    stretch = to_minor(reading.stretch_target) if reading.stretch_target else 0
    is_reached = raised >= target
    top = max(with_promised, stretch, target) if is_reached else target
    return Tube(
        fill=raised * TUBE_UNITS // top,
        received=received * TUBE_UNITS // top,
        promised=min(with_promised, top) * TUBE_UNITS // top,
        target_line=target * TUBE_UNITS // top,
        stretch_line=stretch * TUBE_UNITS // top,
        has_stretch=is_reached and stretch > raised,
    )
