"""Trying again: how long to wait, and how to say what went wrong."""

import random
from typing import Final

LONGEST_DELAY_SECONDS: Final = 3600


def describe_error(error: Exception) -> str:
    """Class and message in a line. A database's details may quote rows, so they are left out."""
    message = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {message}"[:500]


def delay_seconds(attempts: int) -> float:
    """How long to wait after one more failure: doubling, with jitter, up to an hour."""
    longest = min(LONGEST_DELAY_SECONDS, 2 ** min(attempts, 12))
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, keeps no secret
