"""An occasion's life, its seats, and what is refused on the way: in words, and nothing written."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from appeals.models import Appeal
from funds.models import Branch
from funds.money import Money
from payments.counting.blind import CounterBucket, Turn, read_buckets
from payments.counting.seats import NoSeatError, end_seat, find_seat, open_seat
from payments.counting.settling import count_anew, set_aside
from payments.counting.sheets import Sheet
from payments.counting.tables import (
    BucketFacts,
    add_bucket,
    begin_counting,
    call_off,
    close_table,
    note_came_back,
    open_occasion,
    undo_last_move,
)
from payments.models import Bucket, BucketCount, Occasion, OccasionStep, Seat
from payments.recording import RecordRefusedError, local_today
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.counting import Side, Table, occasion_facts

pytestmark = pytest.mark.django_db

Kind = OccasionStep.Kind


def refusal(attempt: Callable[[], object]) -> RecordRefusedError:
    with pytest.raises(RecordRefusedError) as refused:
        attempt()
    return refused.value


class TestOpening:
    def opened(self, appeal: Appeal | None = None, **changes: Any) -> Occasion:
        facts = occasion_facts(appeal or make_appeal(), **changes)
        return open_occasion(uuid.uuid4(), facts, opened_by=make_user())

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"buckets": []}, "how_many"),
            ({"buckets": [BucketFacts(float_amount=Money(5, "EUR"))]}, "float"),
            ({"buckets": [BucketFacts(float_amount=gbp(2_000_000))]}, "float"),
            ({"count_rule": Branch.CountRule.WITNESS}, "count_rule"),
        ],
    )
    def test_what_cannot_be_right_names_its_field(
        self, changes: dict[str, Any], field: str
    ) -> None:
        assert refusal(lambda: self.opened(**changes)).field == field
        assert not Occasion.objects.exists()

    def test_not_for_a_draft_nor_a_closed_branch_nor_after_the_appeal(self) -> None:
        draft = make_appeal("draft", status=Appeal.Status.DRAFT)
        assert refusal(lambda: self.opened(draft)).field == "appeal"
        former = make_branch("Former")
        former.is_active = False
        assert refusal(lambda: self.opened(branch=former)).field == "branch"
        ends = make_appeal("short", closes_at=timezone.now() + timedelta(days=2))
        late = local_today() + timedelta(days=3)
        assert refusal(lambda: self.opened(ends, held_on=late)).field == "held_on"

    def test_each_step_says_who_and_when(self) -> None:
        occasion = self.opened(buckets=[BucketFacts(), BucketFacts()])

        steps = list(occasion.steps.all())
        assert [step.kind for step in steps] == [Kind.OPENED, Kind.BUCKET_ADDED, Kind.BUCKET_ADDED]
        assert {step.by for step in steps} == {occasion.opened_by}
        assert str(steps[0]).startswith("Opened, ")

    def test_a_step_back_is_never_without_a_reason_in_the_database(self) -> None:
        occasion = self.opened()
        for kind in (Kind.UNDONE, Kind.SIGNED, Kind.SET_ASIDE, Kind.CALLED_OFF):
            with (
                pytest.raises(IntegrityError, match="step_back_has_a_reason"),
                transaction.atomic(),
            ):
                OccasionStep.objects.create(occasion=occasion, kind=kind, by=occasion.opened_by)


class TestMoving:
    def test_nothing_moves_without_a_reason_where_one_is_due(self) -> None:
        table = Table()
        user = table.treasurer
        for attempt in (
            lambda: call_off(table.occasion, reason=" ", by=user),
            lambda: undo_last_move(table.occasion, reason=" ", by=user),
        ):
            assert refusal(attempt).field == "reason"

    def test_a_closed_table_is_closed_to_everything(self) -> None:
        table = Table()
        table.both_count()
        close_table(table.occasion, by=table.treasurer)
        user, bucket = table.treasurer, table.bucket()

        for attempt in (
            lambda: add_bucket(table.occasion, BucketFacts(), by=user),
            lambda: begin_counting(table.occasion, by=user),
            lambda: note_came_back(bucket, seal=Bucket.Seal.INTACT, note="", by=user),
            lambda: count_anew(bucket, reason="Mixed up", by=user),
            lambda: set_aside(bucket, reason="Mixed up", by=user),
            lambda: open_seat(table.occasion, Side.A, opened_by=user),
        ):
            assert "first" in str(refusal(attempt))

    def test_a_table_that_was_not_begun_is_not_closed(self) -> None:
        table = Table()
        undo_last_move(table.occasion, reason="Too early", by=table.treasurer)

        assert "Nothing is counted" in str(
            refusal(lambda: close_table(table.occasion, by=table.treasurer))
        )

    def test_a_table_where_something_is_counted_is_not_begun_anew(self) -> None:
        table = Table()
        table.count(Side.A)

        refused = refusal(
            lambda: undo_last_move(table.occasion, reason="Too early", by=table.treasurer)
        )
        assert "undo it at its bucket" in str(refused)


class TestSeats:
    def test_with_a_witness_there_is_one_side(self) -> None:
        branch = make_branch("Small")
        branch.count_rule = Branch.CountRule.WITNESS
        branch.save()
        table = Table(branch=branch, count_rule=Branch.CountRule.WITNESS)

        refused = refusal(lambda: open_seat(table.occasion, Side.B, opened_by=table.treasurer))
        assert "one side" in str(refused)

    def test_ending_one_twice_is_ending_it_once(self) -> None:
        table = Table()
        seat = table.seats[Side.A]

        end_seat(seat, by=table.treasurer)
        end_seat(seat, by=table.treasurer)

        assert OccasionStep.objects.filter(kind=Kind.SEAT_ENDED).count() == 1

    def test_what_an_ended_one_handed_in_stands(self) -> None:
        table = Table()
        table.count(Side.A)
        end_seat(table.seats[Side.A], by=table.treasurer)

        table.count(Side.B)

        assert table.bucket().state == Bucket.State.AGREED

    def test_a_person_comes_back_on_another_phone_and_counts_on(self) -> None:
        table = Table(buckets=2)
        table.count(Side.A, bucket=1)
        name = table.seats[Side.A].sitter
        end_seat(table.seats[Side.A], by=table.treasurer)

        table.seat(Side.A, name=name)
        table.both_count(bucket=2)

        assert table.bucket(2).state == Bucket.State.AGREED

    def test_a_code_is_nobody_s_else(self) -> None:
        make_appeal()
        for code in ("", "AAAA-BBBB-CCCC", "x" * 500):
            with pytest.raises(NoSeatError):
                find_seat(code)

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"sitter_key": ""}, "taken_with_a_name_and_an_answer"),
            ({"is_related": True}, "relative_says_why"),
            ({"side": "d"}, "side_is_known"),
            ({"ended_at": timezone.now()}, "ended_by_a_person"),
        ],
    )
    def test_the_database_keeps_the_rules(self, change: dict[str, Any], rule: str) -> None:
        seat = Table().seats[Side.A]
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            Seat.objects.filter(pk=seat.pk).update(**change)


class TestWhatACounterSees:
    def seen(self, table: Table, side: Side) -> CounterBucket:
        (bucket,) = read_buckets(table.seats[side])
        return bucket

    def test_a_third_waits_counts_and_leaves_it_to_the_treasurer(self) -> None:
        table = Table()
        table.seat(Side.THIRD)
        assert self.seen(table, Side.THIRD).message == "No third count is needed now."
        table.differ_twice({"2000": 3}, {"2000": 4})

        third = self.seen(table, Side.THIRD)
        assert third.turn == Turn.COUNT_AGAIN
        assert third.message == (
            "The two counts differ by £20. You are the third: count it on your own."
        )
        table.count(Side.THIRD, {"2000": 9})
        assert "the treasurer decides" in self.seen(table, Side.THIRD).message

    def test_the_two_wait_for_the_third(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})

        assert not self.seen(table, Side.A).is_to_count
        assert "two sign for it" in self.seen(table, Side.A).message

    def test_the_same_amount_in_other_pieces_is_said_so(self) -> None:
        table = Table()
        table.count(Side.A, {"2000": 1})
        table.count(Side.B, {"1000": 2})

        assert "the same amount, but not in the same notes" in self.seen(table, Side.A).message

    def test_a_bucket_of_another_on_the_same_side_is_not_theirs(self) -> None:
        table = Table()
        table.count(Side.A)
        table.seat(Side.A)

        assert self.seen(table, Side.A).turn == Turn.NOT_YOURS
        assert "on your side" in self.seen(table, Side.A).message

    def test_a_bucket_that_was_set_aside_is_nobody_s(self) -> None:
        table = Table()
        set_aside(table.bucket(), reason="Not used", by=table.treasurer)

        assert self.seen(table, Side.A).message == "Set aside by the treasurer."

    def test_somebody_who_counts_for_both_sides_is_shown_that_they_wait(self) -> None:
        table = Table()
        table.count(Side.A)
        name = table.seats[Side.A].sitter
        end_seat(table.seats[Side.A], by=table.treasurer)
        table.seat(Side.B, name=name)

        assert self.seen(table, Side.B).turn == Turn.WAIT


def test_more_foreign_coins_than_anyone_counts_are_refused() -> None:
    table = Table()
    sheet = Sheet(currency="GBP", pieces={}, foreign_pieces=10**7)

    assert refusal(lambda: table.count(Side.A, sheet=sheet)).field == "foreign"
    assert not BucketCount.objects.exists()


def test_a_row_of_the_table_names_no_figure_and_no_person() -> None:
    table = Table()
    table.both_count({"2000": 3})

    count = BucketCount.objects.select_related("seat", "bucket", "agreement")[0]
    for row in (count, count.seat, count.agreement):
        assert str(row) == f"{type(row).__name__.lower().removeprefix('bucket')} {row.pk}"
    assert str(count.bucket) == "bucket 1"
    assert str(table.occasion) == f"Saturday rally, {local_today()}"
