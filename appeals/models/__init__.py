"""What the shop window and the hall keep."""

from appeals.models.appeal import (
    Appeal,
    AppealAccount,
    BeingCounted,
    BranchTarget,
    Promise,
    default_suggested_amounts,
)
from appeals.models.stage import Direction, DirectionStep, HeldFigures, Night, StageRemote

__all__ = [
    "Appeal",
    "AppealAccount",
    "BeingCounted",
    "BranchTarget",
    "Direction",
    "DirectionStep",
    "HeldFigures",
    "Night",
    "Promise",
    "StageRemote",
    "default_suggested_amounts",
]
