"""The demo's rally night: begun by the chair, with a remote for the collection speaker's phone."""

import re
from typing import Final, NamedTuple

from whipround.demo.doors import DoorError, Treasurer

_CODE: Final = re.compile(r'class="seat-code">([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})<')
_LINK: Final = re.compile(r'value="(http[^"]+/stage/r/[-\w]{43}/)"')
_TOLD: Final = re.compile(r"^remote (\S+) (\S+)$", re.MULTILINE)


class Remote(NamedTuple):
    """What gives a phone the remote: a code to type, and a link to follow."""

    code: str
    link: str

    def __str__(self) -> str:
        return f"remote {self.code} {self.link}"


def begin_rally_night(chair: Treasurer) -> Remote:
    """Begin the night and make a remote, by the chair's own pages.

    Raises:
        DoorError: A page did not answer as it does for users.
    """
    set_up = "/stage/rally/set-up/"
    chair.submit(set_up, {}, to=f"{set_up}begin/")
    page = chair.read(chair.submit(set_up, {"label": "Collection speaker"}))
    code, link = _CODE.search(page), _LINK.search(page)
    if code is None or link is None:
        raise DoorError("the page of a remote shows no code or no link")
    return Remote(code[1], link[1])


def find_told(log: str) -> Remote | None:
    """The remote that the seeding told of in its log."""
    told = _TOLD.search(log)
    return Remote(told[1], told[2]) if told else None
