"""The counting table when everything happens at once, again and in any order."""

import random
import uuid
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.progress import read_reading
from donors.models import SealedGiver
from funds.models import JournalEntry
from funds.money import Money
from payments.audit import audit_till
from payments.counting import hand_in as counting_hand_in
from payments.counting.gifts import record_gift
from payments.counting.hand_in import HandIn, Objection, SheetNotTakenError, hand_in
from payments.counting.seats import open_seat, sit
from payments.counting.settling import count_anew, sign_difference
from payments.counting.tables import open_occasion
from payments.models import Agreement, Bucket, BucketCount, CashCollection, NamedGift, Occasion
from payments.recording import RecordRefusedError
from tests.factories import gbp, make_appeal, make_user
from tests.payments.counting import Side, Table, hand_in_of, occasion_facts, sheet_of
from tests.payments.test_cash import race
from tests.payments.test_named_gifts import facts_of as gift_facts

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_both_counters_make_one_agreement_and_one_entry(self) -> None:
        for _ in range(5):
            table = Table()

            results = race(partial(table.count, Side.A), partial(table.count, Side.B))

            assert not [result for result in results if isinstance(result, Exception)]
            assert table.bucket().state == Bucket.State.AGREED
            assert Agreement.objects.filter(bucket=table.bucket()).count() == 1
        assert CashCollection.objects.count() == JournalEntry.objects.count() == 5
        assert list(audit_till()) == []

    def test_eight_taps_of_one_counter_are_one_count(self) -> None:
        table, told = Table(), hand_in_of()
        seat = table.seats[Side.A]

        results = race(*[lambda: hand_in(seat, told).is_new] * 8)

        assert sorted(map(str, results)) == ["False"] * 7 + ["True"]
        assert BucketCount.objects.count() == 1

    def test_one_id_for_two_buckets_is_taken_once(self) -> None:
        table, told = Table(buckets=2), hand_in_of()
        seat = table.seats[Side.A]

        results = race(
            *[lambda n=n: hand_in(seat, replace(told, bucket=n)).is_new for n in (1, 2)] * 2
        )

        assert results.count(True) == 1
        assert sum(isinstance(result, SheetNotTakenError) for result in results) == 2
        assert BucketCount.objects.count() == 1

    def test_an_id_that_another_connection_used_meanwhile_is_looked_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As if the other's commit came between our look and our insert: two buckets, two locks."""
        table, told = Table(buckets=2), hand_in_of()
        hand_in(table.seats[Side.A], told)
        honest, looks = counting_hand_in._known, [None]  # noqa: SLF001 - blind at its first look
        monkeypatch.setattr(
            counting_hand_in, "_known", lambda *asked: looks.pop() if looks else honest(*asked)
        )

        with pytest.raises(SheetNotTakenError) as objection:
            hand_in(table.seats[Side.A], replace(told, bucket=2))

        assert objection.value.objection == Objection.CHANGED
        assert BucketCount.objects.count() == 1

    def test_two_third_counts_are_one(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})
        thirds = [table.seat(Side.THIRD), table.seat(Side.THIRD)]
        sheet = hand_in_of({"2000": 4}, round=2)

        results = race(
            *[
                lambda seat=seat: hand_in(seat, replace(sheet, reference=uuid.uuid4())).is_new
                for seat in thirds
            ]
        )

        assert results.count(True) == 1
        (refused,) = [result for result in results if isinstance(result, SheetNotTakenError)]
        assert refused.objection == Objection.LATE
        assert CashCollection.objects.count() == 1

    def test_a_third_count_and_a_signature_agree_once(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})
        third, bucket = table.seat(Side.THIRD), table.bucket()

        race(
            lambda: hand_in(third, hand_in_of({"2000": 4}, round=2)),
            lambda: sign_difference(
                bucket, reason="Torn", also_by="Branch chair", signed_by=table.treasurer
            ),
        )

        assert Agreement.objects.count() == CashCollection.objects.count() == 1
        assert list(audit_till()) == []

    def test_undoing_and_closing_and_counting_leave_no_lock_behind(self) -> None:
        table = Table(buckets=2)
        table.both_count(bucket=1)
        agreed = table.bucket(1)
        a, b = table.seats[Side.A], table.seats[Side.B]

        results = race(
            lambda: count_anew(agreed, reason="Mixed up", by=table.treasurer),
            lambda: count_anew(agreed, reason="Mixed up", by=table.treasurer),
            lambda: hand_in(a, hand_in_of(bucket=2)),
            lambda: hand_in(b, hand_in_of(bucket=2)),
        )

        errors = [result for result in results if isinstance(result, Exception)]
        assert all(isinstance(error, RecordRefusedError) for error in errors)
        assert len(errors) == 1
        assert read_reading(table.appeal).raised == gbp(60)
        assert list(audit_till()) == []

    def test_a_seat_is_taken_by_one_phone(self) -> None:
        table = Table()
        seat = open_seat(table.occasion, Side.A, opened_by=table.treasurer)

        results = race(
            *[lambda n=n: sit(seat, name=f"Person {n}", is_related=False) for n in range(4)]
        )

        assert sum(isinstance(result, str) for result in results) == 1
        assert sum(isinstance(result, RecordRefusedError) for result in results) == 3

    def test_a_name_sits_down_once(self) -> None:
        table = Table()
        free = [
            open_seat(table.occasion, side, opened_by=table.treasurer) for side in (Side.A, Side.B)
        ]

        results = race(
            *[lambda seat=seat: sit(seat, name="Asha Example", is_related=False) for seat in free]
        )

        assert sum(isinstance(result, str) for result in results) == 1

    def test_a_form_records_one_large_gift(self) -> None:
        table, reference = Table(), uuid.uuid4()

        results = race(
            *[
                lambda: (
                    record_gift(
                        table.occasion, reference, gift_facts(), recorded_by=table.treasurer
                    ).pk
                )
            ]
            * 4
        )

        assert len(set(results)) == NamedGift.objects.count() == 1
        assert SealedGiver.objects.count() == CashCollection.objects.count() == 1

    def test_a_form_opens_one_occasion(self) -> None:
        facts, reference, user = occasion_facts(make_appeal()), uuid.uuid4(), make_user()

        results = race(*[lambda: open_occasion(reference, facts, opened_by=user).pk] * 4)

        assert len(set(results)) == Occasion.objects.count() == 1
        assert Bucket.objects.count() == 1


AMOUNTS: Final[tuple[dict[str, int], ...]] = ({"2000": 3}, {"2000": 4}, {"1000": 6}, {})
"""Three that differ, two of which come to the same; and an empty bucket."""


def sheets_of_a_bucket(number: int, dice: random.Random) -> list[tuple[Side, HandIn]]:
    """What two counters will send of one bucket, in one or two rounds; and perhaps a third."""

    def sheet(side: Side, pieces: dict[str, int], in_round: int) -> tuple[Side, HandIn]:
        told = hand_in_of(bucket=number, round=in_round, sheet=sheet_of(pieces))
        return side, replace(told, reference=uuid.UUID(int=dice.getrandbits(128)))

    first, second = dice.choice(AMOUNTS), dice.choice(AMOUNTS)
    sent = [sheet(Side.A, first, 1), sheet(Side.B, second, 1)]
    if first == second:
        return sent
    first, second = dice.choice(AMOUNTS), dice.choice(AMOUNTS)
    sent += [sheet(Side.A, first, 2), sheet(Side.B, second, 2)]
    if first != second:
        sent.append(sheet(Side.THIRD, dice.choice(AMOUNTS), 2))
    return sent


def deliver(table: Table, sheets: list[tuple[Side, HandIn]], dice: random.Random) -> None:
    """As phones' queues do: any order, some twice and more, each until it is taken."""
    waiting = sheets + dice.choices(sheets, k=len(sheets))
    while waiting:
        dice.shuffle(waiting)
        later = []
        for side, told in waiting:
            try:
                hand_in(table.seats[side], told)
            except SheetNotTakenError as error:
                if error.objection in {Objection.EARLY, Objection.NOT_YOURS}:
                    later.append((side, told))
                else:
                    raise
        assert len(later) < len(waiting), "a queue that never empties"
        waiting = later


def books(table: Table) -> list[tuple[int, str, Money | None]]:
    """What stands, bucket by bucket, and in the journal."""
    standing = {agreement.bucket_id: agreement for agreement in Agreement.objects.all()}
    return [
        (bucket.number, bucket.state, standing[bucket.pk].raised if bucket.pk in standing else None)
        for bucket in table.occasion.buckets.order_by("number")
    ]


class CountingLaws(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(
        seed=st.integers(0, 2**32), orders=st.tuples(st.integers(0, 2**32), st.integers(0, 2**32))
    )
    def test_order_and_repetition_change_nothing_in_the_books(
        self, seed: int, orders: tuple[int, int]
    ) -> None:
        """The same sheets, sent in two orders with retries and duplicates: the same books."""
        came_to = []
        for turn, order in enumerate(orders):
            make = random.Random(seed)  # noqa: S311 - a test
            sheets = [sheet for number in (1, 2, 3) for sheet in sheets_of_a_bucket(number, make)]
            sheets = [
                (side, replace(told, reference=uuid.uuid5(told.reference, str(turn))))
                for side, told in sheets
            ]
            table = Table(buckets=3)
            table.seat(Side.THIRD)
            before = JournalEntry.objects.count()
            deliver(table, sheets, random.Random(order))  # noqa: S311 - a test
            booked = JournalEntry.objects.count() - before
            came_to.append((books(table), booked))
            assert BucketCount.objects.filter(bucket__occasion=table.occasion).count() == len(
                sheets
            )
            agreed = [raised for _, _, raised in came_to[-1][0] if raised is not None]
            assert booked == sum(1 for raised in agreed if raised.amount > 0)
        assert came_to[0] == came_to[1]
        assert list(audit_till()) == []

    @settings(max_examples=25, deadline=None)
    @given(dice=st.randoms(use_true_random=False))
    def test_whatever_anybody_sends_only_agreements_are_booked(self, dice: random.Random) -> None:
        """Strangers' rounds, several people to a side, undoings in between: nothing comes loose."""
        table = Table(buckets=2)
        seats = [table.seats[Side.A], table.seats[Side.B]]
        seats += [table.seat(dice.choice(list(Side))) for _ in range(3)]
        for _ in range(30):
            told = hand_in_of(
                dice.choice(AMOUNTS), bucket=dice.randint(1, 2), round=dice.randint(1, 3)
            )
            with suppress(SheetNotTakenError):
                hand_in(dice.choice(seats), told)
            bucket = table.bucket(dice.randint(1, 2))
            if dice.random() < 0.1 and bucket.state != Bucket.State.OUT:
                count_anew(bucket, reason="Mixed up", by=table.treasurer)
        standing = Agreement.objects.filter(undone_at__isnull=True, raised__gt=0)
        agreed = sum((agreement.raised for agreement in standing), gbp(0))
        assert read_reading(table.appeal).raised == agreed
        assert list(audit_till()) == []
