"""What a file of a bank comes to: its lines, in our own terms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

MAX_BYTES: Final = 32 * 1024 * 1024
"""The largest file that is taken: a year of a busy account, in the wordiest format."""

MAX_LINES: Final = 200_000
"""More lines than that in one file are not taken."""

MAX_TEXT: Final = 500
MAX_REFERENCE: Final = 140
MOST_MINOR: Final = 10**14
"""No account moves so much at once: a number that large is another column."""


class StatementFileError(ValueError):
    """The file cannot be read as it must be. The message is for the treasurer; nothing is taken."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line as the file has it.

    ``amount_minor`` is in minor units of the account's currency, negative for money that went;
    ``bank_id`` is the bank's own name for it, or empty.
    """

    booked_on: date
    amount_minor: int
    text: str
    bank_reference: str = ""
    bank_id: str = ""


@dataclass(frozen=True, slots=True)
class StatementReader:
    """A file that was understood, and can be gone through again and again.

    ``account_number`` and ``currency`` are empty where the file does not tell. ``read`` yields
    each line, and None for a row that holds no booked money.
    """

    account_number: str
    currency: str
    read: Callable[[], Iterator[FileLine | None]]


def tidy(text: str, *, at_most: int) -> str:
    """One line without control characters and doubled spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:at_most]


def join_texts(*parts: str) -> str:
    """Parts that say something new, one after the other."""
    told: list[str] = []
    for part in parts:
        one = tidy(part, at_most=MAX_TEXT)
        if one and one not in told:
            told.append(one)
    return " ".join(told)[:MAX_TEXT]
