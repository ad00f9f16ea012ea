"""A counter's pages and the treasurer's board, as plain browsers and phones' queues see them."""

import json
import logging
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appeals.progress import read_reading
from funds.models import Branch
from payments.counting.codes import seat_code
from payments.counting.seats import SEAT_LASTS, open_seat
from payments.models import (
    Agreement,
    Bucket,
    BucketCount,
    CashCollection,
    NamedGift,
    Occasion,
    OccasionStep,
    Seat,
)
from payments.recording import local_today
from payments.views.seat_access import COOKIE, address_of
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.counting import Side, Table, collected

pytestmark = pytest.mark.django_db


@pytest.fixture
def table() -> Table:
    return Table(buckets=2)


@pytest.fixture
def treasurer(table: Table) -> Client:
    client = Client()
    client.force_login(table.treasurer)
    return client


def phone(table: Table, side: Side) -> Client:
    """The phone that took a seat."""
    client = Client()
    client.cookies[COOKIE] = table.keys[side]
    return client


def at(table: Table, side: Side, *more: object, page: str = "count-seat") -> str:
    return reverse(f"payments:{page}", args=[seat_code(table.seats[side]), *more])


def sheet_fields(**changes: Any) -> dict[str, Any]:
    """Three £20 notes in bucket 1, as the page sends them."""
    return {
        "sheet": str(uuid.uuid4()),
        "bucket": "1",
        "round": "1",
        "count_GBP_2000": "3",
        "large_gift": "no",
        **changes,
    }


def send(table: Table, side: Side, *, as_json: bool = True, **changes: Any) -> Any:
    """Send a sheet from the side's phone, and ask for JSON."""
    fields = changes.pop("fields", None) or sheet_fields(**changes)
    address = at(table, side, page="count-sheets")
    client = phone(table, side)
    if as_json:
        return client.post(
            address,
            json.dumps(fields),
            content_type="application/json",
            headers={"accept": "application/json"},
        )
    return client.post(address, fields)


def text_of(response: Any) -> str:
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", page)


class TestSittingDown:
    def test_a_code_opens_a_seat_however_it_is_typed(self, table: Table, client: Client) -> None:
        seat = open_seat(table.occasion, Side.A, opened_by=table.treasurer)
        typed = f"  {seat_code(seat).lower().replace('-', ' ')} "

        response = client.post("/count/", {"code": typed})

        assert response.headers["Location"] == address_of(seat)
        lower = client.get(f"/count/{seat_code(seat).lower()}/")
        assert lower.headers["Location"] == address_of(seat)

    def test_a_code_that_is_none_is_told_so_kindly(self, client: Client) -> None:
        make_appeal()
        response = client.post("/count/", {"code": "AAAA-BBBB-CCCC"})

        assert response.status_code == 422
        assert "This code opens nothing now" in text_of(response)

    def test_whoever_comes_first_takes_it_with_a_name_and_an_answer(
        self, table: Table, client: Client
    ) -> None:
        seat = open_seat(table.occasion, Side.A, opened_by=table.treasurer)
        where = address_of(seat)
        assert "Saturday rally: counter a" in text_of(client.get(where))

        response = client.post(where, {"name": " Asha   Example ", "related": "no"})

        assert response.headers["Location"] == where
        cookie = response.cookies[COOKIE]
        assert cookie["path"] == where
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        seat.refresh_from_db()
        assert (seat.sitter, seat.is_related) == ("Asha Example", False)
        assert "2 buckets for you to count" in text_of(client.get(where))

    @pytest.mark.parametrize(
        ("told", "words"),
        [
            ({"name": "", "related": "no"}, "Type your name"),
            ({"name": "Asha Example"}, "Please answer: no, or yes."),
            ({"name": "Asha Example", "related": "yes"}, "Say why no one else could count"),
        ],
    )
    def test_not_without_them(
        self, table: Table, client: Client, told: dict[str, str], words: str
    ) -> None:
        seat = open_seat(table.occasion, Side.A, opened_by=table.treasurer)

        response = client.post(address_of(seat), told)

        assert response.status_code == 422
        assert words in text_of(response)

    def test_a_relative_says_why_and_the_treasurer_sees_it(
        self, table: Table, client: Client, treasurer: Client
    ) -> None:
        seat = open_seat(table.occasion, Side.A, opened_by=table.treasurer)
        told = {"name": "Asha", "related": "yes", "related_note": "Everyone else had gone"}

        client.post(address_of(seat), told)

        board = text_of(treasurer.get(f"/treasurer/occasions/{table.occasion.reference}/"))
        assert "Everyone else had gone" in board

    def test_two_seats_are_two_people(self, table: Table, client: Client) -> None:
        seat = open_seat(table.occasion, Side.B, opened_by=table.treasurer)
        name = table.seats[Side.A].sitter.upper()

        response = client.post(address_of(seat), {"name": name, "related": "no"})

        assert response.status_code == 422
        assert "Somebody of this name sits at the table already" in text_of(response)

    def test_another_phone_sees_nothing_and_sends_nothing(
        self, table: Table, client: Client
    ) -> None:
        for wrong in ("", "another key"):
            client.cookies[COOKIE] = wrong
            shown = client.get(at(table, Side.A))
            sent = client.post(at(table, Side.A, page="count-sheets"), sheet_fields())

            assert shown.status_code == sent.status_code == 403
            assert "taken on another phone" in text_of(shown)
        assert not BucketCount.objects.exists()

    def test_a_seat_for_a_log_in_needs_that_log_in(self, table: Table, treasurer: Client) -> None:
        response = treasurer.post(
            f"/treasurer/occasions/{table.occasion.reference}/seats/", {"side": "a", "for": "me"}
        )
        where = response.headers["Location"]

        stranger, other = Client(), Client()
        other.force_login(make_user())
        assert stranger.get(where).headers["Location"].startswith("/accounts/login/")
        assert other.get(where).status_code == 404
        treasurer.post(where, {"related": "no"})
        seat = Seat.objects.get(user=table.treasurer)
        assert seat.sitter == table.treasurer.username
        assert "buckets for you to count" in text_of(treasurer.get(where))


class TestCounting:
    def test_the_page_has_a_box_for_every_note_and_coin_and_what_lies_apart(
        self, table: Table
    ) -> None:
        page = phone(table, Side.A).get(at(table, Side.A, 1, page="count-bucket"))

        html = page.content.decode()
        assert 'name="count_GBP_2000"' in html
        assert 'name="count_GBP_2000-paper"' in html
        assert 'name="count_GBP_10000-snib"' in html
        assert "Scottish and Northern Irish notes" in html

    def test_by_form_and_by_json_is_the_same(self, table: Table) -> None:
        by_form = send(table, Side.A, as_json=False)
        by_json = send(table, Side.B, count_GBP_2000=3, bucket=1, round=1)

        assert by_form.headers["Location"] == f"{at(table, Side.A)}?handed-in=1"
        assert by_json.status_code == 201
        assert by_json.json()["bucket"]["turn"] == "agreed"
        assert by_json.json()["bucket"]["message"] == "Agreed: £60. Thank you."
        assert collected() == read_reading(table.appeal).raised == gbp(60)

    def test_the_same_sheet_five_times_is_one_and_every_answer_is_good(self, table: Table) -> None:
        fields = sheet_fields()

        statuses = [send(table, Side.A, fields=fields).status_code for _ in range(5)]

        assert statuses == [201, 200, 200, 200, 200]
        assert BucketCount.objects.count() == 1

    def test_a_changed_sheet_under_the_same_id_is_refused_and_shown(self, table: Table) -> None:
        fields = sheet_fields()
        send(table, Side.A, fields=fields)

        by_json = send(table, Side.A, fields={**fields, "count_GBP_2000": "4"})
        by_form = send(table, Side.A, fields={**fields, "count_GBP_2000": "4"}, as_json=False)

        assert by_json.status_code == by_form.status_code == 409
        assert by_json.json()["objection"] == "changed"
        assert "What was handed in first stands" in text_of(by_form)
        assert BucketCount.objects.count() == 1

    def test_the_phone_s_own_time_is_kept_and_trusted_with_nothing(self, table: Table) -> None:
        tomorrow = timezone.now() + timedelta(days=1)

        send(table, Side.A, counted_at=tomorrow.isoformat())

        count = BucketCount.objects.get()
        assert count.counted_at == tomorrow
        assert count.received_at < tomorrow

    @pytest.mark.parametrize(
        ("changes", "field", "words"),
        [
            ({"count_GBP_2000": "many"}, "count_GBP_2000", "How many £20"),
            ({"count_GBP_2000": ""}, "is_empty", "Nothing is typed"),
            ({"is_empty": "on"}, "is_empty", "not empty"),
            ({"foreign": "-1"}, "foreign", "whole number"),
            ({"large_gift": "yes"}, "large_gift", "Hand it to the treasurer"),
            ({"large_gift": ""}, "large_gift", "Please look"),
            ({"sheet": "mine"}, "sheet", "send the form again"),
            ({"counted_at": "at noon"}, "counted_at", "Enter a valid date"),
            ({"count_GBP_5000": "90000"}, "__all__", "Check the noughts"),
            ({"cheque_1_amount": "25"}, "cheque_1_date", "Give the date"),
            ({"cheque_1_date": "2026-11-21"}, "cheque_1_amount", "Type an amount"),
            (
                {"cheque_1_amount": "25", "cheque_1_date": "today", "cheque_1_words": True},
                "cheque_1_payee",
                "made out to somebody else",
            ),
            (
                {"cheque_1_amount": "25", "cheque_1_date": "today", "cheque_1_payee": True},
                "cheque_1_words",
                "words and figures differ",
            ),
            (
                {
                    "cheque_1_amount": "500.01",
                    "cheque_1_date": "today",
                    "cheque_1_payee": True,
                    "cheque_1_words": True,
                },
                "cheque_1_amount",
                "taken by name",
            ),
        ],
    )
    def test_what_cannot_be_right_is_refused_in_words(
        self, table: Table, changes: dict[str, Any], field: str, words: str
    ) -> None:
        if changes.get("cheque_1_date") == "today":
            changes = {**changes, "cheque_1_date": local_today().isoformat()}

        by_json = send(table, Side.A, **changes)
        by_form = send(table, Side.A, as_json=False, **changes)

        assert by_json.status_code == by_form.status_code == 422
        assert words in " ".join(by_json.json()["errors"][field])
        assert not BucketCount.objects.exists()

    @pytest.mark.parametrize("body", ["", "[]", "{", '{"sheet": {"a": 1}, "bucket": [1]}'])
    def test_a_body_that_is_no_sheet_is_refused(self, table: Table, body: str) -> None:
        response = phone(table, Side.A).post(
            at(table, Side.A, page="count-sheets"),
            body,
            content_type="application/json",
            headers={"accept": "application/json"},
        )

        assert response.status_code == 422

    def test_without_a_limit_nobody_is_asked_about_large_gifts(self, table: Table) -> None:
        make_organisation(identified_donation_limit=None)

        assert send(table, Side.A, large_gift="").status_code == 201

    def test_cheques_are_typed_one_by_one_and_listed_when_agreed(
        self, table: Table, treasurer: Client
    ) -> None:
        cheque = {
            "cheque_2_amount": "£25.50",
            "cheque_2_date": local_today().isoformat(),
            "cheque_2_payee": "on",
            "cheque_2_words": "on",
        }
        for side in (Side.A, Side.B):
            send(table, side, as_json=False, **cheque)

        board = text_of(treasurer.get(f"/treasurer/occasions/{table.occasion.reference}/"))
        assert "Cheques to clear" in board
        assert "£25.50" in board
        assert collected() == gbp(60)

    def test_a_bucket_that_is_not_theirs_to_count_leads_back(self, table: Table) -> None:
        send(table, Side.A)

        for number in (1, 9):
            page = phone(table, Side.A).get(at(table, Side.A, number, page="count-bucket"))
            assert page.headers["Location"] == at(table, Side.A)

    def test_with_a_witness_one_is_enough(self) -> None:
        branch = make_branch("Small")
        branch.count_rule = Branch.CountRule.WITNESS
        branch.save()
        table = Table(branch=branch, count_rule=Branch.CountRule.WITNESS)

        assert send(table, Side.A).status_code == 422
        response = send(table, Side.A, witness=" Second  Person ")

        assert response.status_code == 201
        assert CashCollection.objects.get().witnessed_by == "Second Person"

    def test_the_table_as_json_says_what_a_phone_needs_to_count_offline(self, table: Table) -> None:
        told = phone(table, Side.B).get(at(table, Side.B, page="count-table")).json()

        assert told["counter"] == table.seats[Side.B].sitter
        assert told["large_gift_limit"] == "£500"
        assert [bucket["number"] for bucket in told["buckets"]] == [1, 2]
        form = phone(table, Side.B).get(at(table, Side.B, 1, page="count-bucket")).context["form"]
        assert {line["name"] for line in told["lines"]} == {
            name for name in form.fields if name.startswith("count_")
        }

    def test_a_sheet_may_follow_for_days_after_the_evening(self, table: Table) -> None:
        Seat.objects.update(expires_at=timezone.now() - timedelta(days=6))

        assert phone(table, Side.A).get(at(table, Side.A)).status_code == 404
        assert send(table, Side.A).status_code == 201
        Seat.objects.update(expires_at=timezone.now() - timedelta(days=8))
        assert send(table, Side.B).status_code == 404


class TestBlindness:
    """No page, answer, log or message shows a figure before it is agreed, nor which was higher."""

    FIGURES = ("12,345.67", "12345.67", "1234567", "617", "345", "12,345")

    def everything(self, table: Table, treasurer: Client) -> Iterator[str]:
        """Whatever either counter or the treasurer can ask for."""
        buckets = list(table.occasion.buckets.all())
        for side in (Side.A, Side.B):
            client = phone(table, side)
            yield client.get(at(table, side)).content.decode()
            yield client.get(at(table, side, page="count-table")).content.decode()
            for number in (1, 2):
                sheet = client.get(at(table, side, number, page="count-bucket"), follow=True)
                yield sheet.content.decode()
        pages = ["", "occasions/", f"occasions/{table.occasion.reference}/", "collections/"]
        pages += [f"buckets/{bucket.reference}/" for bucket in buckets]
        pages += [f"seats/{seat.reference}/" for seat in table.seats.values()]
        pages += [f"branches/{table.occasion.branch.slug}/"]
        for page in pages:
            yield treasurer.get(f"/treasurer/{page}").content.decode()
        for public in ("/", "/appeals/rally/", "/appeals/rally/league/", "/api/appeals/rally/"):
            yield treasurer.get(public, follow=True).content.decode()

    def large_sheet(self, **changes: Any) -> dict[str, Any]:
        """617 £20 notes and such: £12,345.67, which stands nowhere else on any page."""
        return sheet_fields(
            **{
                "count_GBP_2000": "617",
                "count_GBP_500": "1",
                "count_GBP_2": "33",
                "count_GBP_1": "1",
            }
            | changes
        )

    def hidden(self, texts: Iterator[str]) -> None:
        for text in texts:
            plain = re.sub(r"[0-9a-f-]{36}|[\w-]{60,}|[A-Z2-9]{4}(-[A-Z2-9]{4}){2}", "", text)
            for figure in self.FIGURES:
                assert figure not in plain, text

    def test_one_count_is_nobody_s_to_see(
        self, table: Table, treasurer: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        first = send(table, Side.A, fields=self.large_sheet())
        by_form = send(table, Side.A, fields=self.large_sheet(), as_json=False)

        answers = [first.content.decode(), by_form.content.decode()]
        self.hidden(iter([*answers, *self.everything(table, treasurer)]))
        logged = [r.getMessage() for r in caplog.records if not r.name.startswith("django.db")]
        self.hidden(iter(logged))
        details = OccasionStep.objects.values_list("detail", "reason")
        self.hidden(" ".join(step) for step in details)

    def test_nor_are_two_that_differ_nor_which_is_the_higher(
        self, table: Table, treasurer: Client
    ) -> None:
        """What A sees is what B sees, whichever of them counted more."""
        seen: list[dict[str, str]] = []
        for number, (first, second) in enumerate([("3", "4"), ("4", "3")], start=1):
            send(table, Side.A, bucket=number, count_GBP_2000=first)
            send(table, Side.B, bucket=number, count_GBP_2000=second)
            pages = {}
            for side in (Side.A, Side.B):
                page = text_of(phone(table, side).get(at(table, side)))
                assert "The two counts differ by £20. Count again, each on your own." in page
                pages[side] = re.sub(r"(bucket|Bucket|seal) S?\d", "", page)
            told = phone(table, Side.A).get(at(table, Side.A, page="count-table")).json()
            seen.append({key: told["buckets"][number - 1][key] for key in ("message", "turn")})
        assert seen[0] == seen[1]
        for side in (Side.A, Side.B):
            sheet = text_of(phone(table, side).get(at(table, side, 1, page="count-bucket")))
            assert not re.search(r"\b(higher|lower|more than the other|less than)\b", sheet)
            assert "£60" not in sheet
            assert "£80" not in sheet
        for page in (
            f"occasions/{table.occasion.reference}/",
            f"buckets/{table.bucket().reference}/",
        ):
            shown = text_of(treasurer.get(f"/treasurer/{page}"))
            assert "differ by £20" in shown
            assert "£60" not in shown
            assert "£80" not in shown

    def test_not_even_after_an_undone_agreement(self, table: Table, treasurer: Client) -> None:
        for side in (Side.A, Side.B):
            send(table, side, fields=self.large_sheet())
        bucket = table.bucket()
        assert "12,345.67" in text_of(treasurer.get(f"/treasurer/buckets/{bucket.reference}/"))
        treasurer.post(f"/treasurer/buckets/{bucket.reference}/undo/", {"reason": "Mixed up"})
        send(table, Side.A, fields=self.large_sheet(round="2", count_GBP_2000="345"))

        for side in (Side.A, Side.B):
            assert "345" not in text_of(phone(table, side).get(at(table, side)))

    def test_the_reader_fetches_no_figure_that_is_not_agreed(self, table: Table) -> None:
        send(table, Side.A)

        with CaptureQueriesContext(connection) as asked:
            phone(table, Side.B).get(at(table, Side.B))

        assert asked
        assert not any("sheet" in query["sql"] for query in asked.captured_queries)


class TestWalls:
    """A code that is none, ended, expired or of a closed table is an address that is none."""

    ADDRESSES = ("count-seat", "count-table", "count-bucket", "count-sheets")
    METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def addresses(self, code: str) -> list[str]:
        return [
            reverse(
                f"payments:{name}",
                kwargs={"code": code} | ({"number": 1} if name == "count-bucket" else {}),
            )
            for name in self.ADDRESSES
        ]

    def test_every_address_with_a_code_is_covered(self) -> None:
        from payments.count_urls import urlpatterns  # noqa: PLC0415 - only this test looks at them

        with_code = {p.name for p in urlpatterns if "code" in p.pattern.converters}
        assert with_code == set(self.ADDRESSES)

    @pytest.mark.parametrize("end", ["revoked", "expired", "closed", "called back"])
    def test_a_code_that_ended_opens_nothing(
        self, table: Table, treasurer: Client, end: str
    ) -> None:
        client = phone(table, Side.A)
        code = seat_code(table.seats[Side.A])
        if end == "revoked":
            treasurer.post(f"/treasurer/seats/{table.seats[Side.A].reference}/end/")
        elif end == "expired":
            Seat.objects.update(expires_at=timezone.now() - timedelta(days=30))
        else:
            state = Occasion.State.DONE if end == "closed" else Occasion.State.OPEN
            Occasion.objects.update(state=state)
        nothing = self.addresses("AAAA-BBBB-CCCC")

        for theirs, nobodys in zip(self.addresses(code), nothing, strict=True):
            for method in self.METHODS:
                found, none = client.generic(method, theirs), client.generic(method, nobodys)
                assert found.status_code == none.status_code == 404
                assert found.content == none.content
                assert found.headers == none.headers
        assert not BucketCount.objects.exists()

    def test_a_seat_of_one_table_reaches_no_other(self, table: Table) -> None:
        york = Table(branch=make_branch("York"), buckets=1)
        client = phone(table, Side.A)

        assert client.get(at(york, Side.A)).status_code == 403
        send(table, Side.A, bucket="1")
        assert not york.bucket().counts.exists()
        assert send(table, Side.A, bucket="3").status_code == 409

    def test_no_answer_is_cached_or_named_to_others(self, table: Table) -> None:
        response = phone(table, Side.A).get(at(table, Side.A))

        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["X-Robots-Tag"] == "noindex"

    def test_sheets_need_no_token_since_the_address_is_secret(self, table: Table) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies[COOKIE] = table.keys[Side.A]

        sent = client.post(at(table, Side.A, page="count-sheets"), sheet_fields())

        assert sent.status_code == 302
        assert BucketCount.objects.count() == 1

    def test_codes_are_not_kept(self, table: Table) -> None:
        code = seat_code(table.seats[Side.A])
        kept = str(list(Seat.objects.values()))

        assert code not in kept
        assert code.replace("-", "") not in kept
        assert table.keys[Side.A] not in kept


class TestQueries:
    def asked(self, client: Client, address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    def test_a_board_costs_the_same_however_many_buckets(self) -> None:
        few, many = Table(buckets=1), Table(buckets=12)
        for number in range(1, 9):
            many.both_count(bucket=number)
        client = Client()
        counts = {}
        for table in (few, many):
            client.force_login(table.treasurer)
            address = f"/treasurer/occasions/{table.occasion.reference}/"
            counts[len(table.occasion.buckets.all())] = self.asked(client, address)
        assert counts[1] == counts[12] <= 18

    def test_a_counter_s_table_costs_the_same_however_many_buckets(self) -> None:
        few, many = Table(buckets=1), Table(buckets=12)
        many.both_count()

        counts = [self.asked(phone(table, Side.A), at(table, Side.A)) for table in (few, many)]
        assert counts[0] == counts[1] <= 6

    def test_the_list_costs_the_same_however_many_occasions(self) -> None:
        treasurer = make_user(branches=[make_branch("Leeds")])
        Table(treasurer=treasurer)
        client = Client()
        client.force_login(treasurer)
        few = self.asked(client, "/treasurer/occasions/")
        for _ in range(4):
            Table(treasurer=treasurer, buckets=3).both_count()
        assert self.asked(client, "/treasurer/occasions/") == few <= 10


class TestTreasurer:
    NEW = "/treasurer/occasions/new/"

    def told(self, **changes: str) -> dict[str, str]:
        return {
            "reference": str(uuid.uuid4()),
            "appeal": "rally",
            "branch": "leeds",
            "name": "Market",
            "held_on": local_today().isoformat(),
            "how_many": "2",
            "place_type": "street",
            "kind": "collection",
            "count_rule": "two",
            **changes,
        }

    @pytest.fixture
    def leeds(self, client: Client) -> Client:
        branch = make_branch("Leeds")
        make_appeal(branch_targets=[(branch, gbp(1000))])
        client.force_login(make_user("leeds", branches=[branch]))
        return client

    def test_sends_buckets_out_with_seals_collectors_and_floats(self, leeds: Client) -> None:
        assert leeds.get(self.NEW).status_code == 200
        response = leeds.post(
            self.NEW,
            self.told(
                bucket_1_seal_number="S1", bucket_3_collector="Asha", bucket_3_float="£12.50"
            ),
            follow=True,
        )

        buckets = list(Bucket.objects.all())
        assert [bucket.number for bucket in buckets] == [1, 2, 3]
        assert (buckets[0].seal_number, buckets[2].collector) == ("S1", "Asha")
        assert buckets[2].float_amount == gbp("12.50")
        assert "Buckets out" in text_of(response)
        assert "£12.50" in text_of(response)

    def test_the_same_form_twice_is_one_occasion_and_another_is_refused(
        self, leeds: Client
    ) -> None:
        told = self.told()

        assert leeds.post(self.NEW, told).status_code == 302
        assert leeds.post(self.NEW, told).status_code == 302
        assert leeds.post(self.NEW, {**told, "name": "Station"}).status_code == 409
        assert Occasion.objects.count() == 1

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"name": ""}, "Say where it is."),
            ({"how_many": "0"}, "There is at least one."),
            ({"how_many": "61"}, "two occasions"),
            ({"bucket_1_float": "much"}, "Type the amount in figures"),
            ({"bucket_1_float": "999,999"}, ""),
            ({"held_on": "2020-01-01"}, "This appeal began on"),
            ({"count_rule": "witness"}, "two people count"),
            ({"branch": "york"}, "Choose a branch from the list"),
        ],
    )
    def test_what_cannot_be_right_is_refused_in_words(
        self, leeds: Client, changes: dict[str, str], words: str
    ) -> None:
        response = leeds.post(self.NEW, self.told(**changes))

        assert response.status_code == (422 if words else 302)
        assert words in text_of(response)

    def test_an_empty_list_says_what_to_do(self, leeds: Client) -> None:
        assert "No bucket went out yet" in text_of(leeds.get("/treasurer/occasions/"))

    def test_a_day_to_come_is_counted_on_that_day(self, leeds: Client) -> None:
        tomorrow = (local_today() + timedelta(days=1)).isoformat()
        leeds.post(self.NEW, self.told(held_on=tomorrow))
        occasion = Occasion.objects.get()

        response = leeds.post(f"/treasurer/occasions/{occasion.reference}/begin/", follow=True)

        assert "count it then, not before" in text_of(response)
        assert Occasion.objects.get().state == Occasion.State.OPEN

    def test_leads_a_table_from_its_opening_to_its_close_and_back(self, leeds: Client) -> None:
        leeds.post(self.NEW, self.told(how_many="1"))
        occasion = Occasion.objects.get()
        where = f"/treasurer/occasions/{occasion.reference}/"
        leeds.post(f"{where}begin/")
        leeds.post(f"{where}begin/")
        assert "not agreed yet" in text_of(leeds.post(f"{where}close/", follow=True))
        bucket = Bucket.objects.get()
        back = f"/treasurer/buckets/{bucket.reference}/came-back/"
        assert leeds.post(back, {"seal": "broken"}).status_code == 422
        assert leeds.post(back, {}).status_code == 422
        leeds.post(back, {"seal": "broken", "note": "Torn at the edge"})
        aside = f"/treasurer/buckets/{bucket.reference}/set-aside/"
        assert leeds.post(aside, {"reason": ""}).status_code == 422
        leeds.post(aside, {"reason": "It was empty"})

        assert "Closed" in text_of(leeds.post(f"{where}close/", follow=True))
        leeds.post(f"{where}close/")
        assert leeds.post(f"{where}undo/", {"reason": ""}).status_code == 422
        leeds.post(f"{where}undo/", {"reason": "One more was found"})

        occasion.refresh_from_db()
        assert occasion.state == Occasion.State.COUNTING
        leeds.post(f"{where}buckets/", {"seal_number": "S9"})
        assert leeds.post(f"{where}buckets/", {"float": "x"}).status_code == 422
        assert Bucket.objects.count() == 2
        page = text_of(leeds.get(where))
        for step in ("Opened", "Counting began", "Torn at the edge", "One more was found"):
            assert step in page

    def test_calls_off_what_did_not_take_place_and_takes_that_back(self, leeds: Client) -> None:
        leeds.post(self.NEW, self.told(permit_reference="LCC/7"))
        where = f"/treasurer/occasions/{Occasion.objects.get().reference}/"

        assert leeds.post(f"{where}call-off/", {"reason": ""}).status_code == 422
        page = text_of(leeds.post(f"{where}call-off/", {"reason": "Snow"}, follow=True))

        assert "Called off" in page
        assert "return is due all the same" in page
        refused = text_of(leeds.post(f"{where}call-off/", {"reason": "Again"}, follow=True))
        assert "not open any more" in refused
        assert "closed" in text_of(leeds.post(f"{where}buckets/", follow=True))
        leeds.post(f"{where}undo/", {"reason": "It thawed"})
        assert Occasion.objects.get().state == Occasion.State.OPEN
        nothing = text_of(leeds.post(f"{where}undo/", {"reason": "Again"}, follow=True))
        assert "nothing to undo" in nothing

    def test_signs_a_difference_with_another_person(self, table: Table, treasurer: Client) -> None:
        table.differ_twice({"2000": 3}, {"2000": 4})
        bucket = f"/treasurer/buckets/{table.bucket().reference}/"
        assert "Sign the difference" in text_of(treasurer.get(bucket))

        assert (
            treasurer.post(f"{bucket}sign/", {"reason": "Torn", "also_by": ""}).status_code == 422
        )
        mine = {"reason": "Torn", "also_by": table.treasurer.username}
        assert treasurer.post(f"{bucket}sign/", mine).status_code == 422
        page = treasurer.post(f"{bucket}sign/", mine | {"also_by": "Branch chair"}, follow=True)

        assert "A difference signed by two" in text_of(page)
        assert collected() == gbp(60)

    def test_undoes_an_agreement_at_its_bucket(self, table: Table, treasurer: Client) -> None:
        table.both_count()
        collection = CashCollection.objects.get()
        page = text_of(treasurer.get(f"/treasurer/collections/{collection.reference}/"))
        assert "Undo it there" in page
        refused = treasurer.post(
            f"/treasurer/collections/{collection.reference}/reverse/",
            {"reason": "Mistake"},
            follow=True,
        )
        assert "undo it there" in text_of(refused)

        bucket = f"/treasurer/buckets/{table.bucket().reference}/"
        assert treasurer.post(f"{bucket}undo/", {"reason": ""}).status_code == 422
        page = text_of(treasurer.post(f"{bucket}undo/", {"reason": "Mixed"}, follow=True))

        assert "Undone: £60" in page
        assert collected() == gbp(0)
        assert treasurer.post(f"{bucket}undo/", {"reason": "Again"}).status_code == 422

    def test_opens_a_seat_and_shows_its_code_to_scan(self, table: Table, treasurer: Client) -> None:
        where = f"/treasurer/occasions/{table.occasion.reference}/seats/"
        response = treasurer.post(where, {"side": "c"}, follow=True)

        seat = Seat.objects.get(side=Side.THIRD)
        assert seat_code(seat) in text_of(response)
        drawing = treasurer.get(f"/treasurer/seats/{seat.reference}/qr.svg")
        assert drawing.headers["Content-Type"] == "image/svg+xml"
        taken = table.seats[Side.A]
        assert treasurer.get(f"/treasurer/seats/{taken.reference}/qr.svg").status_code == 404
        assert seat_code(taken) not in text_of(
            treasurer.get(f"/treasurer/seats/{taken.reference}/")
        )
        assert treasurer.post(where, {"side": "z"}).status_code == 302
        assert Seat.objects.count() == 3
        assert seat.expires_at - seat.opened_at == pytest.approx(
            SEAT_LASTS, abs=timedelta(minutes=1)
        )

    def test_has_one_seat_at_a_table(self, table: Table, treasurer: Client) -> None:
        where = f"/treasurer/occasions/{table.occasion.reference}/seats/"
        treasurer.post(where, {"side": "a", "for": "me"})

        again = treasurer.post(where, {"side": "b", "for": "me"}, follow=True)

        assert "You have a seat at this table already" in text_of(again)

    def test_sees_on_the_first_page_how_many_lie_on_a_table(
        self, table: Table, treasurer: Client
    ) -> None:
        assert "2 buckets being counted" in text_of(treasurer.get("/treasurer/"))
        table.both_count()
        assert "1 bucket being counted" in text_of(treasurer.get("/treasurer/"))

    def test_is_told_that_the_float_lacks(self) -> None:
        table = Table(floats={1: gbp(20)})
        client = Client()
        client.force_login(table.treasurer)
        table.both_count({"1000": 1})

        for page in (
            f"occasions/{table.occasion.reference}/",
            f"buckets/{table.bucket().reference}/",
        ):
            assert "£10 of the float lacks" in text_of(client.get(f"/treasurer/{page}"))
        assert Agreement.objects.get().raised == gbp(-10)
        assert not NamedGift.objects.exists()


class TestAPhonesQueue:
    def test_it_can_tell_our_refusal_of_a_seat_from_a_strangers(self, table: Table) -> None:
        stranger, headers = Client(), {"accept": "application/json"}
        for address, status, objection in (
            (at(table, Side.A, page="count-sheets"), 403, "other-phone"),
            ("/count/AAAA-BBBB-CCCC/sheets/", 404, "no-seat"),
        ):
            answer = stranger.post(
                address,
                json.dumps(sheet_fields()),
                content_type="application/json",
                headers=headers,
            )
            assert answer.status_code == status
            assert answer.json()["objection"] == objection
            assert "show it to the treasurer" in answer.json()["message"]
        assert not BucketCount.objects.exists()

    def test_the_words_that_stop_a_large_donation_are_on_the_page(self, table: Table) -> None:
        page = phone(table, Side.A).get(at(table, Side.A, 1, page="count-bucket"))

        assert 'data-large-gift="Thank you for looking. Take it out of the bucket' in page.text
