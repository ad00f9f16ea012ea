"""The counting table: two people, blind, and only what they agree upon is booked."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import Branch, JournalEntry
from funds.money import Money
from payments.audit import audit_till
from payments.cash import reverse_collection
from payments.counting.hand_in import Objection, SheetNotTakenError, hand_in
from payments.counting.settling import count_anew, set_aside, sign_difference
from payments.counting.sheets import Sheet, months_before
from payments.counting.tables import BucketFacts
from payments.models import (
    Agreement,
    Bucket,
    BucketCount,
    CashCollection,
    Cheque,
    OccasionStep,
)
from payments.recording import RecordRefusedError, local_today
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.counting import Side, Table, collected, hand_in_of, sheet_of

pytestmark = pytest.mark.django_db

State = Bucket.State
How = Agreement.How


def refused(table: Table, side: Side, **changes: object) -> Objection:
    with pytest.raises(SheetNotTakenError) as objection:
        table.count(side, **changes)  # type: ignore[arg-type]
    return objection.value.objection


class TestTwoCounts:
    def test_one_count_alone_is_in_no_total(self) -> None:
        table = Table()

        table.count(Side.A)

        assert table.bucket().state == State.COUNTING
        assert read_reading(table.appeal).raised == gbp(0)
        assert not CashCollection.objects.exists()

    def test_two_equal_ones_are_agreed_and_booked_as_counted_by_both(self) -> None:
        table = Table()

        table.both_count({"2000": 3, "50": 1})

        collection = CashCollection.objects.get()
        bucket = table.bucket()
        assert bucket.state == State.AGREED
        assert collection.amount == read_reading(table.appeal).raised == gbp("60.50")
        assert collection.denominations == {"2000": 3, "50": 1}
        assert collection.place == "Saturday rally, bucket 1"
        assert collection.counted_by == table.seats[Side.A].sitter
        assert collection.witnessed_by == table.seats[Side.B].sitter
        assert collection.recorded_by == table.treasurer
        assert collection.reference == uuid.uuid5(bucket.reference, "round 1")
        assert collection.entry.source_key == f"cash:{collection.reference}:counted"
        assert Agreement.objects.get().how == How.TWO_COUNTS
        assert list(audit_till()) == []

    def test_the_order_in_which_lines_were_typed_says_nothing(self) -> None:
        table = Table()

        table.count(Side.A, {"2000": 3, "50": 1, "10": 0})
        table.count(Side.B, {"50": 1, "2000": 3})

        assert table.bucket().state == State.AGREED

    def test_different_ones_are_counted_again_and_nothing_is_booked(self) -> None:
        table = Table()

        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 2, "1000": 1, "200": 3, "50": 1, "20": 1, "10": 1})

        bucket = table.bucket()
        assert bucket.state == State.RECOUNT
        assert bucket.difference_minor == 320
        assert bucket.round == 2
        assert not JournalEntry.objects.exists()

    def test_the_same_amount_in_other_pieces_is_not_equal(self) -> None:
        table = Table()

        table.count(Side.A, {"2000": 1})
        table.count(Side.B, {"1000": 2})

        assert table.bucket().state == State.RECOUNT
        assert table.bucket().difference_minor == 0

    def test_what_is_equal_at_the_second_time_is_agreed(self) -> None:
        table = Table()
        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 4})

        table.both_count({"2000": 4})

        assert collected() == gbp(80)
        assert table.bucket().difference_minor is None
        assert CashCollection.objects.get().reference == uuid.uuid5(
            table.bucket().reference, "round 2"
        )

    def test_one_cannot_guess_the_other_s_figure_by_the_difference(self) -> None:
        """A corrected count meets the other's new one, never the old."""
        table = Table()
        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 4})

        table.count(Side.A, {"2000": 4})

        assert table.bucket().state == State.RECOUNT
        assert not CashCollection.objects.exists()

    def test_an_empty_bucket_is_agreed_and_books_nothing(self) -> None:
        table = Table()

        table.both_count({})

        assert table.bucket().state == State.AGREED
        assert not CashCollection.objects.exists()
        assert list(audit_till()) == []


class TestFloat:
    def test_is_counted_too_and_taken_off_what_was_raised(self) -> None:
        table = Table(floats={1: gbp(20)})

        table.both_count({"2000": 3, "100": 5})

        collection = CashCollection.objects.get()
        assert collection.amount == read_reading(table.appeal).raised == gbp(45)
        assert collection.float_amount == gbp(20)
        assert Agreement.objects.get().counted == gbp(65)
        assert list(audit_till()) == []

    @pytest.mark.parametrize("pieces", [{"2000": 1}, {"1000": 1, "500": 1}])
    def test_that_is_all_there_was_or_more_than_that_books_nothing(
        self, pieces: dict[str, int]
    ) -> None:
        table = Table(floats={1: gbp(20)})

        table.both_count(pieces)

        assert table.bucket().state == State.AGREED
        assert not CashCollection.objects.exists()
        assert list(audit_till()) == []


class TestThirdCount:
    def test_is_only_taken_after_two_differed_twice(self) -> None:
        table = Table()
        table.seat(Side.THIRD)
        assert refused(table, Side.THIRD) == Objection.EARLY
        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 4})
        assert refused(table, Side.THIRD) == Objection.EARLY

    def test_that_equals_one_of_the_two_is_agreed(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})
        assert table.bucket().state == State.DISPUTED
        third = table.seat(Side.THIRD, name="Third person")

        table.count(Side.THIRD, {"2000": 4})

        agreement = Agreement.objects.get()
        assert agreement.how == How.THIRD_COUNT
        assert collected() == gbp(80)
        collection = CashCollection.objects.get()
        assert {collection.counted_by, collection.witnessed_by} == {
            table.seats[Side.B].sitter,
            third.sitter,
        }
        assert list(audit_till()) == []

    def test_that_equals_neither_leaves_it_to_be_signed(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})
        table.seat(Side.THIRD)

        table.count(Side.THIRD, {"2000": 6})

        assert table.bucket().state == State.DISPUTED
        assert table.bucket().difference_minor == 60_00
        assert not CashCollection.objects.exists()

    def test_is_another_person_s_than_the_two(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})
        first = table.seats[Side.A]
        first_name = first.sitter
        type(first).objects.filter(pk=first.pk).update(
            ended_at=timezone.now(), ended_by=table.treasurer
        )
        table.seat(Side.THIRD, name=first_name.upper())

        assert refused(table, Side.THIRD) == Objection.TAKEN

    def test_the_two_count_no_more_meanwhile(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})

        assert refused(table, Side.A) == Objection.NOT_YOURS


class TestSignedDifference:
    def sign(self, table: Table, **changes: str) -> Agreement:
        told = {"reason": "A torn note", "also_by": "Branch chair", **changes}
        return sign_difference(table.bucket(), signed_by=table.treasurer, **told)

    def test_books_the_lowest_with_the_reason_and_both_signatures(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3, "10": 1}, {"2000": 3, "100": 3, "10": 3})

        agreement = self.sign(table)

        assert agreement.how == How.SIGNED
        assert agreement.difference_minor == 320
        assert collected() == gbp("60.10")
        collection = CashCollection.objects.get()
        assert collection.note == "A difference signed by two: £3.20. A torn note"
        assert collection.witnessed_by == "Branch chair"
        assert collection.recorded_by == table.treasurer
        assert list(audit_till()) == []

    def test_counts_the_third_count_in(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})
        table.seat(Side.THIRD)
        table.count(Side.THIRD, {"2000": 2})

        assert self.sign(table).difference_minor == 40_00
        assert collected() == gbp(40)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"reason": " "}, "reason"),
            ({"also_by": ""}, "also_by"),
            ({"also_by": "THE ONE"}, "also_by"),
        ],
    )
    def test_needs_a_reason_and_a_second_person(self, changes: dict[str, str], field: str) -> None:
        table = Table(treasurer=make_user(first_name="The", last_name="One"))
        table.differ_twice({"2000": 3}, {"2000": 4})

        with pytest.raises(RecordRefusedError) as refusal:
            self.sign(table, **changes)

        assert refusal.value.field == field
        assert not Agreement.objects.exists()

    def test_is_not_for_a_first_difference(self) -> None:
        table = Table()
        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 4})

        with pytest.raises(RecordRefusedError, match="no difference to sign"):
            self.sign(table)


class TestWitnessRule:
    def table(self) -> Table:
        branch = make_branch("Small")
        branch.count_rule = Branch.CountRule.WITNESS
        branch.save()
        return Table(branch=branch, count_rule=Branch.CountRule.WITNESS)

    def test_one_count_with_a_witness_is_agreed(self) -> None:
        table = self.table()

        table.count(Side.A, witness="Stall neighbour")

        collection = CashCollection.objects.get()
        assert collection.witnessed_by == "Stall neighbour"
        assert Agreement.objects.get().how == How.WITNESSED
        assert list(audit_till()) == []

    def test_nobody_is_their_own_witness(self) -> None:
        table = self.table()

        for witness in ("", table.seats[Side.A].sitter.upper()):
            with pytest.raises(RecordRefusedError) as refusal:
                table.count(Side.A, witness=witness)
            assert refusal.value.field == "witness"
        assert not BucketCount.objects.exists()

    def test_is_the_branch_s_to_allow(self) -> None:
        with pytest.raises(RecordRefusedError) as refusal:
            Table(count_rule=Branch.CountRule.WITNESS)

        assert refusal.value.field == "count_rule"


class TestSheets:
    def test_the_same_one_five_times_counts_once(self) -> None:
        table, told = Table(), hand_in_of()

        results = [hand_in(table.seats[Side.A], told).is_new for _ in range(5)]

        assert results == [True, False, False, False, False]
        assert BucketCount.objects.count() == 1

    def test_one_that_comes_again_after_the_agreement_is_still_known(self) -> None:
        table, told = Table(), hand_in_of()
        hand_in(table.seats[Side.A], told)
        table.count(Side.B)

        again = hand_in(table.seats[Side.A], replace(told, counted_at=timezone.now()))

        assert not again.is_new
        assert again.bucket.state == State.AGREED

    def test_another_one_under_the_same_id_is_refused(self) -> None:
        table, told = Table(), hand_in_of()
        hand_in(table.seats[Side.A], told)

        for changed in (
            replace(told, sheet=sheet_of({"2000": 4})),
            replace(told, sheet=sheet_of({"2000": 3}, foreign=1)),
            replace(told, bucket=2),
            replace(told, round=2),
        ):
            with pytest.raises(SheetNotTakenError) as objection:
                hand_in(table.seats[Side.A], changed)
            assert objection.value.objection == Objection.CHANGED
        with pytest.raises(SheetNotTakenError):
            hand_in(table.seats[Side.B], told)
        assert BucketCount.objects.count() == 1

    def test_a_second_one_for_the_same_side_is_refused(self) -> None:
        table = Table()
        table.count(Side.A)

        assert refused(table, Side.A) == Objection.TAKEN

    def test_nobody_counts_for_both_sides(self) -> None:
        """Not by another phone, and not by another seat after the first one ended."""
        table = Table()
        table.count(Side.A)
        first = table.seats[Side.A]
        type(first).objects.filter(pk=first.pk).update(
            ended_at=timezone.now(), ended_by=table.treasurer
        )
        table.seat(Side.B, name=f"  {first.sitter} ")

        assert refused(table, Side.B) == Objection.TAKEN

    def test_come_too_late_or_too_early_for_their_round(self) -> None:
        table = Table()
        assert refused(table, Side.A, round=2) == Objection.EARLY
        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 4})
        assert refused(table, Side.A, round=1) == Objection.LATE
        table.both_count({"2000": 4})
        assert refused(table, Side.A, round=2) == Objection.LATE

    def test_are_for_buckets_that_are_there(self) -> None:
        table = Table()
        with pytest.raises(SheetNotTakenError):
            hand_in(table.seats[Side.A], hand_in_of(bucket=7))

    def test_lie_apart_where_they_are_banked_separately(self) -> None:
        table = Table()

        table.both_count({"2000": 1, "2000-paper": 2, "500-snib": 1, "100-round": 3})

        collection = CashCollection.objects.get()
        assert collection.amount == gbp(68)
        assert collection.denominations == {"2000": 1}
        assert collection.apart == {"2000-paper": 2, "500-snib": 1, "100-round": 3}

    def test_foreign_coin_is_worth_nothing_and_must_agree(self) -> None:
        table = Table()
        three = sheet_of({"100": 1}, foreign=3)
        table.count(Side.A, sheet=three)
        table.count(Side.B, sheet=sheet_of({"100": 1}, foreign=4))
        assert table.bucket().state == State.RECOUNT

        table.count(Side.A, sheet=three)
        table.count(Side.B, sheet=three)

        assert collected() == gbp(1)

    def test_in_euro_are_counted_in_euro(self) -> None:
        abroad = make_appeal("abroad", target=Money(1000, "EUR"))
        table = Table(appeal=abroad)
        sheet = Sheet(currency="EUR", pieces={"2000": 2, "1": 3})

        table.count(Side.A, sheet=sheet)
        table.count(Side.B, sheet=sheet)

        assert CashCollection.objects.get().amount == Money("40.03", "EUR")
        assert list(audit_till()) == []

    @pytest.mark.parametrize(
        "pieces", [{"300": 1}, {"2000": -1}, {"2000": 100_001}, {"5000": 90_000}]
    )
    def test_that_nobody_can_have_counted_are_refused(self, pieces: dict[str, int]) -> None:
        table = Table()

        with pytest.raises(RecordRefusedError) as refusal:
            table.count(Side.A, pieces)

        assert refusal.value.field == "pieces"
        assert not BucketCount.objects.exists()


class TestCheques:
    def test_are_listed_and_are_no_cash(self) -> None:
        table, day = Table(), local_today()
        sheet = sheet_of({"100": 5}, (25_00, day), (10_00, day - timedelta(days=30)))

        table.count(Side.A, sheet=sheet)
        table.count(
            Side.B,
            sheet=sheet_of(
                {"100": 5}, *reversed([(c.amount_minor, c.dated_on) for c in sheet.cheques])
            ),
        )

        assert collected() == gbp(5)
        assert sorted(cheque.amount for cheque in Cheque.objects.all()) == [gbp(10), gbp(25)]

    def test_count_towards_the_difference(self) -> None:
        table, day = Table(), local_today()
        table.count(Side.A, sheet=sheet_of({"100": 5}, (25_00, day)))
        table.count(Side.B, sheet=sheet_of({"100": 5}))

        assert table.bucket().difference_minor == 25_00

    @pytest.mark.parametrize(
        ("amount", "days", "field", "words"),
        [
            (25_00, 1, "cheque_1_date", "dated ahead"),
            (25_00, -190, "cheque_1_date", "over six months old"),
            (500_01, 0, "cheque_1_amount", "taken by name"),
            (2_000_000_00, 0, "cheque_1_amount", "Check the noughts"),
        ],
    )
    def test_that_no_bank_takes_are_left_out(
        self, amount: int, days: int, field: str, words: str
    ) -> None:
        table = Table()
        sheet = sheet_of({}, (amount, local_today() + timedelta(days=days)))

        with pytest.raises(RecordRefusedError, match=words) as refusal:
            table.count(Side.A, sheet=sheet)

        assert refusal.value.field == field

    def test_of_exactly_the_limit_need_no_name(self) -> None:
        table = Table()

        table.count(Side.A, sheet=sheet_of({}, (500_00, local_today())))

        assert BucketCount.objects.count() == 1

    def test_without_a_limit_need_no_name(self) -> None:
        table = Table()
        make_organisation(identified_donation_limit=None)

        table.count(Side.A, sheet=sheet_of({}, (900_00, local_today())))

        assert BucketCount.objects.count() == 1

    @pytest.mark.parametrize(
        ("day", "before"),
        [
            (date(2026, 11, 21), date(2026, 5, 21)),
            (date(2026, 8, 31), date(2026, 2, 28)),
            (date(2026, 3, 15), date(2025, 9, 15)),
            (date(2026, 12, 31), date(2026, 6, 30)),
        ],
    )
    def test_grow_old_by_the_calendar(self, day: date, before: date) -> None:
        assert months_before(day, 6) == before


class TestUndoing:
    def test_takes_it_out_of_the_books_and_counts_it_anew(self) -> None:
        table = Table()
        table.both_count({"2000": 3})

        count_anew(table.bucket(), reason="Two buckets were mixed", by=table.treasurer)

        bucket = table.bucket()
        assert bucket.state == State.OUT
        assert read_reading(table.appeal).raised == gbp(0)
        assert Agreement.objects.get().undo_reason == "Two buckets were mixed"
        assert CashCollection.objects.get().reversal_reason == "Two buckets were mixed"
        table.both_count({"2000": 2})
        assert collected() == gbp(40)
        assert list(audit_till()) == []

    def test_gives_a_new_attempt_two_rounds_of_its_own(self) -> None:
        table = Table()
        table.differ_twice({"2000": 3}, {"2000": 4})
        count_anew(table.bucket(), reason="Start again", by=table.treasurer)

        table.count(Side.A, {"2000": 3})
        table.count(Side.B, {"2000": 4})

        assert table.bucket().state == State.RECOUNT

    def test_needs_a_reason_and_something_to_undo(self) -> None:
        table = Table()
        with pytest.raises(RecordRefusedError, match="nothing to undo"):
            count_anew(table.bucket(), reason="Why not", by=table.treasurer)
        table.count(Side.A)
        with pytest.raises(RecordRefusedError, match="Say why"):
            count_anew(table.bucket(), reason=" ", by=table.treasurer)

    def test_is_not_to_be_had_behind_the_table_s_back(self) -> None:
        table = Table()
        table.both_count()

        with pytest.raises(RecordRefusedError, match="undo it there"):
            reverse_collection(
                CashCollection.objects.get(), reason="Mistake", reversed_by=table.treasurer
            )

        assert collected() == gbp(60)

    def test_a_bucket_that_was_set_aside_comes_back(self) -> None:
        table = Table()
        set_aside(table.bucket(), reason="Never came back", by=table.treasurer)
        set_aside(table.bucket(), reason="A second tap", by=table.treasurer)
        assert refused(table, Side.A) == Objection.LATE

        count_anew(table.bucket(), reason="It was in the van", by=table.treasurer)
        table.both_count()

        assert collected() == gbp(60)

    def test_setting_aside_needs_a_reason_and_no_agreement(self) -> None:
        table = Table()
        with pytest.raises(RecordRefusedError, match="Say why"):
            set_aside(table.bucket(), reason="", by=table.treasurer)
        table.both_count()
        with pytest.raises(RecordRefusedError, match="undo that first"):
            set_aside(table.bucket(), reason="Mistake", by=table.treasurer)


class TestGuards:
    """What the database refuses, whatever the code does."""

    @pytest.fixture
    def agreed(self) -> Table:
        table = Table()
        table.both_count()
        return table

    def test_a_count_is_never_edited(self, agreed: Table) -> None:
        for change in (
            lambda: BucketCount.objects.update(sheet={}),
            lambda: OccasionStep.objects.update(reason="Rewritten"),
            lambda: BucketCount.objects.exclude(agreement__isnull=False).delete(),
            lambda: OccasionStep.objects.all().delete(),
        ):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                change()

    def test_a_bucket_is_agreed_once(self, agreed: Table) -> None:
        standing = Agreement.objects.get()
        with pytest.raises(IntegrityError, match="bucket_is_agreed_once"), transaction.atomic():
            Agreement.objects.create(
                bucket=standing.bucket,
                round=9,
                how=How.TWO_COUNTS,
                count=BucketCount.objects.exclude(pk=standing.count_id).get(),
                counted=gbp(0),
                raised=gbp(0),
            )

    def test_an_agreement_on_money_has_its_collection(self, agreed: Table) -> None:
        with (
            pytest.raises(IntegrityError, match="booked_exactly_when_money_was_raised"),
            transaction.atomic(),
        ):
            Agreement.objects.update(collection=None)

    def test_a_difference_is_signed_by_two(self, agreed: Table) -> None:
        with (
            pytest.raises(IntegrityError, match="signed_by_two_with_a_reason"),
            transaction.atomic(),
        ):
            Agreement.objects.update(how=How.SIGNED)

    def test_two_counts_of_a_round_are_by_different_people(self, agreed: Table) -> None:
        count = BucketCount.objects.first()
        assert count is not None
        with (
            pytest.raises(IntegrityError, match="by_different_people"),
            transaction.atomic(),
        ):
            BucketCount.objects.create(
                reference=uuid.uuid4(),
                bucket=count.bucket,
                seat=count.seat,
                round=count.round,
                side=Side.THIRD,
                counter_key=count.counter_key,
                sheet=count.sheet,
                digest=count.digest,
            )

    def test_a_bucket_has_no_third_round(self, agreed: Table) -> None:
        with (
            pytest.raises(IntegrityError, match="first_or_second_round"),
            transaction.atomic(),
        ):
            Bucket.objects.update(round=3)


class TestAudit:
    def findings(self) -> list[str]:
        return [difference.check for difference in audit_till()]

    def test_an_agreement_whose_collection_says_another_amount_is_found(self) -> None:
        Table().both_count()
        CashCollection.objects.update(amount=Decimal(61))

        assert "agreed buckets are booked" in self.findings()

    def test_an_empty_bucket_that_was_undone_is_in_order(self) -> None:
        table = Table()
        table.both_count({})

        count_anew(table.bucket(), reason="It was not empty", by=table.treasurer)

        assert self.findings() == []

    def test_a_collection_that_no_agreement_has_is_found(self) -> None:
        table = Table()
        table.both_count()
        Agreement.objects.all().delete()

        assert self.findings() == ["booked buckets are agreed", "agreed buckets are booked"]

    def test_a_bucket_that_is_called_agreed_is_found(self) -> None:
        table = Table()
        table.count(Side.A)
        Bucket.objects.update(state=State.AGREED)

        assert self.findings() == [
            "agreed buckets are booked",
            "the hall is told what is counted",
        ]

    def test_an_agreement_without_its_counts_is_found(self) -> None:
        table = Table(buckets=2)
        table.both_count({"2000": 3}, bucket=1)
        table.count(Side.A, {"2000": 3}, bucket=2)
        alone = BucketCount.objects.get(bucket=table.bucket(2))
        Agreement.objects.update(count=alone)

        assert self.findings() == ["agreements have their counts"]


def test_an_appeal_that_closed_meanwhile_still_takes_what_was_gathered_in_its_time() -> None:
    table = Table()
    Appeal.objects.update(status=Appeal.Status.CLOSED, closes_at=timezone.now())

    table.both_count()

    assert collected() == gbp(60)


def test_a_branch_that_closed_meanwhile_keeps_neither_half() -> None:
    """The second count is refused whole, so that it can be sent again once that is put right."""
    table = Table()
    table.count(Side.A)
    Branch.objects.update(is_active=False)

    with pytest.raises(RecordRefusedError, match="closed"):
        table.count(Side.B)

    assert BucketCount.objects.count() == 1
    Branch.objects.update(is_active=True)
    table.count(Side.B)
    assert collected() == gbp(60)


def test_buckets_go_out_with_facts_of_their_own() -> None:
    table = Table(buckets=2)

    assert [bucket.seal_number for bucket in table.occasion.buckets.all()] == ["S1", "S2"]
    assert BucketFacts().float_amount is None
