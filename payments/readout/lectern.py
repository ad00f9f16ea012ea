"""What the lectern is told: what may be read out, in which order, and what was read before."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from payments.readout.queue import Queue, Queued
from payments.readout.standing import DONE, State


@dataclass(frozen=True, slots=True)
class Place:
    """One thing at the lectern; ``before`` and ``after`` are references of what was read, or empty.

    ``is_to_read`` is false for a thing that is behind us, and is shown again.
    """

    current: Queued | None
    before: str
    after: str
    is_to_read: bool


def place_of(queue: Queue, *, at: str) -> Place:
    """The thing that ``at`` names, if it was read or skipped; else the first that may be read."""
    done = list(reversed(queue.done))
    names = [str(one.item.reference) for one in done]
    if at in names:
        here = names.index(at)
        return Place(
            done[here],
            before=names[here - 1] if here else "",
            after=names[here + 1] if here + 1 < len(names) else "",
            is_to_read=False,
        )
    return Place(
        next(iter(queue.ready), None), before=names[-1] if names else "", after="", is_to_read=True
    )


def lectern_json(queue: Queue) -> dict[str, Any]:
    """All that the page keeps, so that it goes on without a connection.

    ``items`` are in the order in which they came; ``done`` is the step that put a thing behind us,
    by which it is found again, or 0.
    """
    return {
        "as_at": timezone.now().isoformat(),
        "waiting": len(queue.to_decide),
        "items": [_item_json(one) for one in queue.in_state(State.READY, *DONE)],
    }


def _item_json(one: Queued) -> dict[str, Any]:
    return {
        "item": str(one.item.reference),
        "amount": one.item.amount,
        "every": one.item.every,
        "who": one.who,
        "where": one.item.where,
        "length": one.length,
        "state": one.state.value,
        "done": one.last_step if one.state in DONE else 0,
        "gone": one.item.gone,
    }
