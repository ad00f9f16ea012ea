"""What a control was asked for, read from JSON."""

from collections.abc import Awaitable, Callable
from typing import Any

from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

Control = Callable[[World, Obj], Awaitable[Obj]]
"""World, the JSON that was sent -> the JSON of the answer."""


class ControlError(Exception):
    """A control was asked for what it cannot do; nothing was done."""


def take(asked: Obj, **kinds: type) -> list[Any]:
    """The values of these names, None where one was not sent; any other name is refused."""
    if unknown := asked.keys() - kinds.keys():
        raise ControlError(f"unknown: {sorted(unknown)}; there are {sorted(kinds)}")
    for name, kind in kinds.items():
        if name in asked and not isinstance(asked[name], kind):
            raise ControlError(f"{name} cannot be {asked[name]!r}")
    return [asked.get(name) for name in kinds]
