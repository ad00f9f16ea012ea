"""How long cash has waited, in days on which a bank is open."""

from datetime import date, timedelta
from typing import Final

NUDGE_AFTER: Final = 2
"""Working days after which the branch is reminded. Source: shared practice of UK fundraisers
(Shelter, "Handling cash": the same day or within two working days)."""

CHASE_AFTER: Final = 5
"""Working days after which the national treasurer hears of it too."""


def working_days_between(start: date, end: date) -> int:
    """How many days from Monday to Friday lie after ``start``, up to and with ``end``.

    Bank holidays count as working days: a reminder may come a day early, and never late.
    """
    if end <= start:
        return 0
    weeks, rest = divmod((end - start).days, 7)
    return weeks * 5 + sum(
        (start + timedelta(days=weeks * 7 + day)).weekday() < 5 for day in range(1, rest + 1)
    )
