"""What is promised every month to an appeal, as its treasurers see it: by branch, and by how many.

From the promises that stand, as the appeal's page shows them. Nobody is named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Sum

from appeals.models import Appeal, Promise
from funds.money import Money


@dataclass(frozen=True, slots=True)
class MonthlyPromises:
    """How many donors have undertaken to give every month, and how much a month together."""

    donors: int
    amount: Money


def read_monthly_promises(appeal: Appeal) -> Mapping[int | None, MonthlyPromises]:
    """By the id of the branch that counts them; None for those of no branch. One query."""
    rows = (
        Promise.objects.filter(
            appeal=appeal,
            kind=Promise.Kind.MONTHLY,
            state=Promise.State.OPEN,
            amount_currency=appeal.currency,
        )
        .values("branch_id")
        .annotate(donors=Count("pk"), sum=Sum("amount"))
        .order_by("branch_id")
    )
    return {
        row["branch_id"]: MonthlyPromises(row["donors"], Money(row["sum"], appeal.currency))
        for row in rows
    }


def sum_of(promises: Iterable[MonthlyPromises], none: MonthlyPromises) -> MonthlyPromises:
    """All of them together; ``none`` is nothing, in the same currency."""
    total = none
    for one in promises:
        total = MonthlyPromises(total.donors + one.donors, total.amount + one.amount)
    return total
