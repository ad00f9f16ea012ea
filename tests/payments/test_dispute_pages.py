"""What the national treasurer sees of disputes and of donations that were paid twice."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from funds.models import Membership, User
from payments import inbox
from payments.models import CardDispute, CardDonation
from payments.paid_twice import note_meant
from payments.refundable import read_refundable
from tests.factories import gbp, make_branch, make_card_donation, make_user
from tests.payments.books import fresh
from tests.stripe_events import (
    NOON,
    Event,
    checkout_event,
    deliver,
    dispute_event,
    dispute_line,
    payment_of,
    refund_event,
)

pytestmark = pytest.mark.django_db

DISPUTES = "/treasurer/disputes/"
PAID_TWICE = "/treasurer/paid-twice/"
DAY = 86_400


@pytest.fixture
def user() -> User:
    return make_user("national", role=Membership.Role.NATIONAL_TREASURER)


@pytest.fixture
def national(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def donation() -> CardDonation:
    donation = make_card_donation(gbp(25), branch=make_branch("Leeds"))
    tell(checkout_event(donation))
    return donation


def tell(*events: Event) -> None:
    for event in events:
        assert deliver(Client(), event) == 200
    inbox.act_on_everything_due()


def disputed(donation: CardDonation, number: int = 1, **changes: Any) -> Event:
    line = dispute_line(-2500, line=f"txn_{number}", fee=2000)
    told: dict[str, Any] = {"lines": [line], "dispute": f"du_{number}"}
    return dispute_event(donation, **(told | changes))


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", page)


class TestDisputes:
    def test_none(self, national: Client) -> None:
        assert "No donation was ever disputed" in read(national, DISPUTES)
        assert "to answer" not in read(national, "/treasurer/")

    def test_one_to_be_answered_says_until_when_where_and_what_was_taken(
        self, national: Client, donation: CardDonation
    ) -> None:
        tell(disputed(donation, reason="product_not_received"))
        page = read(national, DISPUTES)
        assert "1 to answer by 30 November 2026, 12:00" in page
        assert "Answer in Stripe's dashboard" in page.replace("&#x27;", "'")
        assert "product not received" in page
        assert "du_1" in page
        assert payment_of(donation) in page
        assert "£25 £25 taken" in page
        assert "1 dispute to answer by 30 November 2026" in read(national, "/treasurer/")

    def test_an_inquiry_has_taken_nothing(self, national: Client, donation: CardDonation) -> None:
        tell(disputed(donation, lines=[], status="warning_needs_response"))
        page = read(national, DISPUTES)
        assert "Inquiry: answer it" in page
        assert "£25 not taken" in page

    def test_what_is_answered_or_ended_asks_for_nothing(
        self, national: Client, donation: CardDonation
    ) -> None:
        tell(disputed(donation), disputed(donation, status="under_review", told=NOON + 1))
        assert "None is to be answered now" in read(national, DISPUTES)
        closed: dict[str, Any] = {"status": "lost", "told": NOON + 30 * DAY}
        tell(disputed(donation, kind="charge.dispute.closed", **closed))
        page = read(national, DISPUTES)
        assert "ended 23 Dec 2026" in page
        assert "to answer by" not in page
        assert "to answer" not in read(national, "/treasurer/")

    def test_one_that_no_bank_takes_an_answer_for_asks_for_none(
        self, national: Client, donation: CardDonation
    ) -> None:
        event = disputed(donation)
        event["data"]["object"]["evidence_details"]["due_by"] = None
        tell(event)
        assert "None is to be answered now" in read(national, DISPUTES)

    def test_the_most_urgent_stands_on_top_and_the_ended_below(
        self, national: Client, donation: CardDonation
    ) -> None:
        ended: dict[str, Any] = {"status": "won", "lines": [], "kind": "charge.dispute.closed"}
        tell(disputed(donation, 1, **ended))
        tell(disputed(donation, 2, created=NOON + 3 * DAY), disputed(donation, 3))
        page = read(national, DISPUTES)
        assert page.index("du_3") < page.index("du_2") < page.index("du_1")
        assert "2 to answer, the first by 30 November" in page

    def test_the_list_costs_the_same_for_one_and_for_fifty(
        self, national: Client, donation: CardDonation
    ) -> None:
        tell(disputed(donation))
        with CaptureQueriesContext(connection) as one:
            read(national, DISPUTES)
        tell(*(disputed(donation, number) for number in range(2, 60)))
        with CaptureQueriesContext(connection) as many:
            page = read(national, DISPUTES)
        assert len(many) == len(one) <= 10
        assert "Page 1 of 2" in page

    def test_it_is_seen_in_the_admin_with_its_donation(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(disputed(donation), checkout_event(donation, payment="pi_second"))
        client.force_login(make_user("operator", role=Membership.Role.OPERATOR))
        page = client.get(reverse("admin:payments_carddonation_change", args=[donation.pk]))
        assert "du_1" in page.content.decode()
        second = CardDonation.objects.get(again_of=donation)
        page = client.get(reverse("admin:payments_carddonation_change", args=[second.pk]))
        assert str(donation.reference) in page.content.decode()

    def test_a_status_that_nobody_knows_is_refused_by_the_database(
        self, donation: CardDonation
    ) -> None:
        tell(disputed(donation))
        with (
            pytest.raises(IntegrityError, match="card_dispute_status_is_known"),
            transaction.atomic(),
        ):
            CardDispute.objects.update(status="levitating")


class TestOneDonation:
    """Its page among the card donations: what the bank did, and what can still be given back."""

    def page(self, client: Client, donation: CardDonation) -> str:
        return read(client, f"/treasurer/cards/{donation.reference}/")

    def test_what_the_bank_took_and_brought_back_has_happened_to_it(
        self, national: Client, donation: CardDonation
    ) -> None:
        part = dispute_line(1000, line="txn_back", created=NOON + 30 * DAY)
        taken = dispute_line(-2500, line="txn_1", fee=2000)
        won: dict[str, Any] = {"lines": [taken, part], "status": "won"}
        tell(disputed(donation, kind="charge.dispute.closed", **won))
        page = self.page(national, donation)
        assert re.search(
            "23 Nov 2026 Taken by the donor(&#x27;|')s bank du_1 \N{MINUS SIGN}£25", page
        )
        assert re.search(r"23 Dec 2026 Brought back by the donor(&#x27;|')s bank du_1 £10", page)
        assert "The rest stays with the bank" in page
        assert "stripe:txn_back:kept" in page
        assert "£15 of it taken by the donor's bank" in page.replace("&#x27;", "'")

    def test_while_a_bank_decides_nothing_can_be_given_back(
        self, national: Client, donation: CardDonation
    ) -> None:
        tell(disputed(donation))
        page = self.page(national, donation)
        assert "until then Stripe gives nothing back of it" in page
        assert "Give money back" not in page

    def test_what_a_bank_took_for_good_cannot_be_given_back_too(
        self, national: Client, donation: CardDonation
    ) -> None:
        tell(disputed(donation, status="lost"))
        assert "there is nothing more to give back" in self.page(national, donation)

    def test_what_a_bank_only_asks_about_can_be_given_back(
        self, national: Client, donation: CardDonation
    ) -> None:
        tell(disputed(donation, lines=[], status="warning_needs_response"))
        assert "Give money back" in self.page(national, donation)

    def test_what_a_bank_kept_of_a_won_dispute_is_not_left_to_give_back(
        self, donation: CardDonation
    ) -> None:
        taken, part = dispute_line(-2500), dispute_line(1000, created=NOON + DAY)
        tell(disputed(donation, lines=[taken, part], status="won"))
        refundable = read_refundable(fresh(donation))
        assert (refundable.left, refundable.obstacle) == (gbp(10), "")
        assert refundable.spoken_for == "£15 was taken by the donor's bank"

    def test_it_is_found_by_the_dispute_and_among_the_disputed(
        self, national: Client, donation: CardDonation
    ) -> None:
        other = make_card_donation(gbp(7))
        tell(checkout_event(other), disputed(donation))
        for query in ("find=du_1", "state=disputed"):
            page = read(national, f"/treasurer/cards/?{query}")
            assert "taken by the bank" in page
            assert "£25 taken" in page
            assert payment_of(other) not in page

    def test_one_paid_twice_leads_to_its_other_payment(
        self, national: Client, donation: CardDonation
    ) -> None:
        assert "paid more than once" not in self.page(national, donation)
        tell(checkout_event(donation, payment="pi_second"))
        second = CardDonation.objects.get(again_of=donation)
        for one in (donation, second):
            assert "paid more than once" in self.page(national, one)


class TestPaidTwice:
    @pytest.fixture
    def second(self, donation: CardDonation) -> CardDonation:
        tell(checkout_event(donation, payment="pi_second", created=NOON + DAY))
        return CardDonation.objects.get(again_of=donation)

    def test_none(self, national: Client) -> None:
        assert "Nobody has paid twice" in read(national, PAID_TWICE)
        assert "paid twice" not in read(national, "/treasurer/")

    def test_both_payments_are_shown_with_what_to_do(
        self, national: Client, donation: CardDonation, second: CardDonation
    ) -> None:
        page = read(national, PAID_TWICE)
        assert "£25 for Rally, Leeds £50 is here" in page
        assert f"23 Nov 2026 {payment_of(donation)} £25" in page
        assert "24 Nov 2026 pi_second £25" in page
        assert "Give £25 back" in page
        href = f'href="/treasurer/cards/{second.reference}/refund/"'
        assert href in national.get(PAID_TWICE).content.decode()
        assert "1 donation paid twice" in read(national, "/treasurer/")

    @pytest.mark.parametrize("payment", [None, "pi_second"])
    def test_once_one_is_paid_back_it_is_seen_to(
        self, national: Client, donation: CardDonation, second: CardDonation, payment: str | None
    ) -> None:
        changes: dict[str, Any] = {"payment_intent": payment} if payment else {}
        tell(refund_event(donation, **changes))
        page = read(national, PAID_TWICE)
        assert "seen to" in page
        assert "nothing" in page
        assert "Give £25 back" not in page
        assert "paid twice" not in read(national, "/treasurer/")

    def test_a_refund_that_failed_leaves_it_to_be_seen_to(
        self, national: Client, donation: CardDonation, second: CardDonation
    ) -> None:
        tell(refund_event(donation, "refund.failed", status="failed"))
        assert "£50 is here" in read(national, PAID_TWICE)

    def test_what_a_bank_took_is_here_no_more(
        self, national: Client, donation: CardDonation, second: CardDonation
    ) -> None:
        tell(disputed(donation, payment_intent="pi_second"))
        assert "seen to" in read(national, PAID_TWICE)

    def test_a_donor_may_have_meant_both(
        self, national: Client, user: User, donation: CardDonation, second: CardDonation
    ) -> None:
        address = f"/treasurer/paid-twice/{second.reference}/meant/"
        for _ in range(2):
            response = national.post(address, follow=True)
            assert response.redirect_chain == [(PAID_TWICE, 302)]
        assert fresh(second).meant_by == user
        page = read(national, PAID_TWICE)
        assert "meant" in page
        assert "Give £25 back" not in page
        assert "paid twice" not in read(national, "/treasurer/")
        thanks = read(Client(), f"/appeals/rally/thanks/{donation.reference}/")
        assert "You gave more than once, £50 in all" in thanks

    def test_only_a_second_payment_can_be_meant(
        self, national: Client, user: User, donation: CardDonation
    ) -> None:
        address = f"/treasurer/paid-twice/{donation.reference}/meant/"
        assert national.post(address).status_code == 404
        note_meant(donation, noted_by=user)
        assert fresh(donation).meant_at is None
        with (
            pytest.raises(IntegrityError, match="card_donation_meant_is_again_and_has_person"),
            transaction.atomic(),
        ):
            CardDonation.objects.update(meant_at=timezone.now(), meant_by=user)

    def test_who_first_noted_it_stays(self, user: User, second: CardDonation) -> None:
        note_meant(second, noted_by=user)
        note_meant(second, noted_by=make_user("other"))
        assert fresh(second).meant_by == user

    def test_what_is_to_be_seen_to_stands_on_top(
        self, national: Client, donation: CardDonation, second: CardDonation
    ) -> None:
        other = make_card_donation(gbp(7))
        tell(checkout_event(other), checkout_event(other, payment="pi_other"))
        tell(refund_event(other, payment_intent="pi_other"))
        page = read(national, PAID_TWICE)
        assert page.index("£25 for Rally") < page.index("£7 for Rally")

    def test_the_list_costs_the_same_for_one_and_for_ten(
        self, national: Client, donation: CardDonation, second: CardDonation
    ) -> None:
        tell(refund_event(donation, amount=100), disputed(donation))
        with CaptureQueriesContext(connection) as one:
            read(national, PAID_TWICE)
        for number in range(9):
            other = make_card_donation(gbp(7))
            tell(checkout_event(other), checkout_event(other, payment=f"pi_other_{number}"))
        with CaptureQueriesContext(connection) as ten:
            read(national, PAID_TWICE)
        assert len(ten) == len(one) <= 16
