"""What is promised every month to an appeal, as its treasurers see it: by branch, and by how many.

From the promises that stand, as the appeal's page shows them. Nobody is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from funds.money import Money


@dataclass(frozen=True, slots=True)
class MonthlyPromises:
    """How many donors have undertaken to give every month, and how much a month together."""

    donors: int
    amount: Money


def sum_of(promises: Iterable[MonthlyPromises], none: MonthlyPromises) -> MonthlyPromises:
    """All of them together; ``none`` is nothing, in the same currency."""
    total = none
    for one in promises:
        total = MonthlyPromises(total.donors + one.donors, total.amount + one.amount)
    return total
