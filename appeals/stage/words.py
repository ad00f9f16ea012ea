"""Steps in words: what was done, by whom, and what an undo of it would bring back."""

from collections.abc import Iterable, Mapping
from typing import Any

from appeals.models import Direction, DirectionStep, HeldFigures
from appeals.stage.keeping import read_kept
from appeals.templatetags.money import money

Command = DirectionStep.Command
Sums = Mapping[int, str]

_PLAIN = {
    Command.SHOW_PROMISED: "promised shown",
    Command.HIDE_PROMISED: "promised hidden",
    Command.REVEAL: "revealed",
    Command.ANNOUNCE: "next milestone announced",
    Command.CLEAR: "cleared",
}


def read_sums(steps: Iterable[DirectionStep]) -> Sums:
    """What was raised at each hold that the steps tell of, as text, by the key of what is kept."""
    keys = {state["held"] for step in steps for state in (step.before, step.after)} - {None}
    if not keys:
        return {}
    return {
        kept.pk: money(read_kept(kept.figures).reading.raised)
        for kept in HeldFigures.objects.filter(pk__in=keys)
    }


def say_step(step: DirectionStep, sums: Sums) -> str:
    """What was done: ``scene League table``, ``held at £29,950``."""
    command = Command(step.command)
    if command == Command.SCENE:
        return f"scene {_scene(step.after)}"
    if command == Command.NOTICE:
        return f"notice “{step.after['notice']}”"
    if command == Command.HOLD:
        return f"held at {sums[step.after['held']]}"
    if step.undoes is not None:
        return f"undone: {say_step(step.undoes, sums)}"
    return _PLAIN[command]


def say_who(step: DirectionStep) -> str:
    """A remote's label, or the name of a log-in."""
    if step.remote is not None:
        return step.remote.label
    assert step.by is not None
    return step.by.get_full_name() or step.by.get_username()


def say_return(step: DirectionStep, sums: Sums) -> str:
    """What the hall would see again if the step were undone."""
    before, after = step.before, step.after
    told = []
    if before["held"] != after["held"]:
        seen = f"{sums[before['held']]}, held" if before["held"] else "the true figure"
        told.append(f"the hall sees {seen}")
    if (before["scene"], before["notice"]) != (after["scene"], after["notice"]):
        told.append(f"back to {_scene(before)}")
    return ", ".join(told)


def _scene(state: Mapping[str, Any]) -> str:
    name = str(Direction.Scene(state["scene"]).label)
    return f"{name} “{state['notice']}”" if state["scene"] == Direction.Scene.NOTICE else name
