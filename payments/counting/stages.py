"""How far a bucket's cash is: open, counting, agreed, bagged, banked, matched, or a difference.

Nothing of this is kept. It is read from what was agreed, bagged, paid in, and found on the bank's
statement, so that it cannot disagree with them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum

from django.db.models import Q

from payments.models import Agreement, Bucket, CashCollection, Occasion
from payments.paying_in_records import CashState, read_cash_states


class Step(IntEnum):
    """The steps, in their order."""

    OPEN = 0
    COUNTING = 1
    AGREED = 2
    BAGGED = 3
    BANKED = 4
    MATCHED = 5


class Mark(StrEnum):
    """How a step is drawn. ``PART``: some of what belongs to it has come so far."""

    DONE = "done"
    NOW = "now"
    PART = "part"
    TO_COME = "to-come"
    TROUBLE = "trouble"


_NAMES = {
    Step.OPEN: "Open",
    Step.COUNTING: "Counting",
    Step.AGREED: "Agreed",
    Step.BAGGED: "Bagged",
    Step.BANKED: "Banked",
    Step.MATCHED: "Matched",
}
_WORDS = {
    Mark.DONE: "done",
    Mark.NOW: "now",
    Mark.PART: "in part",
    Mark.TO_COME: "to come",
    Mark.TROUBLE: "look here",
}


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step as a page draws it. ``told`` says how many have come so far, where not all have."""

    name: str
    mark: Mark
    told: str = ""

    @property
    def words(self) -> str:
        """What the mark says, for who does not see it."""
        return _WORDS[self.mark]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far one bucket is, or one donation by name.

    ``differs`` at the counting: the counts do; at the end: the bank has another amount. ``is_out``
    is what is set aside; ``is_empty`` what is agreed and brought nothing to bank; ``is_waiting``
    what nobody has counted yet.
    """

    step: Step
    differs: bool = False
    is_out: bool = False
    is_empty: bool = False
    is_waiting: bool = False

    @property
    def word(self) -> str:
        """In a word or two."""
        if self.is_out:
            return "set aside"
        if self.is_empty:
            return "nothing to bank"
        if self.differs:
            return "difference" if self.step == Step.MATCHED else "counts differ"
        if self.is_waiting:
            return "not counted"
        return "being counted" if self.step == Step.COUNTING else _NAMES[self.step].lower()

    @property
    def path(self) -> list[PathStep]:
        """The steps with their marks; none for what is set aside."""
        return [] if self.is_out else path_of([self])


def path_of(stages: Iterable[Stage]) -> list[PathStep]:
    """The steps of several together: the marks say how many of them have come so far."""
    counted = [stage for stage in stages if not stage.is_out]
    if not counted:
        return []
    reached = {step: sum(stage.step >= step for stage in counted) for step in Step}
    lowest = min(stage.step for stage in counted)
    troubled = {stage.step for stage in counted if stage.differs}
    path = []
    for step in Step:
        some = 0 < reached[step] < len(counted)
        path.append(
            PathStep(
                "Difference" if step in troubled and step == Step.MATCHED else _NAMES[step],
                Mark.TROUBLE if step in troubled else _mark(step, lowest, some=some),
                f"{reached[step]} of {len(counted)}" if some else "",
            )
        )
    return path


def _mark(step: Step, lowest: Step, *, some: bool) -> Mark:
    if step < lowest or step == lowest == Step.MATCHED:
        return Mark.DONE
    if step == lowest:
        return Mark.NOW
    return Mark.PART if some else Mark.TO_COME


def read_stages(occasions: Sequence[Occasion]) -> "dict[int, OccasionStages]":
    """The stages of all buckets and named donations of occasions, by key; four queries."""
    states = {occasion.pk: Occasion.State(occasion.state) for occasion in occasions}
    buckets = list(
        Bucket.objects.filter(occasion__in=states)
        .order_by("occasion", "number")
        .values_list("pk", "occasion_id", "state", "bag_number")
    )
    agreements = list(
        Agreement.objects.filter(bucket__occasion__in=states, undone_at__isnull=True)
        .order_by()
        .values_list("bucket_id", "bucket__occasion_id", "collection_id", "raised")
    )
    agreed = {pk: collection_id for pk, _, collection_id, _ in agreements}
    collections = CashCollection.objects.filter(
        Q(agreement__bucket__occasion__in=states) | Q(named_gift__occasion__in=states),
        reversed_at__isnull=True,
    )
    cash = read_cash_states(collections)
    of_gifts = collections.filter(named_gift__isnull=False).order_by()
    found = {pk: OccasionStages() for pk in states}
    for pk, occasion_id, state, bag in buckets:
        stage = _of_bucket(state, bag, agreed.get(pk), states[occasion_id], cash)
        found[occasion_id].buckets[pk] = stage
        found[occasion_id].states.append(Bucket.State(state))
    for occasion_id, collection_id in of_gifts.values_list("named_gift__occasion_id", "pk"):
        found[occasion_id].gifts.append(_of_cash(cash.get(collection_id), bag=""))
    for _, occasion_id, collection_id, raised in agreements:
        if collection_id is not None:
            # The plugin takes it for money; the column alone is a bare decimal.
            found[occasion_id].raised += raised  # type: ignore[assignment]
    return found


@dataclass(slots=True)
class OccasionStages:
    """Of one occasion: its buckets' stages by key, its named donations', and what is agreed.

    ``raised`` is in the appeal's currency, without floats.
    """

    buckets: dict[int, Stage] = field(default_factory=dict)
    states: list[Bucket.State] = field(default_factory=list)
    gifts: list[Stage] = field(default_factory=list)
    raised: Decimal = Decimal(0)


def _of_bucket(
    state: str,
    bag: str,
    collection_id: int | None,
    occasion: Occasion.State,
    cash: dict[int, CashState | None],
) -> Stage:
    if state == Bucket.State.SET_ASIDE:
        return Stage(step=Step.OPEN, is_out=True)
    if state == Bucket.State.AGREED:
        if collection_id is None:
            return Stage(step=Step.MATCHED, is_empty=True)
        return _of_cash(cash.get(collection_id), bag=bag)
    differs = state in {Bucket.State.RECOUNT, Bucket.State.DISPUTED}
    is_open = occasion in {Occasion.State.OPEN, Occasion.State.CALLED_OFF}
    return Stage(
        step=Step.OPEN if is_open else Step.COUNTING,
        differs=differs,
        is_waiting=state == Bucket.State.OUT,
    )


def _of_cash(state: CashState | None, *, bag: str) -> Stage:
    if state is None:
        return Stage(step=Step.BAGGED if bag else Step.AGREED)
    if not state.is_matched:
        return Stage(step=Step.BANKED)
    return Stage(step=Step.MATCHED, differs=state.differs)
