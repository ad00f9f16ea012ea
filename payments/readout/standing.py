"""How one thing stands in the queue, from the decisions about it: no database, no words."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from payments.models import ReadOutStep

Decision = ReadOutStep.Decision


class State(StrEnum):
    """Where a thing is on its way to the lectern."""

    NEW = "new"
    SECOND = "second"
    READY = "ready"
    HELD = "held"
    SKIPPED = "skipped"
    READ = "read"


DONE: Final = frozenset({State.READ, State.SKIPPED})
"""At the lectern this is behind us."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state, whether the name is left out, who let it through, and the step that counts last.

    ``passed_by`` holds users' keys, each once.
    """

    state: State
    nameless: bool = False
    passed_by: tuple[int, ...] = ()
    last: ReadOutStep | None = None


@dataclass(slots=True)
class _Fold:
    passes: dict[int, bool] = field(default_factory=dict)
    is_held: bool = False
    is_skipped: bool = False
    is_read: bool = False
    last: ReadOutStep | None = None

    def add(self, step: ReadOutStep) -> None:
        self.last = step
        match step.decision:
            case Decision.PASS | Decision.PASS_NAMELESS:
                self.is_held = self.is_skipped = False
                nameless = step.decision == Decision.PASS_NAMELESS
                self.passes[step.by_id] = nameless or self.passes.get(step.by_id, False)
            case Decision.HOLD:
                self.is_held = True
                self.passes.clear()  # whoever lets it through after that has looked again
            case Decision.SKIP:
                self.is_skipped = True
            case Decision.READ:
                self.is_read = True


def standing_of(steps: Iterable[ReadOutStep], *, needs_two: bool) -> Standing:
    """How a thing stands after these steps about it, in their order.

    What was undone is as if it had not been. A name is left out as soon as one person says so.
    """
    given = list(steps)
    undone = {step.undoes_id for step in given if step.undoes_id is not None}
    fold = _Fold()
    for step in given:
        if step.decision != Decision.UNDO and step.pk not in undone:
            fold.add(step)
    return Standing(
        _state_of(fold, needs_two=needs_two),
        nameless=any(fold.passes.values()),
        passed_by=tuple(fold.passes),
        last=fold.last,
    )


def _state_of(fold: _Fold, *, needs_two: bool) -> State:
    if fold.is_read:
        return State.READ
    if fold.is_skipped:
        return State.SKIPPED
    if fold.is_held:
        return State.HELD
    if len(fold.passes) >= 1 + needs_two:
        return State.READY
    return State.SECOND if fold.passes else State.NEW
