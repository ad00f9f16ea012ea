"""The treasurer's pages as a browser without JavaScript sees them."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appeals.models import Appeal
from appeals.progress import read_reading
from donors.models import Donor
from funds.models import Branch, JournalEntry, Membership
from funds.money import Money
from payments.cash import reverse_collection
from payments.models import CashCollection, TransferReceipt
from payments.recording import local_today
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments import test_cash, test_cash_transfers

pytestmark = pytest.mark.django_db

NEW = "/treasurer/collections/new/"
NEW_TRANSFER = "/treasurer/transfers/new/"


@pytest.fixture
def leeds() -> Branch:
    return make_branch("Leeds")


@pytest.fixture
def appeal(leeds: Branch) -> Appeal:
    return make_appeal(branch_targets=[(leeds, gbp(1000))])


@pytest.fixture
def treasurer(client: Client, leeds: Branch) -> Client:
    user = make_user("leeds", branches=[leeds], first_name="Leeds", last_name="Treasurer")
    client.force_login(user)
    return client


@pytest.fixture
def national(client: Client) -> Client:
    client.force_login(make_user("national", role=Membership.Role.NATIONAL_TREASURER))
    return client


def collection_form(**changes: str) -> dict[str, str]:
    return {
        "reference": str(uuid.uuid4()),
        "appeal": "rally",
        "branch": "leeds",
        "amount": "312.50",
        "place": "Market square",
        "collected_on": local_today().isoformat(),
        "kind": "collection",
        "counted_by": "First counter",
        **changes,
    }


def transfer_form(**changes: str) -> dict[str, str]:
    return {
        "reference": str(uuid.uuid4()),
        "appeal": "rally",
        "branch": "",
        "method": "transfer",
        "amount": "45,000",
        "received_on": local_today().isoformat(),
        "bank_reference": "PREMISES 1",
        "name": "The giver",
        "address": "1 Example Street",
        **changes,
    }


def text_of(response: Any) -> str:
    """What a person reads: without the tags, in one line."""
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", page)


class TestRecording:
    def test_three_answers_are_enough_on_a_phone(self, treasurer: Client, appeal: Appeal) -> None:
        """Appeal, branch, date, kind and counter are filled in: amount and place are not."""
        form = treasurer.get(NEW).context["form"]
        prefilled = {box.name: box.value() for box in form if not box.name.startswith("count_")}

        assert form.only_appeal == appeal
        assert form.only_branch == make_branch("Leeds")
        assert prefilled["collected_on"] == local_today()
        assert prefilled["kind"] == "collection"
        assert prefilled["counted_by"] == "Leeds Treasurer"
        assert [name for name, value in prefilled.items() if not value] == [
            "amount",
            "place",
            "witnessed_by",
            "note",
        ]

    def test_a_collection_is_recorded_and_thanked_for_with_a_big_figure(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        response = treasurer.post(NEW, collection_form(), follow=True)

        collection = CashCollection.objects.get()
        assert response.redirect_chain == [
            (f"/treasurer/collections/{collection.reference}/recorded/", 302)
        ]
        page = text_of(response)
        assert "Recorded. Thank you. £312.50 Market square" in page
        assert "31%" in page
        assert "Record another" in page
        assert collection.recorded_by.username == "leeds"
        assert read_reading(appeal).raised == gbp("312.50")

    def test_notes_and_coins_alone_make_the_amount(self, treasurer: Client, appeal: Appeal) -> None:
        counted = {"count_GBP_2000": "10", "count_GBP_500": "3", "count_GBP_20": " 4 "}

        treasurer.post(NEW, collection_form(amount="", **counted))

        collection = CashCollection.objects.get()
        assert collection.amount == gbp("215.80")
        assert collection.denominations == {"2000": 10, "500": 3, "20": 4}

    def test_a_count_is_capped_as_a_typed_amount_is(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        response = treasurer.post(NEW, collection_form(amount="", count_GBP_5000="20001"))

        assert response.status_code == 422
        assert "more than £1,000,000" in response.content.decode()
        assert not JournalEntry.objects.exists()

    def test_amount_and_count_may_both_be_given_when_they_agree(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        treasurer.post(NEW, collection_form(amount="£25", count_GBP_500="5"))

        assert CashCollection.objects.get().amount == gbp(25)

    def test_amount_and_count_that_differ_are_both_named(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        response = treasurer.post(NEW, collection_form(amount="25", count_GBP_500="4"))

        assert response.status_code == 422
        assert "You typed £25.00, and the notes and coins come to £20.00." in text_of(response)
        assert 'value="4"' in response.content.decode()
        assert '<details class="fold" open>' in response.content.decode()
        assert not CashCollection.objects.exists()

    def test_neither_amount_nor_count_is_asked_for_in_words(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        response = treasurer.post(NEW, collection_form(amount=" "))

        assert response.status_code == 422
        assert "Type the amount, or count the notes and coins below." in text_of(response)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *[
                ("amount", typed)
                for typed in ("-5", "0", "1.234", "1e9", "NaN", "٢٥", "1000000.01")
            ],
            ("amount", "9" * 41),
            *[("count_GBP_2000", typed) for typed in ("-1", "1.5", "two", "٣", "1e3", "100001")],
            ("collected_on", (timezone.now() + timedelta(days=2)).date().isoformat()),
            ("collected_on", "1999-01-01"),
            ("collected_on", "soon"),
            ("collected_on", ""),
            ("place", " "),
            ("place", "x" * 121),
            ("place", "a\0b"),
            ("kind", "loan"),
            ("counted_by", ""),
            ("witnessed_by", "first COUNTER"),
            ("appeal", "unknown"),
            ("branch", ""),
        ],
    )
    def test_what_cannot_be_meant_is_refused_beside_its_box_and_the_rest_is_kept(
        self, treasurer: Client, appeal: Appeal, name: str, value: str
    ) -> None:
        changes = {"amount": ""} if name.startswith("count_") else {}
        response = treasurer.post(NEW, collection_form(note="Kept", **changes, **{name: value}))

        assert response.status_code == 422
        assert name in response.context["form"].errors
        page = response.content.decode()
        assert "Not recorded yet" in page
        assert "Kept" in page
        assert not JournalEntry.objects.exists()

    def test_an_error_is_tied_to_its_box_for_screen_readers(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        page = treasurer.post(NEW, collection_form(place="")).content.decode()

        box = re.search(r'<input[^>]*name="place"[^>]*>', page)
        assert box is not None
        assert 'aria-invalid="true"' in box[0]
        described_by = re.search(r'aria-describedby="([^"]*)"', box[0])
        assert described_by is not None
        for name in described_by[1].split():
            assert f'id="{name}"' in page

    def test_a_missing_or_foreign_reference_is_asked_for_again(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        response = treasurer.post(NEW, collection_form(reference="not a reference"))

        assert response.status_code == 422
        assert "Please send the form again." in text_of(response)

    def test_a_double_tap_records_once_and_thanks_twice(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        form = collection_form()

        first, second = treasurer.post(NEW, form), treasurer.post(NEW, form)

        assert first.headers["Location"] == second.headers["Location"]
        assert CashCollection.objects.count() == 1

    def test_the_same_form_with_another_amount_shows_what_stands_and_keeps_the_answers(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        form = collection_form(amount="50")
        treasurer.post(NEW, form)

        response = treasurer.post(NEW, {**form, "amount": "60", "place": "Station"})

        assert response.status_code == 409
        assert "This form has already recorded £50 Market square" in text_of(response)
        assert CashCollection.objects.count() == 1
        again = response.context["form"]
        assert again["amount"].value() == "60"
        assert again["reference"].value() != form["reference"]
        sent = {box.name: box.value() or "" for box in again}
        assert treasurer.post(NEW, sent).status_code == 302
        assert sorted(c.amount.amount for c in CashCollection.objects.all()) == [50, 60]

    def test_the_next_bucket_takes_over_all_but_the_money(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        yesterday = (local_today() - timedelta(days=1)).isoformat()
        treasurer.post(
            NEW, collection_form(collected_on=yesterday, kind="sale", witnessed_by="Second counter")
        )
        reference = CashCollection.objects.get().reference

        form = treasurer.get(NEW, {"after": str(reference)}).context["form"]

        assert form["place"].value() == "Market square"
        assert form["collected_on"].value().isoformat() == yesterday
        assert form["kind"].value() == "sale"
        assert form["witnessed_by"].value() == "Second counter"
        assert not form["amount"].value()
        assert str(form["reference"].value()) != str(reference)

    def test_places_of_late_are_suggested(self, treasurer: Client, appeal: Appeal) -> None:
        for place in ("Market", "Station", "Market"):
            test_cash.record(test_cash.facts_of(appeal, place=place))

        assert treasurer.get(NEW).context["places"] == ["Market", "Station"]

    def test_with_several_branches_and_appeals_one_chooses(
        self, client: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        make_appeal("premises")
        client.force_login(make_user(branches=[leeds, make_branch("York")]))

        page = client.get(NEW, {"branch": "york", "appeal": "premises"})

        form = page.context["form"]
        assert form.only_branch is None
        assert form.only_appeal is None
        assert form["branch"].value() == "york"
        assert form["appeal"].value() == "premises"
        assert client.post(NEW, collection_form(branch="")).status_code == 422

    def test_late_counting_for_an_appeal_that_closed_lately_is_offered(
        self, treasurer: Client, leeds: Branch
    ) -> None:
        now = timezone.now()
        make_appeal("lately", status=Appeal.Status.CLOSED, closes_at=now - timedelta(days=5))
        make_appeal("long-ago", status=Appeal.Status.CLOSED, closes_at=now - timedelta(days=200))
        make_appeal("to-come", opens_at=now + timedelta(days=5))

        form = treasurer.get(NEW).context["form"]

        assert [appeal.slug for appeal in form.offered_appeals] == ["lately"]
        refused = treasurer.post(NEW, collection_form(appeal="lately"))
        assert refused.status_code == 422
        assert "only cash gathered until then counts" in text_of(refused)

    def test_with_no_appeal_to_record_for_the_page_says_so(
        self, treasurer: Client, leeds: Branch
    ) -> None:
        make_organisation()

        assert "No appeal is open now" in text_of(treasurer.get(NEW))

    def test_a_treasurer_of_a_closed_branch_is_told_so(
        self, treasurer: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        leeds.is_active = False
        leeds.save()

        assert "No active branch is yours" in text_of(treasurer.get(NEW))

    def test_an_appeal_in_euro_counts_euro(self, treasurer: Client, leeds: Branch) -> None:
        make_appeal("rally", target=Money(1000, "EUR"))

        treasurer.post(NEW, collection_form(amount="", count_EUR_20000="1", count_EUR_1="2"))

        assert CashCollection.objects.get().amount == Money("200.02", "EUR")

    def test_pounds_counted_for_an_appeal_in_euro_are_refused(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        make_appeal("abroad", target=Money(1000, "EUR"))

        response = treasurer.post(
            NEW, collection_form(appeal="abroad", amount="25", count_GBP_500="5")
        )

        assert response.status_code == 422
        assert "This appeal is in EUR: count only that." in text_of(response)

    def test_without_a_token_of_our_own_page_nothing_is_recorded(
        self, appeal: Appeal, leeds: Branch
    ) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(make_user(branches=[leeds]))

        assert careful.post(NEW, collection_form()).status_code == 403
        assert not CashCollection.objects.exists()

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_other_methods_are_none_of_ours(
        self, treasurer: Client, appeal: Appeal, method: str
    ) -> None:
        assert treasurer.generic(method, NEW).status_code == 405


class TestReversing:
    @pytest.fixture
    def collection(self, appeal: Appeal) -> CashCollection:
        return test_cash.record(test_cash.facts_of(appeal, pieces={20_00: 1, 5_00: 1}))

    def test_a_mistake_stays_visible_struck_through_with_who_and_why(
        self, treasurer: Client, appeal: Appeal, collection: CashCollection
    ) -> None:
        address = reverse("payments:collection-reverse", args=[collection.reference])
        response = treasurer.post(address, {"reason": "Counted twice"}, follow=True)

        page = response.content.decode()
        assert "<s>£25</s>" in page
        assert "Counted twice" in page
        assert "By Leeds Treasurer" in text_of(response)
        listed = treasurer.get("/treasurer/collections/").content.decode()
        assert "<s>£25</s>" in listed
        assert read_reading(appeal).raised == gbp(0)

    def test_a_reason_is_asked_for(self, treasurer: Client, collection: CashCollection) -> None:
        address = reverse("payments:collection-reverse", args=[collection.reference])

        response = treasurer.post(address, {"reason": " "})

        assert response.status_code == 422
        assert "Say why it is reversed." in text_of(response)
        assert JournalEntry.objects.count() == 1

    def test_a_second_time_changes_nothing_and_says_so(
        self, treasurer: Client, collection: CashCollection
    ) -> None:
        address = reverse("payments:collection-reverse", args=[collection.reference])
        treasurer.post(address, {"reason": "Counted twice"})

        response = treasurer.post(address, {"reason": "Once more"}, follow=True)

        assert "reversed before" in text_of(response)
        assert CashCollection.objects.get().reversal_reason == "Counted twice"
        assert JournalEntry.objects.count() == 2

    def test_a_reversed_collection_offers_no_reversal(
        self, treasurer: Client, collection: CashCollection
    ) -> None:
        reverse_collection(collection, reason="Mistake", reversed_by=make_user())

        page = treasurer.get(reverse("payments:collection", args=[collection.reference]))

        assert 'name="reason"' not in page.content.decode()

    def test_its_page_shows_the_count(self, treasurer: Client, collection: CashCollection) -> None:
        page = treasurer.get(reverse("payments:collection", args=[collection.reference]))

        assert "£20 1 £20.00" in text_of(page)
        assert "Together £25.00" in text_of(page)

    def test_recorded_says_when_it_was_reversed_since(
        self, treasurer: Client, collection: CashCollection
    ) -> None:
        reverse_collection(collection, reason="Mistake", reversed_by=make_user())

        page = treasurer.get(reverse("payments:collection-recorded", args=[collection.reference]))

        assert "reversed since" in text_of(page)


class TestList:
    LIST = "/treasurer/collections/"

    def test_the_running_total_counts_what_stands_day_by_day(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        today = local_today()
        for days_ago, amount in ((3, 10), (2, 20), (1, 40), (0, 80)):
            day = today - timedelta(days=days_ago)
            test_cash.record(
                test_cash.facts_of(appeal, amount=gbp(amount), collected_on=day, place=str(amount))
            )
        twice = CashCollection.objects.get(place="20")
        reverse_collection(twice, reason="Twice", reversed_by=make_user())

        listed = treasurer.get(self.LIST).context["listed"]

        assert [row.collection.place for row in listed.rows] == ["80", "40", "20", "10"]
        assert [row.running_total for row in listed.rows] == [gbp(130), gbp(50), gbp(10), gbp(10)]
        assert listed.totals == [gbp(130)]

    def test_it_is_narrowed_by_appeal_date_and_state(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        other = make_appeal("premises")
        today = local_today()
        yesterday = today - timedelta(days=1)
        kept = test_cash.record(test_cash.facts_of(appeal, place="Kept", collected_on=yesterday))
        wrong = test_cash.record(test_cash.facts_of(appeal, place="Wrong"))
        test_cash.record(test_cash.facts_of(other, place="Other"))
        reverse_collection(wrong, reason="Twice", reversed_by=make_user())

        def places(**query: str) -> list[str]:
            listed = treasurer.get(self.LIST, query).context["listed"]
            return sorted(row.collection.place for row in listed.rows)

        assert places() == ["Kept", "Other", "Wrong"]
        assert places(appeal="premises") == ["Other"]
        assert places(state="standing") == ["Kept", "Other"]
        assert places(state="reversed") == ["Wrong"]
        assert places(collected_to=yesterday.isoformat()) == [kept.place]
        assert places(collected_from=today.isoformat(), appeal="rally") == ["Wrong"]
        assert places(branch="leeds", appeal="rally") == ["Kept", "Wrong"]
        assert places(appeal="unknown") == []
        assert places(collected_from="nonsense") == []

    def test_long_lists_come_in_pages_and_the_total_is_of_all(
        self, treasurer: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        user = make_user()
        for number in range(52):
            test_cash.record(
                test_cash.facts_of(appeal, amount=gbp(1), place=f"Tin {number}"), by=user
            )

        first = treasurer.get(self.LIST)
        second = treasurer.get(self.LIST, {"page": "2"})

        assert len(first.context["listed"].rows) == 50
        assert [row.running_total for row in second.context["listed"].rows] == [gbp(2), gbp(1)]
        assert second.context["listed"].totals == [gbp(52)]
        assert "Page 2 of 2" in text_of(second)
        assert treasurer.get(self.LIST, {"page": "nonsense"}).status_code == 200

    def test_an_empty_list_says_what_to_do(self, treasurer: Client, appeal: Appeal) -> None:
        assert "No cash recorded yet" in text_of(treasurer.get(self.LIST))
        assert "None like that" in text_of(treasurer.get(self.LIST, {"state": "reversed"}))

    def test_two_currencies_are_two_totals(self, treasurer: Client, appeal: Appeal) -> None:
        abroad = make_appeal("abroad", target=Money(100, "EUR"))
        test_cash.record(test_cash.facts_of(appeal, amount=gbp(5)))
        test_cash.record(test_cash.facts_of(abroad, amount=Money(7, "EUR")))

        listed = treasurer.get(self.LIST).context["listed"]

        assert listed.totals == [Money(7, "EUR"), gbp(5)]
        assert {row.running_total for row in listed.rows} == {Money(7, "EUR"), gbp(5)}


class TestHome:
    HOME = "/treasurer/"

    def test_shows_where_the_branch_stands_and_what_to_do_next(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        assert "No cash is recorded yet" in text_of(treasurer.get(self.HOME))

        test_cash.record(test_cash.facts_of(appeal, amount=gbp("312.50")))

        page = text_of(treasurer.get(self.HOME))
        assert "£312.50 is counted and not yet banked" in page
        assert "31%" in page
        assert "1 of 1" in page
        assert "£687.50 to go" in page

    def test_a_reached_target_is_celebrated(self, treasurer: Client, appeal: Appeal) -> None:
        test_cash.record(test_cash.facts_of(appeal, amount=gbp("1400.70")))

        page = text_of(treasurer.get(self.HOME))
        assert "Target reached: £1,000. £1,400.70 and counting. Thank you." in page

    def test_a_branch_without_a_target_has_its_place_among_those(
        self, treasurer: Client, leeds: Branch
    ) -> None:
        test_cash.record(test_cash.facts_of(make_appeal()))

        assert "without a target 1 of 1" in text_of(treasurer.get(self.HOME))

    def test_the_national_treasurer_sees_the_whole(self, national: Client, appeal: Appeal) -> None:
        test_cash.record(test_cash.facts_of(appeal))

        page = text_of(national.get(self.HOME))
        assert "All branches" in page
        assert "See every branch" in page

    def test_the_chair_has_the_hall_screens(self, client: Client, appeal: Appeal) -> None:
        client.force_login(make_user(role=Membership.Role.CHAIR))

        page = client.get(self.HOME)

        assert 'href="/appeals/rally/screen/"' in page.content.decode()
        assert "Record cash" not in text_of(page)

    def test_the_operator_is_shown_the_admin(self, client: Client, appeal: Appeal) -> None:
        client.force_login(make_user(role=Membership.Role.OPERATOR))

        page = client.get(self.HOME).content.decode()

        assert 'href="/admin/"' in page
        assert "Nothing is yours" not in page

    def test_a_log_in_without_a_role_gets_a_kind_word(self, client: Client, appeal: Appeal) -> None:
        client.force_login(make_user())

        assert "Nothing is yours to do here yet" in text_of(client.get(self.HOME))

    @pytest.mark.parametrize("role", ["national", "chair"])
    def test_with_no_appeal_open_it_says_so(self, client: Client, role: str) -> None:
        make_organisation()
        client.force_login(make_user(role=Membership.Role(role)))

        assert "No appeal is open now" in text_of(client.get(self.HOME))

    def test_two_step_log_in_is_one_press_away(self, treasurer: Client, appeal: Appeal) -> None:
        page = treasurer.get(self.HOME).content.decode()

        assert f'href="{reverse("mfa_index")}"' in page
        assert treasurer.get(reverse("mfa_index")).status_code == 200

    def test_pages_are_kept_by_no_shared_cache(self, treasurer: Client, appeal: Appeal) -> None:
        assert "private" in treasurer.get(self.HOME).headers["Cache-Control"]


class TestBranches:
    def test_a_branch_s_page_has_its_standing_and_latest_cash(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        test_cash.record(test_cash.facts_of(appeal, place="Kirkgate"))

        page = text_of(treasurer.get("/treasurer/branches/leeds/"))

        assert "Kirkgate" in page
        assert "£25" in page

    def test_a_new_branch_s_page_is_not_empty(self, treasurer: Client, leeds: Branch) -> None:
        make_organisation()

        page = text_of(treasurer.get("/treasurer/branches/leeds/"))

        assert "No appeal is open now" in page
        assert "No cash recorded yet" in page

    def test_the_overview_adds_up_to_the_total(self, national: Client, appeal: Appeal) -> None:
        york = make_branch("York")
        test_cash.record(test_cash.facts_of(appeal, amount=gbp(100)))
        test_cash.record(test_cash.facts_of(appeal, amount=gbp("50.25"), branch=york))
        test_cash_transfers.record(test_cash_transfers.facts_of(appeal, amount=gbp(1000)))

        page = national.get("/treasurer/branches/")

        rows = page.context["standings"].branches
        reading = page.context["standings"].reading
        assert [row.name for row in rows] == ["Leeds", "York"]
        assert sum((row.raised for row in rows), reading.no_branch) == reading.raised
        assert sum((row.in_hand for row in rows), gbp(0)) == reading.counted_not_banked
        assert rows[0].last_on == local_today()
        assert rows[0].is_target_reached is False

    def test_one_appeal_is_shown_at_a_time(self, national: Client, appeal: Appeal) -> None:
        make_appeal("premises")

        shown = national.get("/treasurer/branches/", {"appeal": "rally"}).context["appeal"]
        assert shown == appeal
        unknown = national.get("/treasurer/branches/", {"appeal": "unknown"})
        assert unknown.context["appeal"] is not None

    def test_without_an_appeal_the_overview_says_so(self, national: Client) -> None:
        make_organisation()

        assert "No appeal is open now" in text_of(national.get("/treasurer/branches/"))

    @pytest.mark.parametrize("address", ["/treasurer/branches/", "/treasurer/"])
    def test_the_page_costs_the_same_queries_however_many_branches(
        self, national: Client, appeal: Appeal, address: str
    ) -> None:
        national.get(address)
        with CaptureQueriesContext(connection) as few:
            national.get(address)
        for number in range(40):
            branch = make_branch(f"Branch {number}", region=f"Region {number % 8}")
            test_cash.record(test_cash.facts_of(appeal, branch=branch), by=make_user())
        with CaptureQueriesContext(connection) as many:
            national.get(address)

        # One more at most: the names of branches that have money and no target.
        assert len(many) <= len(few) + 1 <= 20


class TestTransfers:
    LIST = "/treasurer/transfers/"

    def test_a_transfer_is_recorded_with_its_giver_apart(
        self, national: Client, appeal: Appeal
    ) -> None:
        response = national.post(NEW_TRANSFER, transfer_form(), follow=True)

        receipt = TransferReceipt.objects.get()
        assert response.redirect_chain == [(f"/treasurer/transfers/{receipt.reference}/", 302)]
        assert "The giver" in text_of(response)
        assert receipt.amount == gbp(45_000)
        assert receipt.donor == Donor.objects.get()
        assert "The giver" not in text_of(national.get(self.LIST))
        assert "£45,000" in text_of(national.get(self.LIST))

    def test_a_cheque_for_a_branch(self, national: Client, appeal: Appeal) -> None:
        form = transfer_form(
            method="cheque", branch="leeds", amount="20", name="", address="", note="Late"
        )

        page = text_of(national.post(NEW_TRANSFER, form, follow=True))

        assert TransferReceipt.objects.get().branch == make_branch("Leeds")
        assert not Donor.objects.exists()
        assert "Came from not given" in page
        assert "Late" in page

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *[("amount", typed) for typed in ("", "-5", "0", "1.234", "1e9", "NaN", "1000001")],
            ("received_on", (timezone.now() + timedelta(days=2)).date().isoformat()),
            ("bank_reference", " "),
            ("name", ""),
            ("address", ""),
            ("email", "not an address"),
            ("method", "cash"),
            ("appeal", ""),
            ("branch", "unknown"),
            ("reference", ""),
        ],
    )
    def test_what_cannot_be_meant_is_refused_beside_its_box(
        self, national: Client, appeal: Appeal, name: str, value: str
    ) -> None:
        response = national.post(NEW_TRANSFER, transfer_form(**{name: value}))

        assert response.status_code == 422
        assert name in response.context["form"].errors
        assert not JournalEntry.objects.exists()

    def test_the_limit_is_named_on_the_form(self, national: Client, appeal: Appeal) -> None:
        assert "Needed for more than £500" in text_of(national.get(NEW_TRANSFER))

        make_organisation(identified_donation_limit=None)

        assert "Needed for more than" not in text_of(national.get(NEW_TRANSFER))

    def test_a_double_tap_records_once(self, national: Client, appeal: Appeal) -> None:
        form = transfer_form()

        assert (
            national.post(NEW_TRANSFER, form).headers["Location"]
            == (national.post(NEW_TRANSFER, form).headers["Location"])
        )
        assert TransferReceipt.objects.count() == 1

    def test_the_same_form_with_another_amount_shows_what_stands(
        self, national: Client, appeal: Appeal
    ) -> None:
        form = transfer_form()
        national.post(NEW_TRANSFER, form)

        response = national.post(NEW_TRANSFER, {**form, "amount": "46,000"})

        assert response.status_code == 409
        assert "This form has already recorded £45,000" in text_of(response)
        assert TransferReceipt.objects.count() == 1

    def test_a_bounced_cheque_is_reversed_in_sight(self, national: Client, appeal: Appeal) -> None:
        receipt = test_cash_transfers.record(test_cash_transfers.facts_of(appeal))
        address = reverse("payments:transfer-reverse", args=[receipt.reference])

        assert national.get(address).status_code == 200
        assert national.post(address, {"reason": ""}).status_code == 422
        page = national.post(address, {"reason": "Bounced"}, follow=True)
        again = national.post(address, {"reason": "Bounced"}, follow=True)

        assert "Bounced" in text_of(page)
        assert "reversed before" in text_of(again)
        assert "<s>£45,000</s>" in national.get(self.LIST).content.decode()
        assert national.get(self.LIST).context["totals"] == []

    def test_an_empty_list_says_what_belongs_there(self, national: Client) -> None:
        make_organisation()

        assert "No transfer recorded yet" in text_of(national.get(self.LIST))
        assert "No appeal is open now" in text_of(national.get(NEW_TRANSFER))


class TestAPhonesQueue:
    """The same form, sent later by a phone: answered in JSON."""

    def send(self, client: Client, **form: str) -> Any:
        return client.post(NEW, form, headers={"accept": "application/json"})

    def test_a_new_one_is_201_and_a_known_one_200(self, treasurer: Client, appeal: Appeal) -> None:
        form = collection_form()
        answers = [self.send(treasurer, **form) for _ in range(5)]

        assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
        assert {answer.json()["collection"] for answer in answers} == {form["reference"]}
        assert [answer.json()["is_new"] for answer in answers] == [True, *[False] * 4]
        assert CashCollection.objects.count() == 1

    def test_other_content_under_its_id_is_objected_to_and_nothing_is_overwritten(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        form = collection_form()
        self.send(treasurer, **form)
        answer = self.send(treasurer, **{**form, "amount": "1"})

        assert answer.status_code == 409
        assert answer.json()["objection"] == "changed"
        assert CashCollection.objects.get().amount == gbp("312.50")

    def test_what_cannot_be_right_is_told_by_field(self, treasurer: Client, appeal: Appeal) -> None:
        answer = self.send(treasurer, **collection_form(place="", collected_on="2019-01-01"))
        old = self.send(treasurer, **collection_form(collected_on="2019-01-01"))

        assert answer.status_code == old.status_code == 422
        assert answer.json()["errors"]["place"] == ["Say where it was gathered."]
        assert set(old.json()["errors"]) == {"collected_on"}
        assert not CashCollection.objects.exists()

    def test_another_log_in_records_nothing_in_ones_place(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        mine = treasurer.get("/treasurer/collections/sender/").json()["user"]
        answer = self.send(treasurer, **collection_form(told_by=f"{mine}0"))

        assert answer.status_code == 409
        assert answer.json()["objection"] == "other-log-in"
        assert not CashCollection.objects.exists()
        assert self.send(treasurer, **collection_form(told_by=mine)).status_code == 201

    def test_it_asks_who_is_logged_in_and_for_a_token_that_opens_the_form(
        self, leeds: Branch, appeal: Appeal
    ) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user("leeds", branches=[leeds]))
        response = client.get("/treasurer/collections/sender/")
        assert response.headers["Cache-Control"] == "no-store, private"
        headers = {"accept": "application/json", "X-CSRFToken": response.json()["token"]}

        assert client.post(NEW, collection_form(), headers=headers).status_code == 201
        headers["X-CSRFToken"] = "x" * 64
        assert client.post(NEW, collection_form(), headers=headers).status_code == 403

    def test_nobody_is_told_a_token_without_a_log_in(self, client: Client, leeds: Branch) -> None:
        sender = "/treasurer/collections/sender/"
        assert client.get(sender).headers["Location"].startswith("/accounts/login/")
        client.force_login(make_user("chair", role=Membership.Role.CHAIR))
        assert client.get(sender).status_code == 404
