"""Ids in Stripe's forms: unforeseeable, or the same in every run when a seed is given."""

import random
import string

_LETTERS = string.ascii_letters + string.digits


class Ids:
    """Mints ids. Each prefix has its own series: the n-th session of a seed is always the same.

    Args:
        seed: Any text; None for ids that differ in every run.
    """

    def __init__(self, seed: str | None) -> None:
        self._seed = seed
        self._series: dict[str, random.Random] = {}

    def mint(self, prefix: str, length: int = 24) -> str:
        """A new id: the prefix and ``length`` letters and digits."""
        series = self._series.get(prefix)
        if series is None:
            series = random.Random(None if self._seed is None else f"{self._seed} {prefix}")
            self._series[prefix] = series
        return prefix + "".join(series.choices(_LETTERS, k=length))
