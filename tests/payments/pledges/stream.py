"""An evening's calls as two typists hear them, with errors planted in the second one's ears."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple, TypeAlias

from payments.models import CheckLine, Pledge
from payments.pledges.comparing import Difference

TOWNS: Final = ["Leeds", "York", "Hull", "Cardiff", "Bradford East", "Bradford West"]

_LADDER: Final = (10, 20, 50, 100, 200, 500, 1000)
_APART: Final = 6
"""Entries between two errors, so that each is one of its own."""
_MISHEARD: Final = 13
_SHORT: Final = {"Bradford East": "br e", "Bradford West": "br w", "Cardiff": "cardi"}


class Heard(NamedTuple):
    """One line as it was typed: whole units, a town, and how it is to be paid."""

    amount: int
    town: str
    method: str = "promise"


Planted: TypeAlias = tuple[Heard | None, Heard | None]
"""What the record has and what the check has: a difference, as the comparison must find it."""


@dataclass(frozen=True)
class Stream:
    """What each types, entry by entry; one that was not heard is empty.

    ``planted`` is every difference. ``record_total`` is in whole units.
    """

    record: list[str]
    check: list[str]
    planted: Counter[Planted]
    record_total: int


def make_stream(entries: int, *, seed: int) -> Stream:
    """One amount or three an entry. Every sixth is misheard: one amount of it, or all its words."""
    chance = Random(seed)  # noqa: S311 - no secret
    record, check, planted = [], [], Counter[Planted]()
    total = 0
    for number in range(entries):
        town = chance.choice(TOWNS)
        called = [Heard(chance.choice(_LADDER), town) for _ in range(chance.choice([1, 1, 3]))]
        heard: list[Heard] = list(called)
        if number % _APART == _APART - 2:
            last = called[-1]
            match chance.choice(["lost", "extra", "amount", "branch", "method"]):
                case "lost":
                    heard.pop()
                    planted[last, None] += 1
                case "extra":
                    heard.append(Heard(_MISHEARD, town))
                    planted[None, heard[-1]] += 1
                case "amount":
                    heard[-1] = Heard(_MISHEARD, town)
                    planted[last, heard[-1]] += 1
                case "branch":
                    other = chance.choice([one for one in TOWNS if one != town])
                    heard = [Heard(one.amount, other) for one in called]
                    planted.update(zip(called, heard, strict=True))
                case "method":
                    heard = [Heard(one.amount, town, "cash") for one in called]
                    planted.update(zip(called, heard, strict=True))
        total += sum(one.amount for one in called)
        record.append(_typed(called))
        check.append(_typed(heard) if heard else "")
    return Stream(record, check, planted, total)


def found_in(differences: Iterable[Difference]) -> Counter[Planted]:
    """What a comparison found, in the words of what was planted."""
    return Counter((_heard(one.pledge), _heard(one.check_line)) for one in differences)


def _heard(line: Pledge | CheckLine | None) -> Heard | None:
    if line is None:
        return None
    return Heard(int(line.amount.amount), line.branch.name if line.branch else "", line.method)


def _typed(heard: list[Heard]) -> str:
    town, method = heard[0].town, heard[0].method
    amounts = " ".join(str(one.amount) for one in heard)
    how = "" if method == "promise" else f" {method}"
    return f"{amounts} {_SHORT.get(town, town.lower()[:4])}{how}"
