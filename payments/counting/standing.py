"""How occasions stand, at a glance: for lists of them, and for the head of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from funds.money import Money
from payments.counting.stages import PathStep, Stage, Step, path_of, read_stages
from payments.models import Bucket, Occasion

PAGE_SIZE: Final = 25

_ALL: Final = {
    Step.AGREED: "All agreed",
    Step.BAGGED: "All bagged",
    Step.BANKED: "All banked",
    Step.MATCHED: "Matched",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an occasion stands. ``raised`` is what is agreed, without floats.

    ``of_buckets`` are their stages by key; ``of_gifts`` those of the donations that were taken out
    of them by name.
    """

    occasion: Occasion
    buckets: int
    agreed: int
    differing: int
    set_aside: int
    raised: Money
    of_buckets: dict[int, Stage]
    of_gifts: list[Stage]

    @property
    def stages(self) -> list[Stage]:
        """Of all that is to reach the bank."""
        return [*self.of_buckets.values(), *self.of_gifts]

    @property
    def being_counted(self) -> int:
        """Buckets that are in no total yet."""
        return self.buckets - self.agreed - self.set_aside

    @property
    def stage(self) -> str:
        """One word or two for the list."""
        state = Occasion.State(self.occasion.state)
        if state in {Occasion.State.OPEN, Occasion.State.CALLED_OFF}:
            return str(state.label)
        if self.differing:
            return "Counts differ"
        if self.being_counted:
            return "Being counted"
        counted = [stage for stage in self.stages if not stage.is_out]
        if not counted:
            return str(state.label)
        if any(stage.differs for stage in counted):
            return "Difference at the bank"
        return _ALL[min(stage.step for stage in counted)]

    @property
    def tone(self) -> str:
        """Of the badge: that all is well, that something is under way, or that it is not well."""
        if self.stage in {"Counts differ", "Difference at the bank"}:
            return "red"
        if self.stage == "Being counted":
            return "warn"
        return "ok" if self.stage in _ALL.values() else ""

    @property
    def path(self) -> list[PathStep]:
        """Its steps, from the buckets that went out to the bank's statement."""
        return [] if self.occasion.state == Occasion.State.CALLED_OFF else path_of(self.stages)

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done at the table."""
        return self.occasion.state in {Occasion.State.OPEN, Occasion.State.COUNTING}

    @property
    def to_bag(self) -> int:
        """Buckets whose agreed cash lies in no sealed bag yet, and is not banked."""
        return sum(stage.step == Step.AGREED for stage in self.of_buckets.values())

    @property
    def to_bank(self) -> int:
        """Buckets, and donations by name, whose cash is in hand."""
        return sum(stage.step in {Step.AGREED, Step.BAGGED} for stage in self.stages)


@dataclass(frozen=True, slots=True)
class StandingPage:
    """A page of a list, and each row of it."""

    page: Page[Any]
    rows: list[Standing]


def read_standing_page(occasions: QuerySet[Occasion], *, number: str | None) -> StandingPage:
    """One page of occasions, latest first; as many queries however many buckets they have."""
    page: Page[Any] = Paginator(occasions, PAGE_SIZE).get_page(number)
    return StandingPage(page, read_standings_of(page.object_list))


def read_standings_of(occasions: Iterable[Occasion]) -> list[Standing]:
    """How some occasions stand, in their order."""
    listed = list(occasions)
    stages = read_stages(listed)
    state = Bucket.State
    return [
        Standing(
            occasion=occasion,
            buckets=len(found.states),
            agreed=found.states.count(state.AGREED),
            differing=found.states.count(state.RECOUNT) + found.states.count(state.DISPUTED),
            set_aside=found.states.count(state.SET_ASIDE),
            raised=Money(found.raised, occasion.appeal.currency),
            of_buckets=found.buckets,
            of_gifts=found.gifts,
        )
        for occasion in listed
        for found in [stages[occasion.pk]]
    ]
