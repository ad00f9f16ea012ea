"""What a typist types of what is called from the floor: ``50 50 100 leeds``. Pure; no database.

A line is amounts, each one person's, and words: where from, and how it is to be paid. The words
hold for the whole line, wherever in it they stand.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from funds.money import Money, minor_unit
from payments.models.pledge import Method

MOST_PLEDGES: Final = 60
"""In one line; more is a slip of the finger."""
MOST: Final = Decimal(250_000)
"""For one pledge, in whole units of the currency; more is a slip of the finger."""

_SYMBOLS: Final = "£€$"
_NUMBER: Final = rf"[{_SYMBOLS}]?\d[\d,]*(?:\.\d{{1,2}})?k?"
_AMOUNT: Final = re.compile(rf"[{_SYMBOLS}]?(?P<whole>\d[\d,]*)(?P<part>\.\d{{1,2}})?(?P<k>k)?")
_HANDS: Final = re.compile(rf"(?<!\S)(\d{{1,3}})\s*(?:x|\u00d7|\*|@|\bat\b)\s*({_NUMBER})(?!\S)")
_METHODS: Final = {
    "cash": Method.CASH,
    "cheque": Method.CHEQUE,
    "check": Method.CHEQUE,
    "chq": Method.CHEQUE,
    "card": Method.CARD,
    "so": Method.STANDING,
    "standing": Method.STANDING,
    "promise": Method.PROMISE,
    "pledge": Method.PROMISE,
}
_NAMES_AT_MOST: Final = 4


class NotUnderstoodError(ValueError):
    """Part of a line says nothing to us; the message names it and says what to type."""


class Place(Protocol):
    """A branch, as far as ears can tell."""

    @property
    def name(self) -> str:
        """As people call it."""

    @property
    def slug(self) -> str:
        """As addresses call it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A line that was understood. ``slug`` and ``method`` are None where it says nothing of them.

    ``amounts`` are in the order in which they were typed, at least one.
    """

    amounts: tuple[Money, ...]
    slug: str | None
    method: Method | None


def hear(typed: str, *, places: Sequence[Place], currency: str) -> Heard:
    """Understand a line.

    ``50 50 100 leeds`` is three pledges for Leeds; ``3x500``, ``3 at 500`` three of 500; ``1k`` a
    thousand. A branch is any beginning of its name, of each word of it, or of its slug, that no
    other branch has. ``cash cheque card so`` say how; ``so`` is a standing order.

    Raises:
        NotUnderstoodError: Says which word, or what is missing. Nothing of the line is taken.
    """
    text = _HANDS.sub(_spread, " ".join(typed.lower().split()))
    amounts: list[Money] = []
    methods: list[Method] = []
    names: list[list[str]] = []
    was_name = False
    for word in filter(None, re.split(r"[\s;]+|,(?=\s|$)", text)):
        is_name = False
        if found := _AMOUNT.fullmatch(word):
            amounts.append(_amount(word, found, currency))
        elif word in _METHODS:
            methods.append(_METHODS[word])
        elif word == "order" and Method.STANDING in methods:
            continue
        elif any(letter.isdigit() for letter in word) and not _begins_a_name(word, places):
            raise NotUnderstoodError(f"“{word}” is no amount. Type it as 50, 2.50 or 3x500.")
        else:
            is_name = True
            if was_name:
                names[-1].append(word)
            else:
                names.append([word])
        was_name = is_name
    slugs = list(dict.fromkeys(find_place(" ".join(words), places) for words in names))
    _check(amounts, slugs, methods)
    return Heard(tuple(amounts), slugs[0] if slugs else None, methods[0] if methods else None)


def find_place(words: str, places: Iterable[Place]) -> str:
    """The slug of the one branch that the words begin.

    Raises:
        NotUnderstoodError: None does, or several: the message names some of them.
    """
    typed = words.lower().split()
    whole = " ".join(typed)
    found = [place for place in places if _begins(typed, place)]
    exact = [place for place in found if whole in {place.name.lower(), place.slug}]
    if len(exact or found) == 1:
        return (exact or found)[0].slug
    if not found:
        raise NotUnderstoodError(
            f"No branch begins with “{words}”. Type the start of its name, or leave it out."
        )
    names = [place.name for place in found[:_NAMES_AT_MOST]]
    more = " and others" if len(found) > len(names) else ""
    raise NotUnderstoodError(f"“{words}” may be {', '.join(names)}{more}. Type more of it.")


def _begins(typed: Sequence[str], place: Place) -> bool:
    if place.slug.startswith("-".join(typed)) or place.name.lower().startswith(" ".join(typed)):
        return True
    words = place.name.lower().split()
    return len(typed) <= len(words) and all(
        word.startswith(start) for word, start in zip(words, typed, strict=False)
    )


def _begins_a_name(word: str, places: Iterable[Place]) -> bool:
    return any(_begins([word], place) for place in places)


def _spread(found: re.Match[str]) -> str:
    hands = int(found[1])
    if not 1 <= hands <= MOST_PLEDGES:
        raise NotUnderstoodError(f"“{found[0]}” is too many hands for one line.")
    return " ".join([found[2]] * hands)


def _amount(word: str, found: re.Match[str], currency: str) -> Money:
    number = Decimal(found["whole"].replace(",", "") + (found["part"] or ""))
    amount = number * 1000 if found["k"] else number
    if not 0 < amount <= MOST:
        raise NotUnderstoodError(f"“{word}” cannot be one pledge. Type what one person called.")
    if (amount * minor_unit(currency)) % 1:
        raise NotUnderstoodError(f"“{word}” has too many decimals for {currency}.")
    return Money(amount.quantize(Decimal(1).scaleb(1 - len(str(minor_unit(currency))))), currency)


def _check(amounts: Sequence[Money], slugs: Sequence[str], methods: Sequence[Method]) -> None:
    if not amounts:
        raise NotUnderstoodError("How much? Type the amounts first: 50 50 100 leeds.")
    if len(amounts) > MOST_PLEDGES:
        raise NotUnderstoodError(
            f"{len(amounts)} pledges are too many for one line. Type {MOST_PLEDGES} at most."
        )
    if len(slugs) > 1:
        raise NotUnderstoodError("Two branches in one line. Type a line for each.")
    if len(set(methods)) > 1:
        raise NotUnderstoodError("Two ways to pay in one line. Type a line for each.")
