"""In what form a giver lets their name be shown. Nothing here looks anybody up."""

from typing import Final

from django.db import models

NOBODY: Final = "A supporter"
"""Who gave, in public, unless this giver opted in for this donation."""

_TITLES: Final = {
    *("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "rev", "revd"),
    *("sir", "dame", "lord", "lady", "cllr", "councillor"),
}


class NameForm(models.TextChoices):
    """How much of a name is shown. The least comes first, and is what nobody has to choose."""

    INITIALS = "initials", "My initials"
    FIRST = "first", "My first name"
    FULL = "full", "My name as I typed it"


def shown_name(name: str, form: NameForm) -> str:
    """A name in that form; empty where there is nothing of it to show.

    A title is no first name: of "Dr Asha Example" the first name is Asha.
    """
    words = [word for word in name.split() if any(map(str.isalpha, word))]
    if not words:
        return ""
    if form is NameForm.FULL:
        return " ".join(name.split())
    names = [word for word in words if word.rstrip(".").lower() not in _TITLES] or words
    if form is NameForm.FIRST:
        return names[0]
    return " ".join(f"{_first_letter(word)}." for word in names)


def _first_letter(word: str) -> str:
    return next(letter for letter in word if letter.isalpha()).upper()
