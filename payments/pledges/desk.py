"""Reading the pledge desk: a typist's own list with its totals, and the rounds beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from django.db.models import Count, Q, Sum

from appeals.models import Appeal
from funds.models import User
from funds.money import Money, zero
from payments.models import CheckLine, Pledge, PledgeList
from payments.models.pledge import Method

CalledLine: TypeAlias = Pledge | CheckLine
Side = PledgeList.Side

LINES_SHOWN: Final = 40
LADDER: Final = (1000, 500, 200, 100, 50, 20, 10)
"""What is called from the platform, in whole units of the currency, from the top."""


@dataclass(frozen=True, slots=True)
class Total:
    """So many people, so much money."""

    number: int
    amount: Money


@dataclass(frozen=True, slots=True)
class TypistList:
    """A list as its typist sees it. ``lines`` are the newest, newest first, struck ones too."""

    list: PledgeList
    lines: Sequence[CalledLine]
    total: Total
    by_method: Sequence[tuple[str, Total]]
    undoable: UUID | None


@dataclass(frozen=True, slots=True)
class Round:
    """A round of calling. Either list may not be begun."""

    number: int
    record: PledgeList | None
    check: PledgeList | None

    @property
    def lists(self) -> list[PledgeList]:
        """Those that were begun, the record first."""
        return [one for one in (self.record, self.check) if one]

    def is_typed_by(self, user: User) -> bool:
        """Whether they are at one of its lists just now: then they see no other."""
        return any(one.is_open and one.typist_id == user.pk for one in self.lists)


def read_rounds(appeal: Appeal) -> list[Round]:
    """All rounds of an appeal, the newest first; one query."""
    found: dict[int, dict[str, PledgeList]] = {}
    lists = PledgeList.objects.filter(appeal=appeal).select_related("typist").order_by("-round")
    for one in lists:
        one.appeal = appeal
        found.setdefault(one.round, {})[one.side] = one
    return [
        Round(number, sides.get(Side.RECORD), sides.get(Side.CHECK))
        for number, sides in found.items()
    ]


def find_list_of(rounds: Sequence[Round], user: User) -> PledgeList | None:
    """The list that somebody is at: open, of the newest round."""
    newest = rounds[0].lists if rounds else []
    return next((one for one in newest if one.is_open and one.typist_id == user.pk), None)


def is_at_the_check(appeal: Appeal, user: User) -> bool:
    """Whether somebody types a check just now, and so must not see the record; one query."""
    mine = find_list_of(read_rounds(appeal), user)
    return mine is not None and mine.side == Side.CHECK


def has_pledges(appeal: Appeal) -> bool:
    """Whether anything was called that was not struck; one query."""
    return Pledge.objects.filter(appeal=appeal, struck_at=None).exists()


def read_list(opened: PledgeList) -> TypistList:
    """A typist's list: two queries, whatever it holds."""
    model = Pledge if opened.side == Side.RECORD else CheckLine
    of_list = model.objects.filter(list=opened)
    lines: list[CalledLine] = list(of_list.select_related("branch").order_by("-pk")[:LINES_SHOWN])
    currency = opened.appeal.currency
    totals = {
        row["method"]: Total(row["number"], Money(row["sum"], currency))
        for row in of_list.filter(Q(struck_at=None))
        .order_by()
        .values("method")
        .annotate(number=Count("pk"), sum=Sum("amount"))
    }
    newest = next((line for line in lines if not line.is_struck), None)
    return TypistList(
        list=opened,
        lines=lines,
        total=Total(
            sum(total.number for total in totals.values()),
            sum((total.amount for total in totals.values()), zero(currency)),
        ),
        by_method=[
            (str(method.label), totals[method.value]) for method in Method if method.value in totals
        ],
        undoable=newest.entry if newest else None,
    )
