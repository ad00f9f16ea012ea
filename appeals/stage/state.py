"""The state of a hall's direction, as plain data: what a step of it was, and what it made of it."""

from typing import Final, TypedDict

from appeals.models import Direction

COLUMNS: Final = ("scene", "notice", "shows_promised", "announces_milestone", "held")


class State(TypedDict):
    """The columns of ``Direction``; ``held`` is the key of the figures that are held, if any."""

    scene: str
    notice: str
    shows_promised: bool
    announces_milestone: bool
    held: int | None


def state_of(direction: Direction) -> State:
    """The present state."""
    return {
        "scene": str(direction.scene),
        "notice": direction.notice,
        "shows_promised": direction.shows_promised,
        "announces_milestone": direction.announces_milestone,
        "held": direction.held_id,
    }


def put_state(direction: Direction, state: State) -> None:
    """Make a direction be so; it is not saved."""
    direction.scene = state["scene"]
    direction.notice = state["notice"]
    direction.shows_promised = state["shows_promised"]
    direction.announces_milestone = state["announces_milestone"]
    direction.held_id = state["held"]
