"""A counting table in a test's words."""

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from appeals.models import Appeal
from funds.models import Branch, User
from funds.money import Money
from payments.counting.hand_in import HandedIn, HandIn, hand_in
from payments.counting.seats import open_seat, sit
from payments.counting.sheets import ChequeLine, Sheet
from payments.counting.tables import (
    BucketFacts,
    OccasionFacts,
    begin_counting,
    open_occasion,
)
from payments.models import Bucket, CashCollection, Occasion, Seat
from payments.recording import local_today
from tests.factories import gbp, make_appeal, make_branch, make_user

Side = Seat.Side
_people: Final = itertools.count(1)


def occasion_facts(appeal: Appeal, **changes: Any) -> OccasionFacts:
    """One bucket without a float at a rally today, for Leeds, to be counted by two."""
    return replace(
        OccasionFacts(
            appeal=appeal,
            branch=make_branch("Leeds"),
            kind=CashCollection.Kind.COLLECTION,
            name="Saturday rally",
            place_type=Occasion.PlaceType.MEETING,
            held_on=local_today(),
            count_rule=Branch.CountRule.TWO_COUNTERS,
            buckets=[BucketFacts()],
        ),
        **changes,
    )


class Table:
    """An open table with counters A and B sitting at it.

    ``count`` hands in for a side: ``table.count(Side.A, {"2000": 3})`` is three £20 notes.
    """

    def __init__(
        self,
        *,
        buckets: int = 1,
        floats: Mapping[int, Money] | None = None,
        treasurer: User | None = None,
        **changes: Any,
    ) -> None:
        appeal = changes.pop("appeal", None) or Appeal.objects.filter(slug="rally").first()
        self.appeal = appeal or make_appeal()
        branch = changes.get("branch") or make_branch("Leeds")
        self.treasurer = treasurer or make_user(branches=[branch])
        out = [
            BucketFacts(float_amount=(floats or {}).get(number), seal_number=f"S{number}")
            for number in range(1, buckets + 1)
        ]
        facts = occasion_facts(self.appeal, **{"buckets": out, **changes})
        self.occasion = open_occasion(uuid.uuid4(), facts, opened_by=self.treasurer)
        begin_counting(self.occasion, by=self.treasurer)
        self.occasion.refresh_from_db()
        self.seats: dict[Side, Seat] = {}
        self.keys: dict[Side, str] = {}
        self.seat(Side.A)
        if self.occasion.count_rule == Branch.CountRule.TWO_COUNTERS:
            self.seat(Side.B)

    def seat(self, side: Side, *, name: str = "") -> Seat:
        """Another person sits down on this side."""
        seat = open_seat(self.occasion, side, opened_by=self.treasurer)
        self.keys[side] = sit(seat, name=name or f"Counter {next(_people)}", is_related=False)
        seat = Seat.objects.select_related("occasion__appeal", "opened_by").get(pk=seat.pk)
        self.seats[side] = seat
        return seat

    def bucket(self, number: int = 1) -> Bucket:
        """As it is now."""
        return Bucket.objects.select_related("occasion__appeal", "occasion__branch").get(
            occasion=self.occasion, number=number
        )

    def count(
        self, side: Side, pieces: Mapping[str, int] | None = None, **changes: Any
    ) -> HandedIn:
        """Hand in, in the bucket's present round unless another is named."""
        told = hand_in_of(pieces, bucket=changes.pop("bucket", 1))
        changes.setdefault("round", self.bucket(told.bucket).round)
        return hand_in(self.seats[side], replace(told, **changes))

    def both_count(self, pieces: Mapping[str, int] | None = None, *, bucket: int = 1) -> None:
        """Both hand in the same."""
        self.count(Side.A, pieces, bucket=bucket)
        self.count(Side.B, pieces, bucket=bucket)

    def differ_twice(self, first: Mapping[str, int], second: Mapping[str, int]) -> None:
        """Both hand in, differently, in two rounds."""
        for _ in range(2):
            self.count(Side.A, first)
            self.count(Side.B, second)


def hand_in_of(pieces: Mapping[str, int] | None = None, **changes: Any) -> HandIn:
    """Three £20 notes in bucket 1, in its first round."""
    sheet = sheet_of({"2000": 3} if pieces is None else pieces)
    base = HandIn(reference=uuid.uuid4(), bucket=1, round=1, sheet=sheet)
    return replace(base, **changes)


def sheet_of(pieces: Mapping[str, int], *cheques: tuple[int, date], foreign: int = 0) -> Sheet:
    return Sheet(
        currency="GBP",
        pieces=pieces,
        foreign_pieces=foreign,
        cheques=tuple(ChequeLine(amount, day) for amount, day in cheques),
    )


def collected() -> Money:
    """What all collections that stand come to."""
    standing = CashCollection.objects.filter(reversed_at__isnull=True)
    return sum((collection.amount for collection in standing), gbp(0))
