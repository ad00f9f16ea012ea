"""Paying in on the treasurer's pages, as a browser without JavaScript sees them; and the slip."""

import re
import uuid
import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appeals.models import Appeal
from appeals.progress import read_reading
from funds.models import Branch, Membership
from funds.money import Money
from payments.models import CashCollection, PayingIn
from payments.paper.page import plain
from payments.paying_in import undo_paying_in
from payments.recording import local_today
from tests.factories import gbp, make_appeal, make_branch, make_organisation, make_user
from tests.payments.test_cash import facts_of as cash_of
from tests.payments.test_cash import record
from tests.payments.test_paying_in import bank
from tests.payments.test_treasurer_pages import text_of

pytestmark = pytest.mark.django_db

NEW = "/treasurer/payings-in/new/"
LIST = "/treasurer/payings-in/"


@pytest.fixture
def leeds() -> Branch:
    return make_branch("Leeds")


@pytest.fixture
def appeal(leeds: Branch) -> Appeal:
    return make_appeal(branch_targets=[(leeds, gbp(1000))])


@pytest.fixture
def treasurer(client: Client, leeds: Branch) -> Client:
    client.force_login(
        make_user("leeds", branches=[leeds], first_name="Leeds", last_name="Treasurer")
    )
    return client


@pytest.fixture
def national(client: Client) -> Client:
    client.force_login(make_user("national", role=Membership.Role.NATIONAL_TREASURER))
    return client


def told(*collections: CashCollection, **changes: str) -> dict[str, object]:
    return {
        "reference": str(uuid.uuid4()),
        "collections": [str(one.reference) for one in collections],
        "slip_number": "000124",
        "paid_in_on": local_today().isoformat(),
        "paid_in_by": "Leeds Treasurer",
        "paid_in_with": "Second person",
        **changes,
    }


def address_of(banked: PayingIn, page: str = "") -> str:
    return f"{LIST}{banked.reference}/{page}"


class TestBanking:
    def test_all_that_is_in_hand_is_ticked_and_the_next_slip_is_suggested(
        self, treasurer: Client, appeal: Appeal, leeds: Branch
    ) -> None:
        by = make_user(branches=[leeds])
        bank([record(cash_of(appeal))], slip_number="000123", by=by)
        record(cash_of(appeal, amount=gbp(25), place="Market", pieces={2000: 1, 100: 5}))
        record(cash_of(appeal, amount=gbp(7), place="Stall", kind=CashCollection.Kind.SALE))

        page = treasurer.get(NEW)

        html = page.content.decode()
        assert len(re.findall(r'name="collections"[^>]* checked', html)) == 2
        assert 'value="000124"' in html
        assert 'value="Leeds Treasurer"' in html
        assert "In hand together £32.00" in text_of(page)
        assert "Counted as an amount only £7.00" in text_of(page)

    def test_what_is_ticked_is_banked_and_the_rest_stays_in_hand(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        first, _second = record(cash_of(appeal)), record(cash_of(appeal, amount=gbp(7)))

        page = treasurer.post(NEW, told(first), follow=True)

        banked = PayingIn.objects.get()
        assert page.redirect_chain == [(address_of(banked), 302)]
        assert "Keep the bank" in text_of(page)
        assert "Slip 000124" in text_of(page)
        assert "not found yet" in text_of(page)
        assert read_reading(appeal).counted_not_banked == gbp(7)
        assert banked.recorded_by.username == "leeds"

    def test_a_double_tap_banks_once(self, treasurer: Client, appeal: Appeal) -> None:
        form = told(record(cash_of(appeal)))

        first, second = treasurer.post(NEW, form), treasurer.post(NEW, form)

        assert first.headers["Location"] == second.headers["Location"]
        assert PayingIn.objects.count() == 1

    def test_the_same_form_with_other_bags_says_so_and_has_a_new_reference(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        form = told(record(cash_of(appeal)))
        treasurer.post(NEW, form)
        other = record(cash_of(appeal, place="Another"))

        page = treasurer.post(NEW, {**form, "collections": [str(other.reference)]})

        assert page.status_code == 409
        assert "This form was used before" in text_of(page)
        assert str(form["reference"]) not in page.content.decode()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"slip_number": ""}, "Give the number of the paying-in slip"),
            ({"paid_in_by": ""}, "Say who pays it in"),
            ({"paid_in_with": "leeds treasurer"}, "That is the same person"),
            ({"paid_in_on": "soon"}, "day/month/year"),
            ({"collections": ""}, "Something was banked or reversed meanwhile"),
            ({"reference": "x"}, "Please send the form again"),
        ],
    )
    def test_what_cannot_be_is_refused_in_words(
        self, treasurer: Client, appeal: Appeal, changes: dict[str, str], words: str
    ) -> None:
        page = treasurer.post(NEW, told(record(cash_of(appeal)), **changes))

        assert page.status_code == 422
        assert words in text_of(page)
        assert not PayingIn.objects.exists()

    def test_nothing_ticked_is_refused(self, treasurer: Client, appeal: Appeal) -> None:
        record(cash_of(appeal))

        page = treasurer.post(NEW, told())

        assert page.status_code == 422
        assert "Tick at least one" in text_of(page)

    def test_with_nothing_in_hand_the_page_says_so(self, treasurer: Client) -> None:
        make_organisation()

        assert "Nothing is in hand" in text_of(treasurer.get(NEW))
        assert "Nothing paid in yet" in text_of(treasurer.get(LIST))

    def test_two_currencies_are_two_slips(self, national: Client, appeal: Appeal) -> None:
        euros = make_appeal("euros", target=Money(100, "EUR"))
        record(cash_of(appeal))
        record(cash_of(euros, amount=Money(10, "EUR")))

        html = national.get(NEW).content.decode()

        assert len(re.findall(r'name="collections"[^>]* checked', html)) == 1
        assert "Notes and coins together, EUR" in html

    def test_a_number_that_is_none_suggests_none(self, treasurer: Client, appeal: Appeal) -> None:
        bank([record(cash_of(appeal))], slip_number="A7")

        assert treasurer.get(NEW).context["form"]["slip_number"].value() == ""


class TestOnePayingIn:
    def test_it_is_undone_in_sight(self, treasurer: Client, appeal: Appeal) -> None:
        bag = record(cash_of(appeal))
        banked = bank([bag])

        assert treasurer.get(address_of(banked, "undo/")).status_code == 200
        assert treasurer.post(address_of(banked, "undo/"), {"reason": ""}).status_code == 422
        done = treasurer.post(address_of(banked, "undo/"), {"reason": "Wrong bag"}, follow=True)
        again = treasurer.post(address_of(banked, "undo/"), {"reason": "Wrong bag"}, follow=True)

        assert "Wrong bag" in text_of(done)
        assert "undone before" in text_of(again)
        assert "<s>000123</s>" in treasurer.get(LIST).content.decode()
        assert read_reading(appeal).counted_not_banked == gbp(25)

    def test_a_collection_tells_where_it_was_banked_and_is_not_reversed_meanwhile(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        bag = record(cash_of(appeal))
        page = f"/treasurer/collections/{bag.reference}/"
        assert "not yet: in hand" in text_of(treasurer.get(page))
        banked = bank([bag])

        assert f'href="{address_of(banked)}"' in treasurer.get(page).content.decode()
        refused = treasurer.post(f"{page}reverse/", {"reason": "Counted twice"})
        assert refused.status_code == 422
        assert "Undo the paying-in first" in text_of(refused)

    def test_the_list_costs_the_same_queries_however_many(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        bank([record(cash_of(appeal))])
        treasurer.get(LIST)
        with CaptureQueriesContext(connection) as few:
            treasurer.get(LIST)
        for number in range(8):
            bank([record(cash_of(appeal)), record(cash_of(appeal))], slip_number=str(number))
        with CaptureQueriesContext(connection) as many:
            treasurer.get(LIST)

        assert len(many) == len(few) <= 10

    @pytest.mark.parametrize("address", [NEW, "/treasurer/"])
    def test_what_is_in_hand_costs_the_same_queries_however_much(
        self, treasurer: Client, appeal: Appeal, address: str
    ) -> None:
        record(cash_of(appeal))
        treasurer.get(address)
        with CaptureQueriesContext(connection) as few:
            treasurer.get(address)
        for _ in range(8):
            record(cash_of(appeal))
        with CaptureQueriesContext(connection) as many:
            treasurer.get(address)

        assert len(many) == len(few) <= 22


class TestSlip:
    def words_of(self, content: bytes) -> str:
        """What is written on the pages, without where."""
        streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
        drawn = b"".join(zlib.decompress(one) for one in streams if one.startswith(b"x"))
        shown = re.findall(rb"\((.*?)\) Tj", drawn)
        return b" ".join(shown).replace(b"\\", b"").decode("cp1252")

    def test_it_has_the_number_the_pieces_and_whose_it_is(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        banked = bank(
            [
                record(cash_of(appeal, pieces={2000: 1, 100: 5})),
                record(cash_of(appeal, amount=gbp("7.50"))),
            ],
            bag_numbers="S-17",
        )

        response = treasurer.get(address_of(banked, "slip.pdf"))

        words = self.words_of(response.content)
        assert response.headers["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF-")
        for expected in (
            "Slip: 000123",
            "Sealed bags: S-17",
            "£20",
            "\N{MULTIPLICATION SIGN} 5",
            "Counted as an amount only £7.50",
            "Total £32.50",
            "Rally, Leeds £32.50",
            "Paid in by First depositor",
            "Paid in by Second depositor",
            str(banked.reference),
        ):
            assert expected in words

    def test_an_undone_one_says_so_and_any_letters_can_be_drawn(
        self, national: Client, appeal: Appeal
    ) -> None:
        Appeal.objects.update(title=f"漢 Łódź {'very ' * 20}")
        banked = bank([record(cash_of(appeal))], paid_in_by="Đorđe Žižek", paid_in_with="")
        undo_paying_in(banked, reason="Wrong", reversed_by=make_user())

        words = self.words_of(national.get(address_of(banked, "slip.pdf")).content)

        assert "Undone: it counts for nothing" in words
        assert "Paid in by Dorde Žižek" in words
        assert "Second person" in words

    def test_a_long_slip_goes_on_to_another_page(self, national: Client, appeal: Appeal) -> None:
        bags = [
            record(cash_of(appeal, branch=make_branch(f"Branch {n}"), amount=gbp(n + 1)))
            for n in range(40)
        ]

        content = national.get(address_of(bank(bags), "slip.pdf")).content

        assert content.count(b"/Type /Page\n") >= 2
        assert "Rally, Branch 39 £40.00" in self.words_of(content)

    def test_letters_that_no_font_has_become_ones_that_it_has(self) -> None:
        assert plain("£5 · €6 Łódź 漢\n") == "£5 · €6 Lódz ??"


class TestNudgesOnPages:
    def test_a_branch_hears_after_two_working_days_and_the_national_treasurer_after_five(
        self, treasurer: Client, appeal: Appeal
    ) -> None:
        record(cash_of(appeal, collected_on=local_today() - timedelta(days=6)))
        assert "working days" in text_of(treasurer.get("/treasurer/"))
        assert "working days" in text_of(treasurer.get("/treasurer/branches/leeds/"))

        treasurer.force_login(make_user(role=Membership.Role.NATIONAL_TREASURER))
        assert "working days" not in text_of(treasurer.get("/treasurer/"))
        record(cash_of(appeal, collected_on=local_today() - timedelta(days=10)))
        page = text_of(treasurer.get("/treasurer/"))
        assert "Leeds: in hand for" in page
        assert "£25 is counted and not banked" in page

    def test_fresh_cash_is_nobody_s_worry(self, treasurer: Client, appeal: Appeal) -> None:
        record(cash_of(appeal))

        assert "in hand for" not in text_of(treasurer.get("/treasurer/"))
