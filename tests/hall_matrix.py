"""Readings of a hall in every state, and a way to push them into an open screen.

A screen takes its readings from a stream; ``FED_BY_HAND`` puts a stream in its place that tells
what ``push`` gives it, so that hundreds of states cost one page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final

from playwright.sync_api import Page

from appeals.league import LeagueRow, Standing, rank_standings, whole_percent
from appeals.models import Direction
from appeals.progress import Reading
from appeals.stage.figures import HallFigures, JustIn
from appeals.stage.hall import HallReading
from appeals.stage.hall_json import hall_json
from funds.money import Money, from_minor, to_minor

Scene = Direction.Scene

SIZES: Final = ((1920, 1080), (1280, 720), (1024, 768))
BRANCHES: Final = (8, 120)
NOTICE: Final = (
    "The buckets come round again in five minutes. If you have no cash, scan the code on your seat "
    "or at the door, and give what you can."
)

FED_BY_HAND: Final = """
window.EventSource = class extends EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor() { super(); window.stream = this; }
    close() {}
};
window.push = (reading) => window.stream.dispatchEvent(
    new MessageEvent("reading", { data: JSON.stringify(reading) }));
"""
"""A script for ``add_init_script``: run before the page's own."""

_sequence, _epochs = count(1_000_000), count()
_NOW: Final = datetime(2026, 11, 21, 20, 14, 7, tzinfo=UTC)
_PLACES: Final = ("Leeds", "Newcastle upon Tyne", "Sheffield", "Hull", "Kingston and Merton")


@dataclass(frozen=True)
class Money3:
    """What a state is about: raised of target, with a name for pictures."""

    name: str
    raised: str
    target: str
    stretch: str = ""


TOTALS: Final = (
    Money3("0", "0", "30000"),
    Money3("3", "902.40", "30000"),
    Money3("99.9", "29970", "30000"),
    Money3("100", "30000", "30000", "40000"),
    Money3("140", "42021", "30000", "45000"),
    Money3("1000", "300000", "30000"),
    Money3("millions", "12345678.90", "10000000", "15000000"),
)


@dataclass(frozen=True)
class State:
    """One picture of the matrix."""

    scene: Direction.Scene
    total: Money3
    branches: int

    @property
    def name(self) -> str:
        return f"{self.scene}-{self.total.name}-{self.branches}"


def every_state() -> Iterator[State]:
    """Every scene, total and number of branches."""
    for branches in BRANCHES:
        for total in TOTALS:
            for scene in Scene:
                yield State(scene, total, branches)


def make_hall(state: State, **fields: Any) -> dict[str, Any]:
    """The hall's reading of a state as JSON, with all that may stand on the screen at once."""
    raised, target = _gbp(state.total.raised), _gbp(state.total.target)
    stretches = [_gbp(state.total.stretch)] if state.total.stretch else []
    is_reached = raised >= target
    league = _league(state.branches, raised, target)
    reading = Reading(
        slug="rally",
        title="Rally for Socialism",
        status="open",
        epoch=f"matrix-{next(_epochs)}",  # of its own, so that no milestone is passed
        sequence=next(_sequence),
        as_at=_NOW,
        target=target,
        raised=raised,
        percent=whole_percent(to_minor(raised), to_minor(target)),
        stretch_target=stretches[0] if stretches and is_reached else None,
        to_go=max(target - raised, _gbp("0")),
        card_donations=120,
        collections=8,
        by_method={
            "card": raised,
            **{method: _gbp("0") for method in ("cash", "transfer", "sales")},
        },
        counted_not_banked=from_minor(to_minor(raised) // 10, "GBP"),
        promised=from_minor(to_minor(target) // 7, "GBP"),
        promised_monthly=_gbp("0"),
        being_counted=2,
        league=league,
        no_branch=_gbp("0"),
    )
    figures = HallFigures(
        reading=reading,
        stretches=stretches,
        lowered=None,
        just_in=[
            JustIn("a", _gbp("25"), "Leeds", "card", _NOW),
            JustIn("b", _gbp("312.40"), "Newcastle upon Tyne", "cash", _NOW),
            JustIn("c", _gbp("10"), None, "card", _NOW),
        ],
    )
    hall = HallReading(
        figures=figures,
        step=1,
        scene=state.scene,
        notice=NOTICE,
        shows_promised=True,
        announces_milestone=True,
        held_at=None,
    )
    made = hall_json(hall)
    made["hall"] |= fields
    return made


def push(page: Page, reading: dict[str, Any]) -> None:
    """Tell an open screen; it shows it at once, as it is told to without motion."""
    page.evaluate("reading => window.push(reading)", reading)


def _league(branches: int, raised: Money, target: Money) -> list[LeagueRow]:
    share, branch_target = to_minor(raised) // branches, to_minor(target) // branches
    return rank_standings(
        [
            Standing(
                f"branch-{number}",
                f"{_PLACES[number % len(_PLACES)]} {number + 1}",
                "Yorkshire",
                share * (number % 7 + 1) // 4,
                0 if number % 5 == 4 else branch_target,
            )
            for number in range(branches)
        ],
        "GBP",
    )


def _gbp(amount: str) -> Money:
    return Money(Decimal(amount).quantize(Decimal("0.01")), "GBP")
