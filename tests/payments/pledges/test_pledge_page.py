"""A pledge's own page, and the way from it to the Checkout."""

import re
import uuid

import pytest
from django.test import Client

from appeals.models import Appeal
from payments.models import CardDonation, Pledge, PledgePayment
from payments.pledges.codes import grouped
from tests.factories import gbp, make_appeal, make_branch
from tests.payments.pledging import make_pledge
from tests.pretend_stripe.process import PretendStripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def pledge() -> Pledge:
    return make_pledge(make_appeal("rally", minimum=1), gbp(50), branch=make_branch("Leeds"))


def page(client: Client, pledge: Pledge) -> str:
    return client.get(f"/p/{pledge.code}/").content.decode()


class TestPage:
    def test_it_says_what_is_promised_and_how_to_pay(self, client: Client, pledge: Pledge) -> None:
        answer = client.get(f"/p/{pledge.code}/")
        shown = answer.content.decode()
        assert "£50" in shown
        assert "Leeds" in shown
        assert "Pay £50 by card" in shown
        assert grouped(pledge.code) in shown
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"

    @pytest.mark.parametrize("how", [str.lower, grouped])
    def test_however_the_code_is_typed(self, client: Client, pledge: Pledge, how: object) -> None:
        assert callable(how)
        assert client.get(f"/p/{how(pledge.code)}/").status_code == 200

    def test_a_code_that_never_was_or_was_struck_leads_nowhere(
        self, client: Client, pledge: Pledge
    ) -> None:
        assert client.get("/p/AAAABBBBCCCC/").status_code == 404
        Pledge.objects.update(struck_at=pledge.taken_at)
        for address in ("", "give-up/", "take-up/"):
            assert client.post(f"/p/{pledge.code}/{address}").status_code == 404

    def test_i_cannot_and_i_can_after_all(self, client: Client, pledge: Pledge) -> None:
        client.post(f"/p/{pledge.code}/give-up/")
        shown = page(client, pledge)
        assert "Nothing more is asked of you" in shown
        assert "Pay £" not in shown
        client.post(f"/p/{pledge.code}/take-up/")
        assert "Pay £50 by card" in page(client, pledge)

    def test_part_paid_paid_and_more(self, client: Client, pledge: Pledge) -> None:
        Pledge.objects.update(came=20)
        assert "<strong>£30</strong> is still open" in page(client, pledge)
        Pledge.objects.update(came=60)
        shown = page(client, pledge)
        assert "it is paid" in shown
        assert "£10 more than you promised" in shown

    def test_once_the_appeal_is_closed_there_is_no_card(
        self, client: Client, pledge: Pledge
    ) -> None:
        Appeal.objects.update(status="closed")
        shown = page(client, pledge)
        assert "not collecting just now" in shown
        assert "by card" not in shown


class TestPaying:
    def test_the_form_is_set_to_what_is_owed(self, client: Client, pledge: Pledge) -> None:
        Pledge.objects.update(came=20)
        found = re.search(r'href="(/appeals/rally/give/[^"]+)"', page(client, pledge))
        assert found
        shown = client.get(found[1].replace("&amp;", "&")).content.decode()
        assert f'name="pledge" value="{pledge.code}"' in shown
        assert "This pays your pledge of <strong>£50</strong>" in shown
        assert 'value="30' in shown

    def test_the_donation_that_it_begins_pays_the_pledge(
        self, client: Client, pledge: Pledge, stripe: PretendStripe
    ) -> None:
        told = {
            "amount": "50",
            "frequency": "once",
            "reference": str(uuid.uuid4()),
            "pledge": pledge.code.lower(),
        }
        answer = client.post("/appeals/rally/give/", told)
        assert answer.status_code == 303, answer.content.decode()
        payment = PledgePayment.objects.get()
        assert (payment.pledge, payment.donation) == (pledge, CardDonation.objects.get())
        assert payment.amount == gbp(50)
        again = client.post("/appeals/rally/give/", told)
        assert again["Location"] == answer["Location"]
        assert PledgePayment.objects.count() == 1
        with stripe.sdk() as sdk:
            (session,) = sdk.v1.checkout.sessions.list({"limit": 9}).data
        assert f"pledge={pledge.code}" in str(session.to_dict()["cancel_url"])

    def test_a_pledge_is_paid_once_and_not_monthly(self, client: Client, pledge: Pledge) -> None:
        told = {
            "amount": "50",
            "frequency": "monthly",
            "email": "a@example.org",
            "pledge": pledge.code,
        }
        answer = client.post("/appeals/rally/give/", told)
        assert answer.status_code == 422
        assert "A pledge is paid once" in answer.content.decode()

    def test_another_appeals_pledge_is_not_paid_here(self, client: Client, pledge: Pledge) -> None:
        make_appeal("other", minimum=1)
        shown = client.get(f"/appeals/other/give/?pledge={pledge.code}").content.decode()
        assert pledge.code not in shown
