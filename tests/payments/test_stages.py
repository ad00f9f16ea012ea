"""How far the cash of a table is, at a glance: from buckets out to the bank's statement."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funds.access import read_access
from funds.models import Membership, User
from payments.audit import audit_till
from payments.banking.confirming import match_by_hand, undo_match
from payments.counting.bagging import open_bag, seal_bag
from payments.counting.board import read_bucket
from payments.counting.history import read_history
from payments.counting.settling import count_anew, set_aside
from payments.counting.stages import Mark, Step, path_of
from payments.counting.standing import Standing, read_standings_of
from payments.counting.tables import call_off, close_table, undo_last_move
from payments.models import Bucket, CashCollection, NamedGift, PayingIn, StatementMatch
from payments.paying_in import undo_paying_in
from payments.recording import RecordRefusedError, local_today
from tests.factories import gbp, make_branch, make_user
from tests.payments import test_named_gifts
from tests.payments.banking.statements import Told, take
from tests.payments.counting import Side, Table
from tests.payments.test_paying_in import bank
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

SHORT = gbp("-3.20")


def national() -> User:
    """Who matches: somebody who neither counted nor paid in."""
    return make_user(
        role=Membership.Role.NATIONAL_TREASURER, first_name="Nadia", last_name="National"
    )


def bag(table: Table, *numbers: int, bag_number: str = "B 7") -> int:
    buckets = [table.bucket(number) for number in numbers or (1,)]
    return seal_bag(
        table.occasion,
        buckets,
        bag_number=bag_number,
        sealed_with="Second Person",
        by=table.treasurer,
    )


def pay_in(table: Table, **changes: Any) -> PayingIn:
    """All of the table that is in hand."""
    standing = CashCollection.objects.filter(reversed_at__isnull=True)
    return bank(list(standing.filter(branch=table.occasion.branch)), **changes)


def match(paying_in: PayingIn, *, off: Any = None) -> StatementMatch:
    """The bank's statement has it, perhaps with another amount."""
    amount = paying_in.amount + (off or gbp(0))
    (line,) = take(Told(local_today(), amount, f"CASH {paying_in.slip_number}"))
    kind = StatementMatch.Kind.PAYING_IN
    return match_by_hand(line, kind, str(paying_in.pk), by=national(), note="A coin was foreign")


def standing_of(table: Table) -> Standing:
    table.occasion.refresh_from_db()
    (standing,) = read_standings_of([table.occasion])
    return standing


def marks_of(table: Table) -> list[str]:
    return [step.mark.value for step in standing_of(table).path]


def word_of(table: Table, number: int = 1) -> str:
    return read_bucket(table.bucket(number), read_access(table.treasurer)).row.stage.word


class TestTheWay:
    def test_a_bucket_goes_from_out_to_matched_and_each_step_is_told(self) -> None:
        table = Table()
        undo_last_move(table.occasion, reason="Early", by=table.treasurer)
        assert (standing_of(table).stage, word_of(table)) == ("Buckets out", "not counted")
        assert marks_of(table) == ["now", *["to-come"] * 5]

        table = Table()
        assert standing_of(table).stage == "Being counted"
        assert marks_of(table) == ["done", "now", *["to-come"] * 4]
        table.count(Side.A)
        assert word_of(table) == "being counted"
        table.count(Side.B)
        assert (standing_of(table).stage, word_of(table)) == ("All agreed", "agreed")
        bag(table)
        assert (standing_of(table).stage, word_of(table)) == ("All bagged", "bagged")
        paying_in = pay_in(table)
        assert (standing_of(table).stage, word_of(table)) == ("All banked", "banked")
        assert marks_of(table) == [*["done"] * 4, "now", "to-come"]
        match(paying_in)
        assert (standing_of(table).stage, word_of(table)) == ("Matched", "matched")
        assert marks_of(table) == ["done"] * 6
        assert list(audit_till()) == []

    def test_counts_that_differ_and_a_bank_that_differs_are_both_shown(self) -> None:
        table = Table()
        table.count(Side.A)
        table.count(Side.B, {"2000": 4})
        assert (standing_of(table).stage, standing_of(table).tone) == ("Counts differ", "red")
        assert word_of(table) == "counts differ"
        assert marks_of(table)[Step.COUNTING] == Mark.TROUBLE

        table = Table(branch=make_branch("York"))
        table.both_count()
        match(pay_in(table), off=SHORT)
        standing = standing_of(table)
        assert (standing.stage, standing.tone) == ("Difference at the bank", "red")
        assert (standing.path[-1].name, standing.path[-1].mark) == ("Difference", Mark.TROUBLE)
        assert word_of(table) == "difference"

    def test_what_is_undone_goes_back(self) -> None:
        table = Table()
        table.both_count()
        bag(table)
        paying_in = pay_in(table)
        found = match(paying_in)

        undo_match(found, reason="Another slip", by=national())
        assert word_of(table) == "banked"
        undo_paying_in(paying_in, reason="Wrong day", reversed_by=table.treasurer)
        assert word_of(table) == "bagged"
        open_bag(table.bucket(), reason="Torn", by=table.treasurer)
        assert word_of(table) == "agreed"
        count_anew(table.bucket(), reason="Mixed up", by=table.treasurer)
        assert word_of(table) == "not counted"

    def test_some_buckets_may_be_further_than_others(self) -> None:
        table = Table(buckets=3)
        table.both_count(bucket=1)
        table.both_count(bucket=2)
        bag(table, 1)

        path = standing_of(table).path

        assert [step.mark for step in path][:4] == ["done", "now", "part", "part"]
        assert [step.told for step in path] == ["", "", "2 of 3", "1 of 3", "", ""]
        assert {step.words for step in path} == {"done", "now", "in part", "to come"}

    def test_what_is_set_aside_holds_nothing_up(self) -> None:
        table = Table(buckets=2)
        table.both_count(bucket=1)
        set_aside(table.bucket(2), reason="Not used", by=table.treasurer)

        assert standing_of(table).stage == "All agreed"
        assert word_of(table, 2) == "set aside"
        assert read_bucket(table.bucket(2), read_access(table.treasurer)).row.stage.path == []

    def test_where_all_is_set_aside_the_table_says_how_it_ended(self) -> None:
        table = Table()
        set_aside(table.bucket(), reason="Not used", by=table.treasurer)
        close_table(table.occasion, by=table.treasurer)

        assert standing_of(table).stage == "Counted and closed"
        assert standing_of(table).path == path_of([]) == []

    def test_a_bucket_that_brought_nothing_has_nothing_to_bank(self) -> None:
        table = Table(floats={1: gbp(60)})
        table.both_count()

        assert word_of(table) == "nothing to bank"
        assert standing_of(table).stage == "Matched"
        assert standing_of(table).to_bank == 0

    def test_one_that_was_called_off_has_no_way(self) -> None:
        table = Table()
        undo_last_move(table.occasion, reason="Early", by=table.treasurer)
        call_off(table.occasion, reason="Rain", by=table.treasurer)

        assert standing_of(table).stage == "Called off"
        assert standing_of(table).path == []

    def test_a_donation_by_name_is_banked_like_the_rest(self) -> None:
        table = Table()
        table.both_count()
        gift = test_named_gifts.record(table)
        assert gift.collection is not None
        bank([CashCollection.objects.get(agreement__isnull=False)])
        assert (standing_of(table).stage, standing_of(table).to_bank) == ("All agreed", 1)

        bank([NamedGift.objects.get().collection])  # type: ignore[list-item]
        assert (standing_of(table).stage, standing_of(table).to_bank) == ("All banked", 0)


class TestBags:
    def test_a_bag_is_written_down_with_who_and_when(self) -> None:
        table = Table(buckets=2)
        table.both_count(bucket=1)
        table.both_count(bucket=2)

        assert bag(table, 1, 2) == 2
        assert bag(table, 1, 2) == 0  # a second tap

        step = table.bucket().steps.get(kind="bagged")
        assert step.by == table.treasurer
        assert step.detail == "Bag B 7, sealed with Second Person"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"bag_number": " "}, "bag_number"),
            ({"sealed_with": ""}, "sealed_with"),
            ({"buckets": []}, "buckets"),
        ],
    )
    def test_what_is_missing_is_named(self, changes: dict[str, Any], field: str) -> None:
        table = Table()
        table.both_count()
        told = {"buckets": [table.bucket()], "bag_number": "B 7", "sealed_with": "Second"}

        with pytest.raises(RecordRefusedError) as refused:
            seal_bag(table.occasion, by=table.treasurer, **{**told, **changes})
        assert refused.value.field == field

    def test_nobody_seals_with_themselves(self) -> None:
        table = Table()
        table.both_count()
        with pytest.raises(RecordRefusedError, match="another one than you"):
            seal_bag(
                table.occasion,
                [table.bucket()],
                bag_number="B 7",
                sealed_with=table.treasurer.username.upper(),
                by=table.treasurer,
            )

    def test_only_agreed_cash_that_is_in_hand_is_bagged_once(self) -> None:
        table = Table(buckets=3)
        with pytest.raises(RecordRefusedError, match="stays on the table"):
            bag(table)
        table.both_count(bucket=1)
        bag(table)
        with pytest.raises(RecordRefusedError, match="lies in bag B 7 already"):
            bag(table, bag_number="B 8")
        table.both_count(bucket=2)
        bank([CashCollection.objects.get(agreement__bucket__number=2)])
        with pytest.raises(RecordRefusedError, match="banked already"):
            bag(table, 2)

    def test_a_bag_is_opened_with_a_reason_before_it_is_banked(self) -> None:
        table = Table()
        table.both_count()
        with pytest.raises(RecordRefusedError, match="in no bag"):
            open_bag(table.bucket(), reason="Torn", by=table.treasurer)
        bag(table)
        with pytest.raises(RecordRefusedError, match="Say why"):
            open_bag(table.bucket(), reason=" ", by=table.treasurer)
        pay_in(table)
        with pytest.raises(RecordRefusedError, match="undo the paying-in first"):
            open_bag(table.bucket(), reason="Torn", by=table.treasurer)

    def test_the_database_bags_nothing_that_is_not_agreed(self) -> None:
        Table()
        with (
            pytest.raises(IntegrityError, match="agreed_before_it_is_bagged"),
            transaction.atomic(),
        ):
            Bucket.objects.update(bag_number="B 7")

    def test_the_paying_in_knows_the_bag(self) -> None:
        table = Table()
        table.both_count()
        bag(table)
        client = client_of(table)

        page = client.get(reverse("payments:paying-in-new"))

        assert 'value="B 7"' in page.content.decode()
        assert "bag B 7" in text_of(page)


class TestHistory:
    def test_it_tells_who_and_when_down_to_the_statement(self) -> None:
        table = Table()
        table.both_count()
        bag(table)
        paying_in = pay_in(table)
        found = match(paying_in, off=SHORT)
        undo_match(found, reason="Another slip", by=national())
        undo_paying_in(paying_in, reason="Wrong day", reversed_by=table.treasurer)

        told = read_history(table.bucket(), read_access(table.treasurer))

        assert [row.what for row in told][:5] == [
            "Banking undone",
            "Found there by mistake",
            "Found on the bank's statement",
            "Banked",
            "Bagged",
        ]
        assert told[2].who == "Nadia National"
        assert "with a difference of" in told[2].detail
        assert "Slip 000123" in told[3].detail
        assert (told[0].reason, told[1].reason) == ("Wrong day", "Another slip")

    def test_of_a_bag_with_others_cash_a_branch_sees_that_it_is_banked(self) -> None:
        leeds, york = Table(), Table(branch=make_branch("York"))
        leeds.both_count()
        york.both_count()
        paying_in = bank(list(CashCollection.objects.all()))
        found = match(paying_in)
        undo_match(found, reason="Secret reason", by=national())
        undo_paying_in(paying_in, reason="Secret reason", reversed_by=national())

        told = read_history(leeds.bucket(), read_access(leeds.treasurer))

        assert {"Banked", "Found on the bank's statement"} <= {row.what for row in told}
        everything = " ".join(f"{row.detail} {row.reason}" for row in told)
        assert "000123" not in everything
        assert "Secret" not in everything


def client_of(table: Table) -> Client:
    client = Client()
    client.force_login(table.treasurer)
    return client


class TestPages:
    def test_the_bag_is_written_down_on_its_page(self) -> None:
        table = Table(buckets=2)
        table.both_count(bucket=1)
        table.both_count(bucket=2)
        client = client_of(table)
        new = reverse("payments:bag-new", args=[table.occasion.reference])
        assert (
            len(re.findall(r'name="buckets"[^>]* checked', client.get(new).content.decode())) == 2
        )

        told = {"buckets": ["1"], "bag_number": "B 7", "sealed_with": "Second Person"}
        assert client.post(new, {**told, "buckets": "9"}).status_code == 422
        own = client.post(new, {**told, "sealed_with": table.treasurer.username})
        assert "another one than you" in text_of(own)
        page = client.post(new, told, follow=True)

        assert "Bagged: 1" in text_of(page)
        assert "Bag B 7." in text_of(page)
        assert client.post(new, told).status_code == 422  # it is offered no more
        client.post(new, {**told, "buckets": "2"})
        assert "Nothing is left to bag" in text_of(client.get(new))

    def test_a_bag_is_opened_on_its_page(self) -> None:
        table = Table()
        table.both_count()
        bag(table)
        client = client_of(table)
        address = reverse("payments:bag-open", args=[table.bucket().reference])
        bucket = reverse("payments:bucket", args=[table.bucket().reference])
        assert f'href="{address}"' in client.get(bucket).content.decode()

        assert client.post(address, {"reason": ""}).status_code == 422
        page = client.post(address, {"reason": "Torn"}, follow=True)

        assert "lies in no bag any more" in text_of(page)
        assert "“Torn”" in text_of(page)
        assert "In no bag" in text_of(client.get(address))
        assert client.post(address, {"reason": "Torn"}).status_code == 422

    def test_shape_and_word_tell_it_and_not_colour_alone(self) -> None:
        table = Table()
        table.both_count()
        client = client_of(table)

        board = client.get(reverse("payments:occasion", args=[table.occasion.reference]))

        html = board.content.decode()
        assert 'aria-current="step"' in html
        assert re.search(r"Agreed\s*<span class=\"visually-hidden\">: now", html)
        assert "All agreed" in text_of(client.get("/treasurer/occasions/"))

    @pytest.mark.parametrize(
        ("off", "words"),
        [(None, "Nothing is left to do"), (SHORT, "another amount than was paid in")],
    )
    def test_a_closed_table_says_what_is_left(self, off: Any, words: str) -> None:
        table = Table()
        table.both_count()
        close_table(table.occasion, by=table.treasurer)
        client = client_of(table)
        address = reverse("payments:occasion", args=[table.occasion.reference])
        assert "Bank what is in hand" in text_of(client.get(address))
        paying_in = pay_in(table)
        assert "statement is still to come" in text_of(client.get(address))
        match(paying_in, off=off)

        assert words in text_of(client.get(address))

    def test_a_bucket_costs_the_same_queries_however_long_its_history(self) -> None:
        table = Table()
        client = client_of(table)
        address = reverse("payments:bucket", args=[table.bucket().reference])
        counts = []
        for slip in ("000123", "000124", "000125"):
            table.both_count()
            bag(table)
            paying_in = pay_in(table, slip_number=slip)
            found = match(paying_in)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            counts.append(len(queries))
            undo_match(found, reason="Again", by=national())
            undo_paying_in(paying_in, reason="Again", reversed_by=table.treasurer)
            count_anew(table.bucket(), reason="Again", by=table.treasurer)

        assert counts[0] == counts[1] == counts[2] <= 22
