"""Sheets that were counted on paper and are typed later: the same rules, their own dates."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appeals.progress import read_reading
from funds.models import Branch, JournalEntry, User
from payments.audit import audit_till
from payments.counting.codes import seat_code
from payments.counting.hand_in import Objection, SheetNotTakenError
from payments.counting.on_paper import PaperSheet, type_in
from payments.counting.seats import NoSeatError, find_seat
from payments.counting.settling import count_anew, sign_difference
from payments.counting.tables import begin_counting, close_table, open_occasion
from payments.models import Bucket, BucketCount, CashCollection, Occasion, Seat
from payments.recording import RecordRefusedError, local_today
from tests.factories import gbp, make_appeal, make_branch, make_user
from tests.payments.counting import Side, Table, occasion_facts, sheet_of
from tests.payments.test_cash import race
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db


def paper_of(pieces: Mapping[str, int] | None = None, **changes: Any) -> PaperSheet:
    """Counter A's sheet of the first count: three £20 notes, counted just now."""
    return replace(
        PaperSheet(
            reference=uuid.uuid4(),
            side=Side.A,
            counter="Asha Example",
            is_related=False,
            related_note="",
            round=1,
            sheet=sheet_of({"2000": 3} if pieces is None else pieces),
            counted_at=timezone.now() - timedelta(minutes=1),
        ),
        **changes,
    )


def other_of(pieces: Mapping[str, int] | None = None, **changes: Any) -> PaperSheet:
    """Counter B's."""
    return paper_of(pieces, **{"side": Side.B, "counter": "Ben Example", **changes})


@pytest.fixture
def table() -> Table:
    return Table()


def refusal(table: Table, paper: PaperSheet, by: User | None = None) -> RecordRefusedError:
    with pytest.raises(RecordRefusedError) as refused:
        type_in(table.bucket(), paper, typed_by=by or table.treasurer)
    return refused.value


class TestTyping:
    def test_two_equal_sheets_agree_whoever_typed_them(self, table: Table) -> None:
        type_in(table.bucket(), paper_of(), typed_by=table.treasurer)
        assert table.bucket().state == Bucket.State.COUNTING
        assert not CashCollection.objects.exists()

        type_in(table.bucket(), other_of(), typed_by=table.treasurer)

        assert table.bucket().state == Bucket.State.AGREED
        collection = CashCollection.objects.get()
        assert (collection.counted_by, collection.witnessed_by) == ("Asha Example", "Ben Example")
        assert collection.amount == gbp(60)
        assert collection.recorded_by == table.treasurer
        assert {count.typed_by for count in BucketCount.objects.all()} == {table.treasurer}
        assert list(audit_till()) == []

    def test_last_saturdays_money_is_dated_so_though_it_is_posted_now(self) -> None:
        appeal, treasurer = make_appeal(), make_user(branches=[make_branch("Leeds")])
        saturday = local_today() - timedelta(days=4)
        evening = datetime(saturday.year, saturday.month, saturday.day, 20, 15, tzinfo=UTC)
        facts = occasion_facts(appeal, held_on=saturday)
        occasion = open_occasion(uuid.uuid4(), facts, opened_by=treasurer)
        begin_counting(occasion, by=treasurer)
        bucket = occasion.buckets.get()

        for paper in (paper_of(counted_at=evening), other_of(counted_at=evening)):
            type_in(bucket, paper, typed_by=treasurer)

        entry = JournalEntry.objects.get()
        assert entry.occurred_on == saturday
        assert entry.posted_at.date() == timezone.now().date()
        assert {count.counted_at for count in BucketCount.objects.all()} == {evening}

    def test_sheets_that_differ_are_counted_again_as_on_phones(self, table: Table) -> None:
        type_in(table.bucket(), paper_of(), typed_by=table.treasurer)
        type_in(table.bucket(), other_of({"2000": 4}), typed_by=table.treasurer)
        assert table.bucket().state == Bucket.State.RECOUNT
        assert table.bucket().difference_minor == 20_00

        late = paper_of({"2000": 4})
        with pytest.raises(SheetNotTakenError) as objected:
            type_in(table.bucket(), late, typed_by=table.treasurer)
        assert objected.value.objection == Objection.LATE

        for paper in (paper_of({"2000": 4}, round=2), other_of({"2000": 4}, round=2)):
            type_in(table.bucket(), paper, typed_by=table.treasurer)
        assert CashCollection.objects.get().amount == gbp(80)
        assert Seat.objects.filter(on_paper=True).count() == 2  # one of each counter

    def test_a_difference_on_paper_is_signed_or_counted_by_a_third(self, table: Table) -> None:
        for number in (1, 2):
            type_in(table.bucket(), paper_of(round=number), typed_by=table.treasurer)
            type_in(table.bucket(), other_of({"2000": 4}, round=number), typed_by=table.treasurer)
        assert table.bucket().state == Bucket.State.DISPUTED

        third = paper_of({"2000": 4}, side=Side.THIRD, counter="Cara Example", round=2)
        type_in(table.bucket(), third, typed_by=table.treasurer)

        assert CashCollection.objects.get().amount == gbp(80)
        with pytest.raises(RecordRefusedError, match="no difference to sign"):
            sign_difference(table.bucket(), reason="None", also_by="Dan", signed_by=table.treasurer)

    def test_one_may_count_on_a_phone_and_the_other_on_paper(self, table: Table) -> None:
        table.count(Side.A)

        type_in(table.bucket(), other_of(), typed_by=table.treasurer)

        assert table.bucket().state == Bucket.State.AGREED

    def test_with_a_witness_one_sheet_is_enough(self) -> None:
        branch = make_branch("Small")
        branch.count_rule = Branch.CountRule.WITNESS
        branch.save()
        table = Table(branch=branch, count_rule=Branch.CountRule.WITNESS)

        assert refusal(table, paper_of()).field == "witness"
        type_in(table.bucket(), paper_of(witness="Ben Example"), typed_by=table.treasurer)

        assert CashCollection.objects.get().witnessed_by == "Ben Example"

    def test_the_same_form_twice_counts_once(self, table: Table) -> None:
        paper = paper_of()
        assert type_in(table.bucket(), paper, typed_by=table.treasurer).is_new
        assert not type_in(table.bucket(), paper, typed_by=table.treasurer).is_new
        assert BucketCount.objects.count() == 1

    def test_the_step_says_who_typed_and_whose_it_is(self, table: Table) -> None:
        type_in(table.bucket(), paper_of(), typed_by=table.treasurer)

        step = table.occasion.steps.get(kind="handed-in")
        assert step.by == table.treasurer
        assert step.detail == "Asha Example, typed from paper"

    def test_its_seat_opens_nothing(self, table: Table) -> None:
        type_in(table.bucket(), paper_of(), typed_by=table.treasurer)

        seat = Seat.objects.get(on_paper=True)
        for to_send in (True, False):
            with pytest.raises(NoSeatError):
                find_seat(seat_code(seat), to_send=to_send)
        with (
            pytest.raises(IntegrityError, match="on_paper_is_taken_and_opens_nothing"),
            transaction.atomic(),
        ):
            Seat.objects.filter(pk=seat.pk).update(ended_at=None, ended_by=None)

    def test_a_relative_says_why_as_at_the_table(self, table: Table) -> None:
        assert refusal(table, paper_of(is_related=True)).field == "related_note"
        related = paper_of(is_related=True, related_note="Only two of us came")
        type_in(table.bucket(), related, typed_by=table.treasurer)
        assert Seat.objects.get(on_paper=True).related_note == "Only two of us came"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"counter": "  "}, "counter"),
            ({"counted_at": datetime(2100, 1, 1, tzinfo=UTC)}, "counted_on"),
            ({"counted_at": datetime(2020, 1, 1, tzinfo=UTC)}, "counted_on"),
        ],
    )
    def test_what_cannot_be_right_names_its_field(
        self, table: Table, changes: dict[str, Any], field: str
    ) -> None:
        assert refusal(table, paper_of(**changes)).field == field
        assert not Seat.objects.filter(on_paper=True).exists()

    def test_a_closed_table_takes_no_sheet(self, table: Table) -> None:
        table.both_count()
        close_table(table.occasion, by=table.treasurer)

        assert "open it first" in str(refusal(table, paper_of()))

    def test_the_database_wants_the_papers_own_time(self, table: Table) -> None:
        with (
            pytest.raises(IntegrityError, match="from_paper_says_when"),
            transaction.atomic(),
        ):
            BucketCount.objects.create(
                reference=uuid.uuid4(),
                bucket=table.bucket(),
                seat=table.seats[Side.A],
                round=1,
                side=Side.A,
                counter_key="x",
                sheet={},
                digest="",
                typed_by=table.treasurer,
            )


class TestWhoMayType:
    """Nobody types the other's sheet of a bucket that they counted themselves."""

    def asha(self) -> User:
        return make_user(branches=[make_branch("Leeds")], first_name="Asha", last_name="Example")

    def test_who_counted_on_paper_does_not_type_the_others_sheet(self, table: Table) -> None:
        asha = self.asha()
        type_in(table.bucket(), paper_of(), typed_by=asha)

        assert "You counted this bucket yourself" in str(refusal(table, other_of(), by=asha))

        type_in(table.bucket(), other_of(), typed_by=table.treasurer)
        assert table.bucket().state == Bucket.State.AGREED

    def test_who_typed_the_others_sheet_does_not_type_their_own(self, table: Table) -> None:
        asha = self.asha()
        type_in(table.bucket(), other_of(), typed_by=asha)

        assert "your own is typed by another" in str(refusal(table, paper_of(), by=asha))

    def test_who_counted_on_a_phone_by_log_in_does_not_either(self, table: Table) -> None:
        table.count(Side.A)
        seat = table.seats[Side.A]
        Seat.objects.filter(pk=seat.pk).update(user=table.treasurer)

        assert refusal(table, other_of()).field == "counter"

    def test_two_sheets_of_one_person_are_one_too_many(self, table: Table) -> None:
        type_in(table.bucket(), paper_of(), typed_by=table.treasurer)

        with pytest.raises(SheetNotTakenError) as objected:
            type_in(
                table.bucket(),
                other_of(counter="asha  EXAMPLE"),
                typed_by=table.treasurer,
            )
        assert objected.value.objection == Objection.TAKEN

    def test_after_an_undoing_it_begins_anew(self, table: Table) -> None:
        asha = self.asha()
        type_in(table.bucket(), other_of(), typed_by=asha)
        count_anew(table.bucket(), reason="Mixed up", by=table.treasurer)

        type_in(table.bucket(), paper_of(round=2), typed_by=asha)

        assert BucketCount.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_phone_and_a_paper_at_the_same_moment_make_one_agreement() -> None:
    table = Table()
    paper = other_of()

    race(
        lambda: table.count(Side.A),
        lambda: type_in(table.bucket(), paper, typed_by=table.treasurer),
        lambda: type_in(table.bucket(), paper, typed_by=table.treasurer),
    )

    assert BucketCount.objects.count() == 2
    assert CashCollection.objects.get().amount == gbp(60)


@pytest.fixture
def treasurer(table: Table) -> Client:
    client = Client()
    client.force_login(table.treasurer)
    return client


def page_of(table: Table) -> str:
    return reverse("payments:bucket-paper", args=[table.bucket().reference])


def fields(**changes: Any) -> dict[str, Any]:
    """Three £20 notes on counter A's sheet of today."""
    return {
        "sheet": str(uuid.uuid4()),
        "bucket": "1",
        "round": "1",
        "side": "a",
        "counter": "Asha Example",
        "related": "no",
        "counted_on": local_today().isoformat(),
        "counted_time": "00:00",
        "count_GBP_2000": "3",
        "large_gift": "no",
        **changes,
    }


class TestThePage:
    def test_a_treasurer_types_both_and_sees_no_figure_between(
        self, table: Table, treasurer: Client
    ) -> None:
        shown = treasurer.get(f"{page_of(table)}?side=a").content.decode()
        assert re.search(r'value="a"[^>]* checked', shown)

        between = treasurer.post(page_of(table), fields(paper_total="60"), follow=True)
        assert "The other sheet of this bucket is still to come" in text_of(between)
        assert "Type the other paper sheet" in text_of(between)
        anew = treasurer.get(page_of(table))
        for page in (between, anew):
            assert "60" not in re.sub(r"2000|£\d+|:\d\d", "", text_of(page))
        assert read_reading(table.appeal).raised == gbp(0)

        done = treasurer.post(page_of(table), fields(side="b", counter="Ben Example"), follow=True)
        assert "The sheets agree. Bucket 1 is agreed." in text_of(done)
        assert "on the paper; typed by" in text_of(done)
        assert read_reading(table.appeal).raised == gbp(60)
        assert "needs no sheet any more" in text_of(treasurer.get(page_of(table), follow=True))

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"side": ""}, "Say whose sheet it is"),
            ({"side": "c"}, "Choose whose sheet it is from these"),
            ({"counter": ""}, "Type the name of who counted"),
            ({"related": ""}, "Say what is ticked"),
            ({"related": "yes"}, "Say why no one else could count"),
            ({"counted_on": ""}, "Give the date"),
            ({"counted_time": "late"}, "like 19:40"),
            ({"counted_on": "2020-01-01"}, "It was only gathered on"),
            ({"paper_total": "61"}, "The boxes come to £60, and you typed £61 here"),
            ({"paper_total": "sixty"}, "Type the amount in figures"),
            ({"count_GBP_2000": "many"}, "Type a whole number"),
            ({"large_gift": "yes"}, "Take it out of the bucket"),
            ({"sheet": "x"}, "Please send the form again"),
        ],
    )
    def test_what_cannot_be_is_refused_in_words(
        self, table: Table, treasurer: Client, changes: dict[str, str], words: str
    ) -> None:
        page = treasurer.post(page_of(table), fields(**changes))

        assert page.status_code == 422
        assert words in text_of(page)
        assert not BucketCount.objects.exists()

    def test_what_differs_is_said_and_what_to_do(self, table: Table, treasurer: Client) -> None:
        treasurer.post(page_of(table), fields())
        page = treasurer.post(
            page_of(table),
            fields(side="b", counter="Ben Example", count_GBP_2000="4"),
            follow=True,
        )

        assert "The two sheets differ" in text_of(page)
        assert "The two counts differ by £20" in text_of(page)
        assert "A slip in typing: type both again" in text_of(treasurer.get(page_of(table)))
        old = treasurer.post(page_of(table), fields())
        assert old.status_code == 409
        assert "settled without this sheet" in text_of(old)

    def test_a_table_that_is_not_open_says_what_to_do(
        self, table: Table, treasurer: Client
    ) -> None:
        Occasion.objects.update(state=Occasion.State.OPEN)
        assert "Open it first" in text_of(treasurer.get(page_of(table)))
        refused = treasurer.post(page_of(table), fields())
        assert refused.status_code == 422
        Occasion.objects.update(state=Occasion.State.DONE)
        assert "Open it again first" in text_of(treasurer.get(page_of(table)))

    def test_the_board_leads_there(self, table: Table, treasurer: Client) -> None:
        board = treasurer.get(reverse("payments:occasion", args=[table.occasion.reference]))

        assert f'href="{page_of(table)}"' in board.content.decode()

    def test_the_counters_seat_says_that_it_was_on_paper(
        self, table: Table, treasurer: Client
    ) -> None:
        type_in(table.bucket(), paper_of(), typed_by=table.treasurer)
        seat = Seat.objects.get(on_paper=True)

        page = text_of(treasurer.get(reverse("payments:seat", args=[seat.reference])))

        assert "Asha Example counted on paper" in page
        assert seat_code(seat) not in page

    def test_typing_costs_the_same_queries_however_many_were_typed(
        self, table: Table, treasurer: Client
    ) -> None:
        treasurer.get(page_of(table))
        with CaptureQueriesContext(connection) as few:
            treasurer.get(page_of(table))
        for number in range(3):
            count_anew_after(table, number)
        with CaptureQueriesContext(connection) as many:
            treasurer.get(page_of(table))

        assert len(many) == len(few) <= 14


def count_anew_after(table: Table, number: int) -> None:
    """A sheet is typed, and the bucket begun anew."""
    type_in(
        table.bucket(),
        paper_of(round=table.bucket().round, counter=f"Counter {number}"),
        typed_by=table.treasurer,
    )
    count_anew(table.bucket(), reason="Mixed up", by=table.treasurer)
