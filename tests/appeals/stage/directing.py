"""Short ways to direct a hall."""

import uuid
from typing import Any

from appeals.models import Appeal, Direction, DirectionStep, StageRemote
from appeals.stage.commands import Command, Order, Scene, give_order
from appeals.stage.remotes import make_remote
from funds.models import Membership, User
from tests.factories import make_user

__all__ = ["Command", "Scene", "chair", "order", "remote_of", "say", "step_of"]


def chair() -> User:
    return make_user(role=Membership.Role.CHAIR)


def remote_of(appeal: Appeal, label: str = "Chair's phone") -> StageRemote:
    return make_remote(appeal, label=label, made_by=chair())


def step_of(appeal: Appeal) -> int:
    """The number of the newest step."""
    direction = Direction.objects.filter(appeal=appeal).first()
    return direction.step if direction else 0


def order(command: DirectionStep.Command, *, seen: int = 0, **fields: Any) -> Order:
    """A command that was never given before."""
    return Order(key=fields.pop("key", uuid.uuid4()), command=command, seen=seen, **fields)


def say(
    appeal: Appeal, command: DirectionStep.Command, *, by: User | StageRemote, **fields: Any
) -> Direction:
    """Give a command that has seen the newest step."""
    fields.setdefault("seen", step_of(appeal))
    return give_order(appeal, order(command, **fields), by=by)
