"""Giving every month: the form, one Checkout for each form, the thanks. Stripe is the stand-in."""

import re
import threading
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from appeals.models import Appeal
from donors.models import Donor
from payments import inbox
from payments.models import CardDonation, MonthlyDonation
from payments.stripe_gateway.client import close_connections
from tests.factories import gbp, make_appeal, make_branch, make_monthly
from tests.monthly_events import (
    beginning,
    invoice_event,
    session_event,
    subscription_event,
)
from tests.payments.test_give import GIVE, content, errors, sessions, text
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_events import NOON, Event, deliver


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    make_branch("Leeds")
    return make_appeal("rally", title="Rally")


def monthly_content(**changes: str) -> dict[str, str]:
    told = {"frequency": "monthly", "amount": "10", "email": "some.body@example.org"}
    return content(**(told | changes))


class TestForm:
    def test_it_asks_how_often_and_once_is_chosen(self, client: Client, appeal: Appeal) -> None:
        page = client.get(GIVE).content.decode()
        assert re.findall(r'type="radio" name="frequency" value="(\w+)"( checked)?', page) == [
            ("once", " checked"),
            ("monthly", ""),
        ]

    def test_the_address_may_choose_every_month(self, client: Client, appeal: Appeal) -> None:
        page = client.get(GIVE + "?frequency=monthly&amount=10").content.decode()
        assert 'name="frequency" value="monthly" checked' in page
        page = client.get(GIVE + "?frequency=%00").content.decode()
        assert 'name="frequency" value="once" checked' in page

    def test_every_month_needs_an_e_mail_address(self, client: Client, appeal: Appeal) -> None:
        response = client.post(GIVE, monthly_content(email=""))
        (error,) = errors(response)  # type: ignore[arg-type]
        assert "brings you the link" in error
        assert 'name="frequency" value="monthly" checked' in text(response)  # type: ignore[arg-type]
        refused = client.post(GIVE, monthly_content(email="nonsense"))
        assert len(errors(refused)) == 1  # type: ignore[arg-type]
        assert not MonthlyDonation.objects.exists()

    def test_the_law_asks_who_gives_over_the_limit_every_month(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        refused = client.post(GIVE, monthly_content(amount="501"))
        assert len(errors(refused)) == 3  # type: ignore[arg-type]
        assert "more than £500 a month" in refused.content.decode()
        who = {"name": "Some Body", "address": "1 Example Street", "declares_own_money": "on"}
        assert client.post(GIVE, monthly_content(amount="501", **who)).status_code == 303
        assert sessions(stripe)[0]["billing_address_collection"] == "required"
        assert client.post(GIVE, monthly_content(amount="500")).status_code == 303

    def test_the_appeals_minimum_holds_every_month(self, client: Client, appeal: Appeal) -> None:
        (error,) = errors(client.post(GIVE, monthly_content(amount="1.99")))  # type: ignore[arg-type]
        assert error.startswith("By card we can take £2 or more")

    def test_it_takes_no_more_queries_than_giving_once(
        self, client: Client, appeal: Appeal, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(6):
            client.get(GIVE + "?frequency=monthly")


class TestCheckout:
    def test_a_form_leads_to_a_checkout_in_subscription_mode(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = monthly_content(name="Some Body")
        response = client.post(GIVE, sent)

        monthly = MonthlyDonation.objects.get()
        (session,) = sessions(stripe)
        assert (response.status_code, response["Location"]) == (303, session["url"])
        assert str(monthly.reference) == sent["reference"] == session["client_reference_id"]
        assert monthly.checkout_session_id == session["id"]
        assert (session["mode"], session["submit_type"]) == ("subscription", "donate")
        assert (session["amount_total"], session["currency"]) == (1000, "gbp")
        assert session["metadata"] == {"whipround_monthly": sent["reference"]}
        assert session["customer_email"] == "some.body@example.org"
        assert session["success_url"].endswith(f"/appeals/rally/thanks/{sent['reference']}/")
        back = urlsplit(session["cancel_url"])
        assert parse_qs(back.query) == {
            "amount": ["10.00"],
            "branch": ["leeds"],
            "frequency": ["monthly"],
        }
        assert "Some Body" not in str(session)
        assert monthly.donor == Donor.objects.get()
        assert not CardDonation.objects.exists()

    def test_its_subscription_bears_our_mark_and_nobodys_name(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = monthly_content(name="Some Body")
        client.post(GIVE, sent)
        paid = stripe.pay(sessions(stripe)[0]["id"])
        with stripe.sdk() as sdk:
            subscription = sdk.v1.subscriptions.retrieve(paid["subscription"]).to_dict()
        assert subscription["metadata"] == {"whipround_monthly": sent["reference"]}
        (item,) = subscription["items"]["data"]
        assert item["price"]["recurring"]["interval"] == "month"
        assert subscription["description"] == "Monthly donation: Rally"

    def test_the_same_form_again_leads_to_the_same_checkout(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = monthly_content()
        first, second = client.post(GIVE, sent), client.post(GIVE, sent)
        MonthlyDonation.objects.update(checkout_session_id=None, checkout_url="")
        third = client.post(GIVE, sent)  # the answer was lost: the same request finds it
        assert first["Location"] == second["Location"] == third["Location"]
        assert len(sessions(stripe)) == MonthlyDonation.objects.count() == 1

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({"amount": "10"}, {"amount": "20"}),
            ({"frequency": "monthly"}, {"frequency": "once"}),
            ({"frequency": "once"}, {"frequency": "monthly"}),
        ],
        ids=["another amount", "once after all", "every month after all"],
    )
    def test_a_changed_form_ends_the_former_checkout(
        self,
        client: Client,
        appeal: Appeal,
        stripe: PretendStripe,
        first: dict[str, str],
        second: dict[str, str],
    ) -> None:
        sent = monthly_content(**first)
        former = client.post(GIVE, sent)
        latter = client.post(GIVE, sent | second)
        assert former["Location"] != latter["Location"]
        assert sorted(one["status"] for one in sessions(stripe)) == ["expired", "open"]

    def test_a_strangers_reference_does_not_end_their_checkout(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = monthly_content()
        client.post(GIVE, sent)
        assert Client().post(GIVE, sent | {"frequency": "once"}).status_code == 303
        assert [one["status"] for one in sessions(stripe)] == ["open", "open"]

    @pytest.mark.parametrize("changes", [{}, {"amount": "20"}, {"frequency": "once"}])
    def test_a_form_that_has_begun_one_leads_to_its_thanks(
        self, client: Client, appeal: Appeal, changes: dict[str, str]
    ) -> None:
        sent = monthly_content()
        client.post(GIVE, sent)
        deliver(client, session_event(MonthlyDonation.objects.get()))
        inbox.act_on_everything_due()
        response = client.post(GIVE, sent | changes)
        assert response["Location"] == f"/appeals/rally/thanks/{sent['reference']}/"
        assert not CardDonation.objects.exists()

    def test_a_checkout_that_was_just_paid_leads_to_thanks_though_we_have_not_heard(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = monthly_content()
        client.post(GIVE, sent)
        stripe.pay(sessions(stripe)[0]["id"])
        response = client.post(GIVE, sent | {"amount": "50"})
        assert response["Location"] == f"/appeals/rally/thanks/{sent['reference']}/"
        assert len(sessions(stripe)) == 1

    def test_while_stripe_is_away_the_form_is_kept(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        sent = monthly_content()
        stripe.turn(fail_with="500")
        response = client.post(GIVE, sent)
        assert response.status_code == 503
        assert 'name="frequency" value="monthly" checked' in response.content.decode()
        assert 'value="some.body@example.org"' in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_racing_double_click_begins_one_monthly_donation(
    client: Client, appeal: Appeal, stripe: PretendStripe
) -> None:
    sent = monthly_content()
    stripe.turn(latency_seconds=0.2)
    start = threading.Barrier(4)
    places: list[str] = []

    def click() -> None:
        start.wait()
        try:
            places.append(Client().post(GIVE, sent)["Location"])
        finally:
            close_connections()
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 4
    assert len(set(places)) == 1
    assert len(sessions(stripe)) == MonthlyDonation.objects.count() == Donor.objects.count() == 1


@pytest.mark.django_db
class TestThanks:
    @pytest.fixture
    def monthly(self) -> MonthlyDonation:
        return make_monthly(
            gbp(10),
            appeal=make_appeal("rally"),
            branch=make_branch("Leeds"),
            email="some.body@example.org",
        )

    def thanks(self, monthly: MonthlyDonation, *events: Event, query: str = "") -> str:
        for event in events:
            deliver(Client(), event)
        inbox.act_on_everything_due()
        response = Client().get(f"/appeals/rally/thanks/{monthly.reference}/{query}")
        assert response.status_code == 200
        assert response["X-Robots-Tag"] == "noindex"
        assert "no-store" in response["Cache-Control"]
        page = response.content.decode()
        assert "some.body" not in page
        return page

    def test_pending_looks_again_by_itself(self, monthly: MonthlyDonation) -> None:
        page = self.thanks(monthly, query="?looked=1")
        assert "We are waiting for word" in page
        assert '<meta http-equiv="refresh" content="2;url=?looked=2">' in page

    def test_begun_and_not_paid_yet(self, monthly: MonthlyDonation) -> None:
        page = self.thanks(monthly, session_event(monthly))
        assert "Your £10 a month is set up" in page
        assert "refresh" in page

    def test_begun_and_paid(self, monthly: MonthlyDonation) -> None:
        page = self.thanks(monthly, *beginning(monthly))
        assert "£10" in page
        assert "a month, counted for Leeds" in page
        assert "The first has come" in page
        assert "The next is taken on 23 December" in page
        assert 'href="/monthly/"' in page
        assert "refresh" not in page

    def test_a_month_that_fails(self, monthly: MonthlyDonation) -> None:
        failed = subscription_event(monthly, status="past_due", created=NOON + 9)
        assert "did not go through" in self.thanks(monthly, *beginning(monthly), failed)

    def test_stopped_at_the_end_of_the_month_and_stopped(self, monthly: MonthlyDonation) -> None:
        ending = subscription_event(monthly, cancel_at=NOON + 99, created=NOON + 9)
        assert "Nothing more will be taken" in self.thanks(monthly, *beginning(monthly), ending)
        ended = subscription_event(
            monthly, "customer.subscription.deleted", status="canceled", created=NOON + 99
        )
        assert "nothing more is taken" in self.thanks(monthly, ended)

    @pytest.mark.parametrize(
        "fields",
        [
            {"checkout_ended_at": timezone.now()},
            {"checkout_expires_at": timezone.now() - timedelta(minutes=1)},
            {
                "subscription_id": "sub_1",
                "status": "incomplete_expired",
                "told_at": timezone.now(),
            },
        ],
        ids=["ended", "by the clock", "the first payment never made"],
    )
    def test_never_begun(self, monthly: MonthlyDonation, fields: dict[str, Any]) -> None:
        MonthlyDonation.objects.update(**fields)
        page = self.thanks(monthly)
        assert "Time ran out" in page
        assert f'href="{GIVE}?amount=10.00&amp;frequency=monthly&amp;branch=leeds"' in page

    def test_each_month_has_thanks_of_its_own(self, monthly: MonthlyDonation) -> None:
        self.thanks(monthly, *beginning(monthly))
        month = CardDonation.objects.get()
        page = Client().get(f"/appeals/rally/thanks/{month.reference}/").content.decode()
        assert "It has come, it is in the books" in page

    def test_what_nobody_began_is_not_found(self, monthly: MonthlyDonation) -> None:
        make_appeal("premises")
        client = Client()
        assert client.get(f"/appeals/rally/thanks/{uuid.uuid4()}/").status_code == 404
        assert client.get(f"/appeals/premises/thanks/{monthly.reference}/").status_code == 404

    def test_it_takes_few_queries(
        self, monthly: MonthlyDonation, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        self.thanks(monthly, *beginning(monthly), invoice_event(monthly, month=2))
        with django_assert_max_num_queries(5):
            Client().get(f"/appeals/rally/thanks/{monthly.reference}/")
