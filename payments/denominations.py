"""Notes and coins: which there are on a day, and what a count of them comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from funds.money import Money, from_minor

MOST_PIECES: Final = 100_000
"""More of one note or coin than anyone counts at a table."""


class UnknownDenominationError(ValueError):
    """No such note or coin was in use on that day."""


@dataclass(frozen=True, slots=True)
class Denomination:
    """A note or coin by its face value, whatever its picture; or one issue that lies apart.

    ``since`` and ``until`` are the first and the last day on which some issue of it was legal
    tender; None for as long as these books can reach back, and for no end known. ``issue`` names
    what is sorted from the rest of its face value; empty for what goes with the rest.
    """

    face_minor: int
    label: str
    is_note: bool
    since: date | None = None
    until: date | None = None
    issue: str = ""

    @property
    def key(self) -> str:
        """Names the line of a count sheet: ``2000``, or ``2000-paper`` for what lies apart."""
        return f"{self.face_minor}-{self.issue}" if self.issue else str(self.face_minor)

    @property
    def full_label(self) -> str:
        """The label where it stands among all others."""
        is_of_others = self.issue == SCOTTISH_OR_NORTHERN_IRISH
        return f"{self.label} Scottish or Northern Irish" if is_of_others else self.label

    def is_in_use(self, on: date) -> bool:
        """True on the days from ``since`` to ``until``, both included."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)

    def is_withdrawn(self, on: date) -> bool:
        """True from the day after ``until``: shops refuse it, and banks still take it in."""
        return self.until is not None and self.until < on


# Sources: Bank of England, "Withdrawn banknotes" and "Current banknotes"; the Royal Mint,
# "Circulating coin designs and specifications". Largest first, as people sort them.
_GBP: Final = (
    Denomination(50_00, "£50", is_note=True, since=date(1981, 3, 20)),
    Denomination(20_00, "£20", is_note=True),
    Denomination(10_00, "£10", is_note=True),
    Denomination(5_00, "£5", is_note=True),
    Denomination(2_00, "£2", is_note=False, since=date(1998, 6, 15)),
    Denomination(1_00, "£1", is_note=False, since=date(1983, 4, 21)),
    Denomination(50, "50p", is_note=False),
    Denomination(20, "20p", is_note=False, since=date(1982, 6, 9)),
    Denomination(10, "10p", is_note=False),
    Denomination(5, "5p", is_note=False),
    Denomination(2, "2p", is_note=False),
    Denomination(1, "1p", is_note=False),
)
# Sources: European Central Bank, "Banknotes" and "Coins"; in use since 1 January 2002. The 500 euro
# note is issued no more and stays legal tender.
_EURO_DAY: Final = date(2002, 1, 1)
_EUR: Final = (
    *(
        Denomination(face * 100, f"€{face}", is_note=True, since=_EURO_DAY)
        for face in (500, 200, 100, 50, 20, 10, 5)
    ),
    *(Denomination(face * 100, f"€{face}", is_note=False, since=_EURO_DAY) for face in (2, 1)),
    *(
        Denomination(face, f"{face}c", is_note=False, since=_EURO_DAY)
        for face in (50, 20, 10, 5, 2, 1)
    ),
)
_ALL: Final[Mapping[str, tuple[Denomination, ...]]] = {"GBP": _GBP, "EUR": _EUR}

# Sources: Bank of England, "Withdrawn banknotes" (the last day of each paper note); the Royal Mint,
# "The round pound" (its last day). Until that day they lie with their face value.
PAPER: Final = "paper"
ROUND: Final = "round"
_WITHDRAWN: Final[Mapping[str, tuple[Denomination, ...]]] = {
    "GBP": (
        Denomination(50_00, "£50 paper", is_note=True, until=date(2022, 9, 30), issue=PAPER),
        Denomination(20_00, "£20 paper", is_note=True, until=date(2022, 9, 30), issue=PAPER),
        Denomination(10_00, "£10 paper", is_note=True, until=date(2018, 3, 1), issue=PAPER),
        Denomination(5_00, "£5 paper", is_note=True, until=date(2017, 5, 5), issue=PAPER),
        Denomination(1_00, "£1 round", is_note=False, until=date(2017, 10, 15), issue=ROUND),
    )
}
# Source: Bank of England, "Scottish and Northern Ireland banknotes": issued by banks there under
# the Banking Act 2009, in these face values. Money everywhere in the kingdom, and sorted apart.
SCOTTISH_OR_NORTHERN_IRISH: Final = "snib"
_OF_OTHER_BANKS: Final[Mapping[str, tuple[Denomination, ...]]] = {
    "GBP": tuple(
        Denomination(face * 100, f"£{face}", is_note=True, issue=SCOTTISH_OR_NORTHERN_IRISH)
        for face in (100, 50, 20, 10, 5, 1)
    )
}


def every_denomination(currency: str) -> tuple[Denomination, ...]:
    """Every note and coin of a currency that we know, largest first; empty for other currencies."""
    return _ALL.get(currency, ())


def denominations_in_use(currency: str, *, on: date) -> tuple[Denomination, ...]:
    """The notes and coins of a currency that were legal tender on a day, largest first."""
    return tuple(piece for piece in every_denomination(currency) if piece.is_in_use(on))


def withdrawn_denominations(currency: str, *, on: date) -> tuple[Denomination, ...]:
    """Notes and coins that were legal tender and are not any more on a day: banked separately."""
    return tuple(piece for piece in _WITHDRAWN.get(currency, ()) if piece.is_withdrawn(on))


def notes_of_other_banks(currency: str) -> tuple[Denomination, ...]:
    """Notes of the same currency by other banks than the central one, which are sorted apart."""
    return _OF_OTHER_BANKS.get(currency, ())


def every_line(currency: str) -> tuple[Denomination, ...]:
    """Every line that a count sheet of a currency can ever have, in the sheet's order."""
    return (
        *every_denomination(currency),
        *notes_of_other_banks(currency),
        *_WITHDRAWN.get(currency, ()),
    )


def lines_on(currency: str, *, on: date) -> tuple[Denomination, ...]:
    """The lines of a count sheet for what was taken in on a day, in the sheet's order."""
    return (
        *denominations_in_use(currency, on=on),
        *notes_of_other_banks(currency),
        *withdrawn_denominations(currency, on=on),
    )


def counted_lines(pieces: Mapping[str, int], *, currency: str, on: date) -> Money:
    """What a whole count sheet comes to, with what lies apart.

    Args:
        pieces: How many of each, by the line's key.
        currency: ISO 4217 code.
        on: The day on which they were taken in.

    Raises:
        UnknownDenominationError: A line that no sheet of that day has, or a number of pieces that
            nobody has.
    """
    faces = {piece.key: piece.face_minor for piece in lines_on(currency, on=on)}
    minor = 0
    for key, number in pieces.items():
        if key not in faces:
            raise UnknownDenominationError(
                f"No count sheet of {on.day} {on:%B %Y} has the line {key}."
            )
        if not 0 <= number <= MOST_PIECES:
            raise UnknownDenominationError(f"Nobody counts {number} of one note or coin.")
        minor += faces[key] * number
    return from_minor(minor, currency)


def counted_total(pieces: Mapping[int, int], *, currency: str, on: date) -> Money:
    """What a count comes to.

    Args:
        pieces: How many of each, by face value in minor units of ``currency``.
        currency: ISO 4217 code.
        on: The day on which they were taken in.

    Raises:
        UnknownDenominationError: A face value that was not in use, or a number of pieces that
            nobody has.
    """
    in_use = {piece.face_minor for piece in denominations_in_use(currency, on=on)}
    for face_minor, number in pieces.items():
        if face_minor not in in_use:
            face = from_minor(face_minor, currency)
            raise UnknownDenominationError(
                f"No {face} note or coin was in use on {on.day} {on:%B %Y}."
            )
        if not 0 <= number <= MOST_PIECES:
            raise UnknownDenominationError(f"Nobody counts {number} of one note or coin.")
    minor = sum(face_minor * number for face_minor, number in pieces.items())
    return from_minor(minor, currency)
