"""How references are compared: by whole words, whatever their case and the nought before them."""

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

Words: TypeAlias = tuple[str, ...]

_WORD: Final = re.compile(r"[^\W_]+")


def words_of(text: str) -> Words:
    """The words and numbers of a text, in capitals: "slip no. 000123" is SLIP, NO, 123."""
    return tuple(
        word.lstrip("0") or "0" if word.isascii() and word.isdigit() else word.upper()
        for word in _WORD.findall(text)
    )


def holds_run(words: Sequence[str], run: Sequence[str]) -> bool:
    """True when ``run`` stands in ``words``, whole and in this order."""
    if not run:
        return False
    first, length = run[0], len(run)
    return any(
        word == first and tuple(words[at : at + length]) == tuple(run)
        for at, word in enumerate(words)
    )


def length_of(run: Sequence[str]) -> int:
    """How many letters and figures a reference has: a short one proves little."""
    return sum(len(word) for word in run)
