"""The collected rate: how much of what was called has come, to this day, by method and by branch.

A pledge is never raised. What came is counted of each pledge at most as far as it was promised, so
that one who gave more hides nobody who gave nothing. What was struck was never called.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from django.db.models import Case, CharField, Count, F, Sum, Value, When
from django.db.models.functions import Least

from appeals.models import Appeal
from funds.money import Money
from payments.models import Pledge
from payments.models.pledge import Method

State = Pledge.State
Row: TypeAlias = dict[str, Any]

NO_BRANCH: Final = "No branch"

STATES: Final = (State.PAID, State.PART_PAID, State.OPEN, State.LAPSED, State.CANCELLED)
"""Those that count as promised, from the best to the worst."""

# As ``Pledge.state`` says it, in the database.
_STATE: Final = Case(
    When(came__gte=F("amount"), then=Value(State.PAID.value)),
    When(cancelled_at__isnull=False, then=Value(State.CANCELLED.value)),
    When(lapsed_at__isnull=False, then=Value(State.LAPSED.value)),
    When(came__gt=0, then=Value(State.PART_PAID.value)),
    default=Value(State.OPEN.value),
    output_field=CharField(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Some of the pledges. ``came`` is of each at most what was promised; ``over`` what is more.

    ``number`` were called, ``paid`` of them are paid in full.
    """

    name: str
    number: int
    paid: int
    pledged: Money
    came: Money
    over: Money

    @property
    def missing(self) -> Money:
        """What was promised and has not come, whether or not it still may."""
        return self.pledged - self.came

    @property
    def percent(self) -> int | None:
        """Of the sum, rounded down, so that 100 is never a lie; None where nothing was called."""
        if not self.pledged:
            return None
        return int(self.came.amount * 100 // self.pledged.amount)

    @property
    def percent_of_number(self) -> int | None:
        """Of the pledges those that are paid in full, rounded down in the same way."""
        return self.paid * 100 // self.number if self.number else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What became of an appeal's pledges, to this day.

    ``by_state`` has every state; methods and branches are those that were called.
    """

    whole: Share
    by_state: Sequence[Share]
    by_method: Sequence[Share]
    by_branch: Sequence[Share]

    @property
    def ended(self) -> Money:
        """What of lapsed and cancelled pledges has not come."""
        over = {State.LAPSED.label, State.CANCELLED.label}
        nothing = self.whole.pledged - self.whole.pledged
        return sum((one.missing for one in self.by_state if one.name in over), nothing)


def read_collected(
    appeal: Appeal, *, since: datetime | None = None, until: datetime | None = None
) -> Collected:
    """The collected rate of the pledges taken from ``since`` to ``until``, both included.

    One query; its rows are as many as states, methods and branches meet, however much was called.
    """
    pledges = Pledge.objects.filter(appeal=appeal, struck_at=None)
    if since is not None:
        pledges = pledges.filter(taken_at__gte=since)
    if until is not None:
        pledges = pledges.filter(taken_at__lte=until)
    rows: Sequence[Any] = list(
        pledges.order_by()
        .values("method", "branch__name", stands=_STATE)
        .annotate(
            number=Count("pk"),
            pledged=Sum("amount"),
            counted=Sum(Least("amount", "came")),
            all_came=Sum("came"),
        )
    )

    def share(name: str, **of: str | None) -> Share:
        chosen = (row for row in rows if all(row[key] == value for key, value in of.items()))
        return _share(name, chosen, appeal.currency)

    methods = {row["method"] for row in rows}
    branches = {row["branch__name"] for row in rows}
    by_branch = [share(branch or NO_BRANCH, branch__name=branch) for branch in branches]
    return Collected(
        whole=share("All"),
        by_state=[share(str(state.label), stands=state.value) for state in STATES],
        by_method=[
            share(str(method.label), method=method.value)
            for method in Method
            if method.value in methods
        ],
        by_branch=sorted(by_branch, key=lambda one: (-one.pledged.amount, one.name)),
    )


def _share(name: str, rows: Iterable[Row], currency: str) -> Share:
    number = paid = 0
    pledged = counted = came = Decimal(0)
    for row in rows:
        number += row["number"]
        paid += row["number"] if row["stands"] == State.PAID else 0
        pledged += row["pledged"]
        counted += row["counted"]
        came += row["all_came"]
    return Share(
        name=name,
        number=number,
        paid=paid,
        pledged=Money(pledged, currency),
        came=Money(counted, currency),
        over=Money(came - counted, currency),
    )
