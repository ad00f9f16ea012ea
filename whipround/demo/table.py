"""The demo's counting table: buckets of a market stall, by the doors of a treasurer and two more.

It is left as it stands in the middle of an evening: one bucket agreed, one where the counts differ
by £3.20, one that nobody has counted yet; and what was in hand of the week before is banked.
"""

import re
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from whipround.demo.doors import DoorError, Treasurer, hidden_fields, read_page

_CODE: Final = re.compile(
    r"/count/([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})/|>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})<"
)
_COLLECTION: Final = re.compile(r'name="collections" value="([0-9a-f-]{36})"')


@dataclass(frozen=True, slots=True)
class Evening:
    """What was counted: for each bucket the two counts, by face value in pence; None: not yet."""

    appeal: str
    branch: str
    name: str
    buckets: tuple[tuple[dict[int, int], dict[int, int]] | None, ...]


MARKET_STALL: Final = Evening(
    appeal="fighting-fund",
    branch="leeds",
    name="Kirkgate market",
    buckets=(
        ({2000: 2, 1000: 1, 100: 13, 20: 2}, {2000: 2, 1000: 1, 100: 13, 20: 2}),
        ({1000: 4, 100: 31, 20: 4}, {1000: 4, 100: 34, 20: 5}),
        None,
    ),
)


class Counter:
    """Somebody at the table, with a phone and a code, and no log-in."""

    def __init__(self, site: str, code: str, *, name: str) -> None:
        """Sits down."""
        self._http = httpx.Client(base_url=site, timeout=30)
        self._table = f"/count/{code}/"
        self._post(self._table, self._table, {"name": name, "related": "no"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def count(self, bucket: int, pieces: dict[int, int]) -> None:
        """Hand in what is in one bucket."""
        fields = {f"count_GBP_{face}": str(number) for face, number in pieces.items()}
        sheet = f"{self._table}buckets/{bucket}/"
        self._post(sheet, f"{self._table}sheets/", {**fields, "large_gift": "no"})

    def _post(self, page: str, address: str, fields: dict[str, str]) -> None:
        form = hidden_fields(read_page(self._http.get(page)))
        answer = self._http.post(
            address, data={**form, **fields}, headers={"Referer": f"{self._http.base_url}{page}"}
        )
        if answer.status_code not in {302, 303}:
            raise DoorError(f"POST {address} answered {answer.status_code}")


def spend_evening(treasurer: Treasurer, evening: Evening, *, held_on: date) -> None:
    """Buckets go out and come back; two people count; the treasurer looks on."""
    board = treasurer.submit(
        "/treasurer/occasions/new/",
        {
            "appeal": evening.appeal,
            "branch": evening.branch,
            "name": evening.name,
            "kind": "collection",
            "place_type": "street",
            "count_rule": "two",
            "held_on": held_on.isoformat(),
            "how_many": str(len(evening.buckets)),
            **{
                f"bucket_{number}_seal_number": f"LE 10{40 + number}"
                for number in range(1, len(evening.buckets) + 1)
            },
        },
    )
    treasurer.submit(board, {}, to=f"{board}begin/")
    codes = [_code(treasurer, board, side) for side in ("a", "b")]
    with (
        Counter(treasurer.site, codes[0], name="Asha Example") as first,
        Counter(treasurer.site, codes[1], name="Ben Example") as second,
    ):
        for number, counts in enumerate(evening.buckets, start=1):
            if counts is not None:
                first.count(number, counts[0])
                second.count(number, counts[1])


def bank_all_in_hand(treasurer: Treasurer, *, slip_number: str, paid_in_on: date) -> None:
    """Everything that is in hand goes to the bank, with one slip."""
    page = treasurer.read("/treasurer/payings-in/new/")
    fields: dict[str, str | list[str]] = {
        "slip_number": slip_number,
        "paid_in_on": paid_in_on.isoformat(),
        "paid_in_by": "Leeds treasurer",
        "paid_in_with": "Second counter",
        "collections": _COLLECTION.findall(page),
    }
    treasurer.submit("/treasurer/payings-in/new/", fields)


def _code(treasurer: Treasurer, board: str, side: str) -> str:
    seat = treasurer.submit(board, {"side": side, "for": "another"}, to=f"{board}seats/")
    found = _CODE.search(treasurer.read(urlsplit(seat).path))
    if found is None:
        raise DoorError(f"{seat} shows no code")
    return found.group(1) or found.group(2)
