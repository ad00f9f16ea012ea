"""The demo's read-out queue: the chair lets a few things through, and holds one back."""

import re
import uuid
from typing import Final

from whipround.demo.doors import Treasurer

_ITEM: Final = re.compile(r'data-item="([0-9a-f-]{36})"')
_LET_THROUGH: Final = 5
_LEFT: Final = 6  # for whoever looks: these wait to be decided


def screen(chair: Treasurer, *, appeal: str) -> None:
    """Of what came by card last, some are at the lectern, one is held back, and a few wait."""
    page = f"/desk/{appeal}/read-out/"
    items = _ITEM.findall(chair.read(page))
    for item in items[-_LEFT - _LET_THROUGH - 1 : -_LEFT - 1]:
        _decide(chair, page, item, "pass")
    for item in items[-_LEFT - 1 : -_LEFT]:
        _decide(chair, page, item, "hold")


def _decide(chair: Treasurer, page: str, item: str, decision: str) -> None:
    told: dict[str, str | list[str]] = {
        "key": str(uuid.uuid4()),
        "item": item,
        "seen": "0",
        "decision": decision,
    }
    chair.submit(page, told, to=f"{page}decide/")
