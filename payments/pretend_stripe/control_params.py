"""What a control is asked for, and its refusal."""

from collections.abc import Awaitable, Callable
from types import UnionType
from typing import Any, TypeAlias

from payments.pretend_stripe.wire import Obj
from payments.pretend_stripe.world import World

Control: TypeAlias = Callable[[World, Obj], Awaitable[Obj]]
"""The world and what was sent as JSON -> the answer."""


class ControlError(Exception):
    """A control was asked for what it cannot do; nothing was done."""


def take(asked: Obj, **kinds: type | UnionType) -> list[Any]:
    """The values of these names, None where one was not sent; any other name is refused."""
    if unknown := asked.keys() - kinds.keys():
        raise ControlError(f"unknown: {sorted(unknown)}; there are {sorted(kinds)}")
    for name, kind in kinds.items():
        if name in asked and not _is(asked[name], kind):
            raise ControlError(f"{name} cannot be {asked[name]!r}")
    return [asked.get(name) for name in kinds]


def take_amount(amount: int | None) -> int | None:
    """An amount in minor units, at least 1, or None where none was sent."""
    if amount is not None and amount < 1:
        raise ControlError("amount must be at least 1 (minor units)")
    return amount


def needed(value: Any, name: str) -> Any:  # noqa: ANN401 - whatever JSON held
    """A value that must have been sent."""
    if value is None:
        raise ControlError(f"{name} is needed")
    return value


def _is(value: object, kind: type | UnionType) -> bool:
    """JSON's true is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
