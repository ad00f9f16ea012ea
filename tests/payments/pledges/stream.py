"""An evening's calls as two typists hear them, with errors planted in the second one's ears."""

from dataclasses import dataclass
from random import Random
from typing import Final

TOWNS: Final = ["Leeds", "York", "Hull", "Cardiff", "Bradford East", "Bradford West"]

_LADDER: Final = (10, 20, 50, 100, 200, 500, 1000)
_APART: Final = 6
"""Entries between two errors, so that each is one of its own."""
_MISHEARD: Final = 13
_SHORT: Final = {"Bradford East": "br e", "Bradford West": "br w"}


@dataclass(frozen=True)
class Stream:
    """What each types, entry by entry; one that was not heard is empty.

    ``planted`` is how many lines differ; ``record_total`` is in whole units.
    """

    record: list[str]
    check: list[str]
    planted: int
    record_total: int


def make_stream(entries: int, *, seed: int) -> Stream:
    """One amount or three an entry. Every sixth is misheard: an amount of it, or its branch."""
    chance = Random(seed)  # noqa: S311 - no secret
    record, check, planted, total = [], [], 0, 0
    for number in range(entries):
        town = chance.choice(TOWNS)
        amounts = [chance.choice(_LADDER) for _ in range(chance.choice([1, 1, 3]))]
        total += sum(amounts)
        heard, heard_town = list(amounts), town
        if number % _APART == _APART - 2:
            planted += 1
            match chance.choice(["lost", "extra", "amount", "branch"]):
                case "lost":
                    heard.pop()
                case "extra":
                    heard.append(_MISHEARD)
                case "amount":
                    heard[-1] = _MISHEARD
                case "branch":
                    planted += len(amounts) - 1
                    heard_town = chance.choice([one for one in TOWNS if one != town])
        record.append(_typed(amounts, town))
        check.append(_typed(heard, heard_town) if heard else "")
    return Stream(record, check, planted, total)


def _typed(amounts: list[int], town: str) -> str:
    return f"{' '.join(map(str, amounts))} {_SHORT.get(town, town.lower()[:4])}"
