"""What a remote shows: what the hall sees, what is true, what was done last, what can be undone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appeals.models import Appeal, Direction, DirectionStep
from appeals.progress import Reading
from appeals.reading_json import money_json
from appeals.stage.commands import find_undoable
from appeals.stage.hall import HallReading, direct, read_figures
from appeals.stage.hall_json import hall_json
from appeals.stage.words import Sums, read_sums, say_return, say_step, say_who
from funds.money import Money


@dataclass(frozen=True, slots=True)
class Told:
    """A step in words. ``at`` is aware; ``back`` is what its undo would bring back, if anything."""

    what: str
    who: str
    at: datetime
    back: str


@dataclass(frozen=True, slots=True)
class Board:
    """One moment: ``hall`` is what the hall sees and ``true`` the reading as it is."""

    hall: HallReading
    true: Reading
    last: Told | None
    undoable: Told | None

    @property
    def ahead(self) -> Money:
        """How much more is true than the hall sees; negative after a refund."""
        return self.true.raised - self.hall.reading.raised


def read_board(appeal: Appeal) -> Board:
    """The board now: six queries, or seven where a hold is told of."""
    direction = Direction.objects.select_related("held").filter(appeal=appeal).first()
    figures = read_figures(appeal)
    last = (
        DirectionStep.objects.select_related("by", "remote", "undoes")
        .filter(appeal=appeal)
        .order_by("-number")
        .first()
    )
    undoable = find_undoable(appeal) if last else None
    steps = [step for step in (last, undoable, last and last.undoes) if step]
    sums = read_sums(steps)
    return Board(
        hall=direct(direction or Direction(appeal=appeal), figures),
        true=figures.reading,
        last=_tell(last, sums) if last else None,
        undoable=_tell(undoable, sums) if undoable else None,
    )


def board_json(board: Board) -> dict[str, Any]:
    """For the remote's own script. The standings are left out: a remote shows none."""
    return {
        "hall": {**hall_json(board.hall), "league": []},
        "true": {
            "epoch": board.true.epoch,
            "sequence": board.true.sequence,
            "raised": money_json(board.true.raised),
            "promised": money_json(board.true.promised),
        },
        "last": _told_json(board.last),
        "undo": _told_json(board.undoable),
    }


def _tell(step: DirectionStep, sums: Sums) -> Told:
    return Told(say_step(step, sums), say_who(step), step.at, say_return(step, sums))


def _told_json(told: Told | None) -> dict[str, str] | None:
    if told is None:
        return None
    return {"what": told.what, "who": told.who, "at": told.at.isoformat(), "back": told.back}
