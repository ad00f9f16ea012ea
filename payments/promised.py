"""What is promised to appeals, branch by branch, as their treasurers see it. Nobody is named.

From the promises that stand, as the appeals' pages show them; no part of what was raised.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.models import Count, Sum

from appeals.models import Appeal, Promise
from funds.money import Money, zero
from payments.monthly.promises import MonthlyPromises

Kind = Promise.Kind


@dataclass(frozen=True, slots=True)
class Promised:
    """What is promised through one branch, or through none, in the appeal's currency.

    ``delayed`` is paid by bank debit and settles later; ``pledged`` was called or signed for;
    ``monthly`` is undertaken every month, and no part of ``once``.
    """

    delayed: Money
    pledged: Money
    monthly: MonthlyPromises

    @property
    def once(self) -> Money:
        """All that is promised once."""
        return self.delayed + self.pledged


def nothing_promised(currency: str) -> Promised:
    """Of a branch that nobody promised anything through."""
    none = zero(currency)
    return Promised(delayed=none, pledged=none, monthly=MonthlyPromises(0, none))


def read_promised(appeals: Iterable[Appeal]) -> Mapping[tuple[int, int | None], Promised]:
    """By the ids of the appeal and of the branch, None for no branch; one query for all appeals.

    A promise in another currency than its appeal's is not in it.
    """
    currencies = {appeal.pk: appeal.currency for appeal in appeals}
    rows = (
        Promise.objects.filter(appeal__in=currencies, state=Promise.State.OPEN)
        .order_by()
        .values("appeal_id", "branch_id", "kind", "amount_currency")
        .annotate(donors=Count("pk"), sum=Sum("amount"))
    )
    found: dict[tuple[int, int | None], Promised] = {}
    for row in rows:
        currency = currencies[row["appeal_id"]]
        if row["amount_currency"] != currency:
            continue
        key, amount = (row["appeal_id"], row["branch_id"]), Money(row["sum"], currency)
        before = found.get(key, nothing_promised(currency))
        match row["kind"]:
            case Kind.MONTHLY:
                found[key] = replace(before, monthly=MonthlyPromises(row["donors"], amount))
            case Kind.DELAYED_CARD:
                found[key] = replace(before, delayed=amount)
            case _:
                found[key] = replace(before, pledged=amount)
    return found
