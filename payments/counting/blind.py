"""What a counter may know of the table. Never a figure that is not agreed, nor which one differed.

No query here reads ``BucketCount.sheet``: what is not fetched cannot be shown. After two counts
differed their distance is shown, since both counters need it to look for the mistake; which of them
is the higher, and where, is not.
"""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from appeals.templatetags.money import money
from funds.models import Branch
from funds.money import Money, from_minor
from payments.models import Agreement, Bucket, BucketCount, Seat

State = Bucket.State


class Turn(StrEnum):
    """What a counter has to do with a bucket."""

    COUNT = "count"
    COUNT_AGAIN = "count-again"
    WAIT = "wait"
    NOT_YOURS = "not-yours"
    AGREED = "agreed"
    SET_ASIDE = "set-aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterBucket:
    """A bucket as one counter sees it.

    ``difference`` and ``agreed`` are None until they may be known; a ``difference`` of nothing
    means the same amount in other pieces.
    """

    number: int
    seal_number: str
    round: int
    turn: Turn
    difference: Money | None
    agreed: Money | None
    is_third: bool
    is_disputed: bool

    @property
    def is_to_count(self) -> bool:
        """Whether this counter counts it now."""
        return self.turn in {Turn.COUNT, Turn.COUNT_AGAIN}

    @property
    def message(self) -> str:
        """How it stands, in a counter's words."""
        if self.turn == Turn.AGREED:
            return f"Agreed: {money(self.agreed)}. Thank you."
        if self.turn != Turn.SET_ASIDE and (self.is_third or self.is_disputed):
            return self._about_the_third
        return {
            Turn.COUNT: "To be counted.",
            Turn.COUNT_AGAIN: f"{self._differ} Count again, each on your own.",
            Turn.WAIT: "Handed in. The other count is still to come.",
            Turn.NOT_YOURS: "Another counter has this bucket, on your side of the table.",
            Turn.SET_ASIDE: "Set aside by the treasurer.",
        }[self.turn]

    @property
    def _about_the_third(self) -> str:
        if not self.is_third:
            return f"{self._differ} A third person counts it now, or two sign for it."
        if self.is_to_count:
            return f"{self._differ} You are the third: count it on your own."
        if self.turn == Turn.WAIT:
            return "Handed in. The counts still differ: the treasurer decides."
        return "No third count is needed now."

    @property
    def _differ(self) -> str:
        if self.difference is None:
            return ""
        return say_difference(self.difference)


def say_difference(difference: Money) -> str:
    """By how much the counts differ, in words that tell nothing else."""
    if not difference.amount:
        return "The counts come to the same amount, but not in the same notes, coins or cheques."
    return f"The two counts differ by {money(difference)}."


def read_buckets(seat: Seat) -> list[CounterBucket]:
    """The buckets of a seat's table, as that counter may see them; three queries."""
    buckets = list(seat.occasion.buckets.order_by("number"))
    currency = seat.occasion.appeal.currency
    agreed = dict(
        Agreement.objects.filter(bucket__in=buckets, undone_at__isnull=True).values_list(
            "bucket_id", "counted"
        )
    )
    places: defaultdict[tuple[int, int], list[tuple[str, int, str]]] = defaultdict(list)
    for bucket_id, number, side, seat_id, key in BucketCount.objects.filter(
        bucket__in=buckets
    ).values_list("bucket_id", "round", "side", "seat_id", "counter_key"):
        places[bucket_id, number].append((side, seat_id, key))
    return [
        CounterBucket(
            number=bucket.number,
            seal_number=bucket.seal_number,
            round=bucket.round,
            turn=_turn(bucket, seat, places[bucket.pk, bucket.round]),
            difference=(
                None
                if bucket.difference_minor is None
                else from_minor(bucket.difference_minor, currency)
            ),
            agreed=Money(agreed[bucket.pk], currency) if bucket.pk in agreed else None,
            is_third=seat.side == Seat.Side.THIRD,
            is_disputed=bucket.state == State.DISPUTED,
        )
        for bucket in buckets
    ]


def _turn(bucket: Bucket, seat: Seat, places: list[tuple[str, int, str]]) -> Turn:
    settled = {State.AGREED: Turn.AGREED, State.SET_ASIDE: Turn.SET_ASIDE}
    if (turn := settled.get(State(bucket.state))) is not None:
        return turn
    for side, seat_id, key in places:
        if seat_id == seat.pk or key == seat.sitter_key:
            return Turn.WAIT
        if side == seat.side:
            return Turn.NOT_YOURS
    is_third = seat.side == Seat.Side.THIRD
    if is_third != (bucket.state == State.DISPUTED):
        return Turn.NOT_YOURS
    return Turn.COUNT if bucket.state in {State.OUT, State.COUNTING} else Turn.COUNT_AGAIN


def needs_witness(seat: Seat) -> bool:
    """Whether one person counts here, and another one watches."""
    return seat.occasion.count_rule == Branch.CountRule.WITNESS
