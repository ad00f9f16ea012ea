"""The national treasurer's pages about card donations and refunds, without JavaScript."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appeals.models import Appeal
from donors.models import Donor
from funds.models import JournalEntry
from payments.balance.booking import book_everything_due
from payments.balance.taking import take
from payments.models import CardDonation, RefundOrder
from payments.refund_orders import approve, withdraw
from payments.refund_sending import send_due_refunds
from payments.stripe_gateway.facts import RefundState
from payments.stripe_gateway.refunding import RefundRefusedError, Refusal
from tests.factories import gbp, make_appeal, make_branch, make_card_donation, make_organisation
from tests.payments.refunding import (
    fresh_order,
    given_back_at_stripe,
    make_national,
    make_received,
    order,
    pay_at,
)
from tests.payments.test_refund_sending import asking, made
from tests.payments.test_treasurer_pages import text_of
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_lines import line_of

pytestmark = pytest.mark.django_db

LIST = "/treasurer/cards/"
REFUNDS = "/treasurer/refunds/"


@pytest.fixture
def appeal() -> Appeal:
    return make_appeal()


@pytest.fixture
def national(client: Client) -> Client:
    client.force_login(make_national())
    return client


@pytest.fixture
def second() -> Client:
    other = Client()
    other.force_login(make_national("second"))
    return other


def page_of(donation: CardDonation) -> str:
    return f"{LIST}{donation.reference}/"


def form_of(donation: CardDonation) -> str:
    return f"{LIST}{donation.reference}/refund/"


def answers(**changes: str) -> dict[str, str]:
    return {
        "reference": str(uuid.uuid4()),
        "how_much": "all",
        "amount": "",
        "reason": "Gave twice by mistake",
        "stripe_reason": "",
        **changes,
    }


def hidden_fields(response: Any) -> dict[str, str]:
    """What the form of the confirmation sends back."""
    form = re.search(r'<form class="form stack stack--tight".*?</form>', decoded(response), re.S)
    assert form is not None
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def decoded(response: Any) -> str:
    page = response.content.decode()
    assert isinstance(page, str)
    return page


def listed(response: Any) -> list[CardDonation]:
    return [row.donation for row in response.context["listed"].rows]


class TestList:
    def test_donations_are_listed_newest_first_and_name_nobody(self, national: Client) -> None:
        donor = Donor.objects.create(name="Rosa Example", email="rosa@example.org")
        first = make_received(gbp(25), donor=donor, branch=make_branch("Leeds"))
        second = make_received(gbp(10))

        page = national.get(LIST)

        assert listed(page) == [second, first]
        assert "£25" in text_of(page)
        assert "Leeds" in text_of(page)
        assert "Rosa" not in text_of(page)
        assert "rosa@" not in text_of(page)

    def test_each_state_has_its_word(self, national: Client) -> None:
        now = timezone.now()
        make_received(gbp(1))
        given_back_at_stripe(make_received(gbp(2)), gbp(1), refund="re_1")
        given_back_at_stripe(make_received(gbp(3)), gbp(3), refund="re_2")
        back = make_received(gbp(4))
        given_back_at_stripe(back, gbp(4), refund="re_3", state=RefundState.BACK)
        make_card_donation(processing_at=now)
        make_card_donation(failed_at=now)
        make_card_donation(checkout_ended_at=now)
        make_card_donation()

        rows = national.get(LIST, {"state": "all"}).context["listed"].rows

        assert [str(row.state) for row in rows] == [
            *("not paid yet", "not paid", "did not go through", "promised"),
            *("came", "given back", "given back in part", "came"),
        ]

    def test_what_never_came_is_left_out_until_it_is_asked_for(self, national: Client) -> None:
        came = make_received()
        promised = make_card_donation(processing_at=timezone.now())
        unpaid = make_card_donation()
        back = make_received()
        given_back_at_stripe(back, gbp(1))

        assert listed(national.get(LIST)) == [back, promised, came]
        assert listed(national.get(LIST, {"state": "unpaid"})) == [unpaid]
        assert listed(national.get(LIST, {"state": "promised"})) == [promised]
        assert listed(national.get(LIST, {"state": "back"})) == [back]

    def test_by_appeal_and_branch(self, national: Client) -> None:
        leeds = make_branch("Leeds")
        here = make_received(branch=leeds)
        there = make_received(appeal=make_appeal("premises"))

        assert listed(national.get(LIST, {"appeal": "premises"})) == [there]
        assert listed(national.get(LIST, {"branch": "leeds"})) == [here]
        nowhere = national.get(LIST, {"branch": "nowhere"})
        assert listed(nowhere) == []
        assert "None like that" in text_of(nowhere)

    def test_by_whatever_the_treasurer_has_in_hand(self, national: Client) -> None:
        donation = make_received(gbp("17.50"), payment="pi_3Qfound")
        CardDonation.objects.filter(pk=donation.pk).update(checkout_session_id="cs_test_1")
        given_back_at_stripe(donation, gbp(1), refund="re_3Qfound")
        ordered = order(donation, gbp(1))
        make_received(gbp(20))
        today = timezone.localdate()

        for typed in (
            *("pi_3Qfound", "re_3Qfound", "cs_test_1", "17.50", "£17.5"),
            *(str(donation.reference), f" {donation.reference} ", str(ordered.reference)),
        ):
            assert listed(national.get(LIST, {"find": typed})) == [donation], typed
        for typed in (today.isoformat(), f"{today:%d/%m/%Y}", f"{today:%d.%m.%Y}"):
            assert len(listed(national.get(LIST, {"find": typed}))) == 2, typed
        yesterday = today - timedelta(days=1)
        assert listed(national.get(LIST, {"find": yesterday.isoformat()})) == []

    def test_what_is_looked_for_by_name_is_found_in_any_state(self, national: Client) -> None:
        unpaid = make_card_donation()

        assert listed(national.get(LIST, {"find": str(unpaid.reference)})) == [unpaid]

    @pytest.mark.parametrize("typed", ["Rosa", "pi_", "31/31/2026", "-5", "x" * 121, "a\0b"])
    def test_what_cannot_be_looked_for_is_said_beside_the_box(
        self, national: Client, appeal: Appeal, typed: str
    ) -> None:
        page = national.get(LIST, {"find": typed})

        assert "find" in page.context["filters"].errors
        assert listed(page) == []

    def test_long_lists_come_by_the_page(
        self, national: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("payments.card_records.PAGE_SIZE", 2)
        for _ in range(3):
            make_received()

        assert len(listed(national.get(LIST))) == 2
        assert "Page 1 of 2" in text_of(national.get(LIST))
        assert len(listed(national.get(LIST, {"page": "2"}))) == 1
        assert len(listed(national.get(LIST, {"page": "nonsense"}))) == 2

    def test_an_empty_list_says_what_comes_there(self, national: Client, appeal: Appeal) -> None:
        assert "No card donation yet" in text_of(national.get(LIST))


class TestOneDonation:
    def test_tells_what_happened_in_order_with_its_lines_in_the_books(
        self, national: Client
    ) -> None:
        donation = make_received(gbp(25), branch=make_branch("Leeds"))
        take([line_of(donation, created_at=timezone.now())])
        book_everything_due()
        given_back_at_stripe(donation, gbp(10), refund="re_1")
        given_back_at_stripe(donation, gbp(5), refund="re_2", state=RefundState.BACK)

        page = national.get(page_of(donation))

        happened = [(one.what, one.amount) for one in page.context["happenings"]]
        assert happened == [
            ("Sent to the pay page", None),
            ("Came", gbp(25)),
            ("Stripe's fee", gbp("-0.58")),
            ("Given back", gbp(-10)),
            ("Given back", gbp(-5)),
            ("Did not reach the donor, and came back", gbp(5)),
        ]
        assert len(page.context["postings"]) == 2 * JournalEntry.objects.count()
        assert "£10 of it given back" in text_of(page)
        assert "stripe:re_1:refunded" in text_of(page)

    def test_names_the_giver_to_the_national_treasurer(self, national: Client) -> None:
        donor = Donor.objects.create(
            name="Rosa Example", email="rosa@example.org", address="1 Example Street"
        )

        page = text_of(national.get(page_of(make_received(donor=donor))))

        assert "Rosa Example" in page
        assert "1 Example Street" in page
        assert "rosa@example.org" in page
        assert "Came from not given" in text_of(national.get(page_of(make_received())))

    def test_offers_to_give_back_only_what_came(self, national: Client) -> None:
        assert "Give money back" in text_of(national.get(page_of(make_received())))

        promised = make_card_donation(processing_at=timezone.now())
        page = text_of(national.get(page_of(promised)))
        assert "promised and has not come yet" in page
        assert "Give money back" not in page
        unpaid = make_card_donation(failed_at=timezone.now(), checkout_ended_at=timezone.now())
        page = text_of(national.get(page_of(unpaid)))
        assert "not paid" in page
        assert "A payment did not go through" in page
        assert "Give money back" not in page

    def test_lists_the_orders_about_it_with_who_and_when(self, national: Client) -> None:
        donation = make_received(gbp(150))
        approve(order(donation, reason="Wrong amount"), by=make_national("second"))

        page = text_of(national.get(page_of(donation)))

        assert "Wrong amount" in page
        assert "Asked by first, approved by second on" in page


class TestOrdering:
    def test_it_is_shown_in_words_before_it_is_ordered(self, national: Client) -> None:
        donation = make_received(gbp("62.50"))

        page = national.post(form_of(donation), answers(stripe_reason="duplicate"))

        assert page.status_code == 200
        assert "£62.50 sixty-two pounds and fifty pence" in text_of(page)
        assert "It was paid twice" in text_of(page)
        assert not RefundOrder.objects.exists()

        done = national.post(form_of(donation), {**hidden_fields(page), "confirmed": "yes"})
        ordered = RefundOrder.objects.get()
        assert done.headers["Location"] == f"{REFUNDS}{ordered.reference}/"
        assert ordered.amount == gbp("62.50")
        assert ordered.stripe_reason == "duplicate"
        assert ordered.asked_by == make_national()

    def test_a_part_of_it(self, national: Client) -> None:
        donation = make_received(gbp(25))

        page = national.post(form_of(donation), answers(how_much="part", amount="£7.50"))
        national.post(form_of(donation), {**hidden_fields(page), "confirmed": "yes"})

        assert RefundOrder.objects.get().amount == gbp("7.50")
        form = text_of(national.get(form_of(donation)))
        assert "Of £25, £7.50 is ordered to be. £17.50 is left." in form
        assert "The rest: £17.50" in form

    def test_what_was_confirmed_is_ordered_whatever_happened_since(self, national: Client) -> None:
        """ "All of it" is the amount that was read, not what all of it is a moment later."""
        donation = make_received(gbp(25))
        page = national.post(form_of(donation), answers())
        given_back_at_stripe(donation, gbp(10))

        refused = national.post(form_of(donation), {**hidden_fields(page), "confirmed": "yes"})

        assert refused.status_code == 422
        assert "At most £15 of the £25 can be given back: £10 was given back" in text_of(refused)
        assert not RefundOrder.objects.exists()

    def test_a_change_of_mind_finds_the_form_as_it_was(self, national: Client) -> None:
        donation = make_received(gbp(25))
        page = national.post(form_of(donation), answers(how_much="part", amount="5"))

        form = national.post(form_of(donation), {**hidden_fields(page), "change": "yes"})

        assert form.status_code == 200
        assert form.context["form"]["amount"].value() == "5.00"
        assert form.context["form"]["reason"].value() == "Gave twice by mistake"
        assert not RefundOrder.objects.exists()

    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("amount", {"how_much": "part", "amount": ""}),
            ("amount", {"how_much": "part", "amount": "nonsense"}),
            ("amount", {"how_much": "part", "amount": "25.01"}),
            ("amount", {"how_much": "part", "amount": "0"}),
            ("amount", {"how_much": "all", "amount": "5"}),
            ("how_much", {"how_much": "some"}),
            ("how_much", {"how_much": ""}),
            ("reason", {"reason": " "}),
            ("reason", {"reason": "x" * 201}),
            ("reason", {"reason": "wrote from someone@example.org"}),
            ("stripe_reason", {"stripe_reason": "bored"}),
            ("reference", {"reference": "none"}),
        ],
    )
    def test_what_cannot_be_meant_is_refused_beside_its_box(
        self, national: Client, name: str, changes: dict[str, str]
    ) -> None:
        donation = make_received(gbp(25))

        for confirmed in ({}, {"confirmed": "yes"}):
            response = national.post(form_of(donation), answers(**changes) | confirmed)

            assert response.status_code == 422
            assert name in response.context["form"].errors
            assert "Nothing is ordered yet" in text_of(response)
        assert not RefundOrder.objects.exists()

    def test_a_double_tap_orders_once(self, national: Client) -> None:
        donation = make_received(gbp(25))
        told = answers(confirmed="yes", how_much="part", amount="5")

        first, second = (national.post(form_of(donation), told) for _ in range(2))

        assert first.headers["Location"] == second.headers["Location"]
        assert RefundOrder.objects.count() == 1

    def test_the_same_form_with_another_amount_shows_what_stands(self, national: Client) -> None:
        donation = make_received(gbp(25))
        told = answers(confirmed="yes", how_much="part", amount="5")
        national.post(form_of(donation), told)

        response = national.post(form_of(donation), {**told, "amount": "6"})

        assert response.status_code == 409
        assert "This form has already ordered £5" in text_of(response)
        assert response.context["form"]["reference"].value() != told["reference"]
        assert RefundOrder.objects.count() == 1

    def test_where_there_is_nothing_to_give_back_the_page_says_why(self, national: Client) -> None:
        donation = make_card_donation(processing_at=timezone.now())

        assert "promised and has not come yet" in text_of(national.get(form_of(donation)))
        response = national.post(form_of(donation), answers(confirmed="yes"))
        assert response.status_code == 422
        assert "promised and has not come yet" in text_of(response)

    def test_above_the_limit_the_second_person_is_announced(self, national: Client) -> None:
        donation = make_received(gbp(150))

        alone = text_of(national.post(form_of(donation), answers()))
        assert "A second national treasurer must approve it" in alone
        assert "There is no other national treasurer" in alone
        make_national("second")
        assert "You can withdraw it until then" in text_of(
            national.post(form_of(donation), answers())
        )

    def test_without_a_token_of_our_own_page_nothing_is_ordered(self) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(make_national())
        donation = make_received()

        assert careful.post(form_of(donation), answers(confirmed="yes")).status_code == 403
        assert not RefundOrder.objects.exists()


class TestDeciding:
    @pytest.fixture
    def waiting(self) -> RefundOrder:
        return order(make_received(gbp(150)), reason="Wrong amount")

    def test_it_waits_for_the_other_and_is_counted_in_the_navigation(
        self, national: Client, second: Client, waiting: RefundOrder
    ) -> None:
        mine, theirs = national.get(REFUNDS), second.get(REFUNDS)

        assert "For another to decide" in text_of(mine)
        assert "for you to decide" not in text_of(mine)
        assert "For you to decide" in text_of(theirs)
        assert "Cards 1 for you to decide" in text_of(theirs)
        assert "1 refund for you to decide" in text_of(second.get("/treasurer/"))
        assert "refund for you" not in text_of(national.get("/treasurer/"))

    def test_who_asked_may_withdraw_and_not_approve(
        self, national: Client, second: Client, waiting: RefundOrder
    ) -> None:
        address = f"{REFUNDS}{waiting.reference}/"

        page = text_of(national.get(address))
        assert "Approve" not in page
        assert "Withdraw it" in page
        refused = national.post(f"{address}approve/", follow=True)
        assert "another must approve it" in text_of(refused)
        refused = national.post(f"{address}decline/", {"reason": "No"}, follow=True)
        assert "withdraw it instead" in text_of(refused)
        assert fresh_order(waiting).decision == ""

        done = national.post(f"{address}withdraw/", follow=True)
        assert "Withdrawn: nothing goes back" in text_of(done)
        late = second.post(f"{address}approve/", follow=True)
        assert "This was decided before" in text_of(late)
        assert "too late" in text_of(national.post(f"{address}withdraw/", follow=True))

    def test_the_second_approves(self, second: Client, waiting: RefundOrder) -> None:
        address = f"{REFUNDS}{waiting.reference}/"
        assert "Approve: give £150 back" in text_of(second.get(address))
        assert "Another national treasurer asks for this" in text_of(second.get(address))

        page = second.post(f"{address}approve/", follow=True)

        assert "On its way" in text_of(page)
        assert "Approved by second" in text_of(page)

    def test_the_second_declines_with_a_reason(self, second: Client, waiting: RefundOrder) -> None:
        address = f"{REFUNDS}{waiting.reference}/"

        without = second.post(f"{address}decline/", {"reason": " "})
        assert without.status_code == 422
        assert "Say why it is declined." in text_of(without)
        page = second.post(f"{address}decline/", {"reason": "Paid in cash"}, follow=True)

        assert "Declined: nothing goes back Paid in cash" in text_of(page)
        again = second.post(f"{address}decline/", {"reason": "Still"}, follow=True)
        assert "This was decided before" in text_of(again)

    def test_where_nobody_else_can_approve_it_is_said(
        self, national: Client, waiting: RefundOrder
    ) -> None:
        address = f"{REFUNDS}{waiting.reference}/"

        assert "There is no other national treasurer" in text_of(national.get(address))
        make_national("second")
        assert "Tell them that it is there" in text_of(national.get(address))

    @pytest.mark.parametrize("action", ["approve", "decline", "withdraw"])
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_other_methods_decide_nothing(
        self, second: Client, waiting: RefundOrder, action: str, method: str
    ) -> None:
        address = f"{REFUNDS}{waiting.reference}/{action}/"

        assert second.get(address).status_code == 200
        assert second.generic(method, address).status_code == 405
        assert fresh_order(waiting).decision == ""


class TestOneOrder:
    def address(self, ordered: RefundOrder) -> str:
        return f"{REFUNDS}{ordered.reference}/"

    def test_on_its_way_it_looks_again_by_itself_less_and_less(self, national: Client) -> None:
        ordered = order(make_received())

        page = decoded(national.get(self.address(ordered)))

        assert '<noscript><meta http-equiv="refresh" content="1;url=?looked=1"></noscript>' in page
        assert "js/look-again.js" in page
        assert "Second person not needed" in text_of(national.get(self.address(ordered)))
        for looked, seconds in (("10", 3), ("50", 15), ("5000", 60), ("9" * 5000, 1), ("x", 1)):
            shown = national.get(self.address(ordered), {"looked": looked}).context["shown"]
            assert shown.look_again_seconds == seconds

    def test_given_back_it_stays_as_it_is(self, national: Client, stripe: PretendStripe) -> None:
        ordered = order(pay_at(stripe))
        send_due_refunds()

        page = national.get(self.address(ordered))

        assert "Given back Stripe has it since" in text_of(page)
        assert str(fresh_order(ordered).stripe_refund_id) in text_of(page)
        assert "http-equiv" not in decoded(page)
        assert "Withdraw" not in text_of(page)

    def test_each_end_is_said_in_words(self, national: Client) -> None:
        refused = order(make_received())
        with asking(RefundRefusedError(Refusal.UNKNOWN_PAYMENT, code="resource_missing")):
            send_due_refunds()
        came_back = order(make_received())
        with asking(lambda _: made(came_back, RefundState.BACK)):
            send_due_refunds()
        withdrawn = order(make_received())
        withdraw(withdrawn, by=make_national())

        assert "Stripe did not do it" in text_of(national.get(self.address(refused)))
        assert "It did not reach the donor" in text_of(national.get(self.address(came_back)))
        assert "Withdrawn: nothing goes back" in text_of(national.get(self.address(withdrawn)))
        listing = text_of(national.get(REFUNDS))
        for word in ("refused by Stripe", "did not reach the donor", "withdrawn"):
            assert word in listing

    def test_what_holds_it_up_is_said(self, national: Client) -> None:
        ordered = order(make_received())
        RefundOrder.objects.update(last_error="The account at Stripe does not hold enough.")

        page = text_of(national.get(self.address(ordered)))

        assert "does not hold enough" in page
        assert "Withdraw it" in page


class TestRefunds:
    def test_an_empty_page_says_what_to_do(self, national: Client) -> None:
        make_organisation()

        assert "Nothing was given back from here" in text_of(national.get(REFUNDS))

    def test_long_histories_come_by_the_page(
        self, national: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("payments.refund_records.PAGE_SIZE", 2)
        donation = make_received()
        for _ in range(3):
            order(donation, gbp(1))

        assert "Page 1 of 2" in text_of(national.get(REFUNDS))
        assert len(national.get(REFUNDS, {"page": "2"}).context["listed"].rows) == 1


def add_one_more(number: int) -> None:
    """A donation with its orders and refunds, of branches and people of its own."""
    donation = make_received(gbp(500), branch=make_branch(f"Branch {number}"))
    first, second = make_national(f"first-{number}"), make_national(f"second-{number}")
    given_back_at_stripe(donation, gbp(1), refund=f"re_{number}")
    order(donation, gbp(120), by=first)
    approve(order(donation, gbp(130), by=first), by=second)


@pytest.mark.parametrize("address", [LIST, REFUNDS, f"{LIST}?find=500", f"{LIST}?state=back"])
def test_a_list_costs_the_same_queries_however_long(national: Client, address: str) -> None:
    add_one_more(1)
    national.get(address)
    with CaptureQueriesContext(connection) as few:
        national.get(address)
    for number in range(2, 12):
        add_one_more(number)
    with CaptureQueriesContext(connection) as many:
        national.get(address)

    assert len(few) == len(many) <= 12


@pytest.mark.parametrize("refunds", [1, 8])
def test_a_donation_s_page_costs_the_same_queries_whatever_happened(
    national: Client, refunds: int
) -> None:
    donation = make_received(gbp(500), donor=Donor.objects.create(name="Rosa Example"))
    for number in range(refunds):
        given_back_at_stripe(donation, gbp(1), refund=f"re_{number}")
        order(donation, gbp(1), by=make_national(f"person-{number}"))
    national.get(page_of(donation))

    with CaptureQueriesContext(connection) as queries:
        national.get(page_of(donation))

    assert len(queries) == 18
