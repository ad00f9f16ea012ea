"""The customer portal: its API, and its pages as a browser without JavaScript sees them."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from tests.pretend_stripe.monthly import begin_monthly
from tests.pretend_stripe.process import DECLINED, INSUFFICIENT, PretendStripe
from tests.pretend_stripe.sink import Sink

RETURN_URL = "http://127.0.0.1:9/monthly"
CARD = {"number": "5555 5555 5555 4444", "expiry": "11 / 39", "cvc": "123", "name": "Test card"}
HOUR = 60 * 60


@pytest.fixture
def monthly(pretend: PretendStripe, client: stripe.StripeClient, sink: Sink) -> stripe.Subscription:
    subscription = begin_monthly(pretend, client)
    sink.clear()
    return subscription


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20, trust_env=False) as http:
        yield http


def open_portal(client: stripe.StripeClient, subscription: stripe.Subscription, **flow: Any) -> str:
    params: Any = {"customer": str(subscription.customer), "return_url": RETURN_URL}
    if flow:
        params["flow_data"] = flow
    session = client.v1.billing_portal.sessions.create(params)
    assert session.return_url == RETURN_URL
    return session.url


def again(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(subscription.id, {"expand": ["default_payment_method"]})


def test_the_portal_shows_what_is_given_and_the_way_back(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    browser: httpx.Client,
    monthly: stripe.Subscription,
) -> None:
    pretend.control("next_month", subscription=monthly.id)
    page = browser.get(open_portal(client, monthly))
    assert page.status_code == 200
    for text in (
        "no money moves",
        "Monthly donation",
        "£10.00 a month",
        "For the rally",
        "The next payment is on",
        "Visa card that ends in 4242, good until 12/40",
        "Change card",
        "Stop monthly donation",
        f'href="{RETURN_URL}"',
    ):
        assert text in page.text
    assert page.text.count("<td>Paid</td>") == 2
    assert page.text.count("<h1>") == 1
    assert "<script" not in page.text


def test_another_card_pays_from_now_on(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    browser: httpx.Client,
    sink: Sink,
    monthly: stripe.Subscription,
) -> None:
    url = open_portal(client, monthly)
    form = browser.get(f"{url}/card")
    names = re.findall(r'<input id="(\w+)"', form.text)
    assert names == ["number", "expiry", "cvc", "name"]
    assert names == re.findall(r'<label for="(\w+)"', form.text)
    done = browser.post(f"{url}/card", data=CARD)
    assert done.status_code == 303
    home = browser.get(f"{pretend.url}{done.headers['location']}")
    assert "Your card has been changed." in home.text
    assert "Mastercard card that ends in 4444" in home.text
    pretend.settle()
    assert sorted(sink.types()) == [
        "billing_portal.session.created",
        "customer.subscription.updated",
        "customer.updated",
        "payment_method.attached",
    ]
    paid = pretend.control("next_month", subscription=monthly.id)
    (charge,) = client.v1.charges.list({"payment_intent": paid["payment_intent"]}).data
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.card is not None
    assert charge.payment_method_details.card.last4 == "4444"


@pytest.mark.parametrize(
    ("typed", "status", "message"),
    [
        ({"number": DECLINED}, 402, "Your card was declined."),
        ({"number": "4242 4242 4242 4241"}, 402, "card number is incorrect"),
        ({"number": ""}, 422, "card number is incorrect"),
        ({"expiry": "01/20"}, 402, "in the past"),
        ({"name": ""}, 422, "Name on card is needed."),
    ],
)
def test_a_card_that_cannot_be_kept_leaves_the_old_one(
    client: stripe.StripeClient,
    browser: httpx.Client,
    monthly: stripe.Subscription,
    typed: dict[str, str],
    status: int,
    message: str,
) -> None:
    url = open_portal(client, monthly)
    refused = browser.post(f"{url}/card", data=CARD | typed)
    assert refused.status_code == status
    assert message in refused.text
    assert 'role="alert"' in refused.text
    assert "The card was not changed" in refused.text
    assert client.v1.subscriptions.retrieve(monthly.id) == monthly


def test_a_new_card_pays_what_the_old_one_could_not(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    browser: httpx.Client,
    monthly: stripe.Subscription,
) -> None:
    pretend.control("set_card", subscription=monthly.id, card=INSUFFICIENT)
    failed = pretend.control("next_month", subscription=monthly.id)
    url = open_portal(client, monthly)
    home = browser.get(url)
    assert "The bank refused the last payment. It is tried again on" in home.text
    assert "<td>Not paid</td>" in home.text
    browser.post(f"{url}/card", data=CARD | {"number": "4000 0000 0000 0341"})
    refused = pretend.control("retry_invoice", invoice=failed["invoice"])
    assert refused["paid"] is False, "some cards can be kept and not charged"
    browser.post(f"{url}/card", data=CARD)
    assert pretend.control("retry_invoice", invoice=failed["invoice"])["paid"] is True


def test_stopping_at_the_months_end_can_be_taken_back(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    browser: httpx.Client,
    sink: Sink,
    monthly: stripe.Subscription,
) -> None:
    url = open_portal(client, monthly)
    stopping = f"{url}/stop/{monthly.id}"
    assert "When should it stop?" in browser.get(stopping).text
    stopped = browser.post(stopping, data={"when": "period_end"}, follow_redirects=True)
    assert "Your monthly donation has been stopped." in stopped.text
    assert "Stops on" in stopped.text
    leaving = again(client, monthly)
    assert (leaving.status, leaving.cancel_at_period_end) == ("active", True)

    kept = browser.post(f"{url}/keep/{monthly.id}", follow_redirects=True)
    assert "goes on" in kept.text
    assert again(client, monthly).cancel_at_period_end is False
    pretend.settle()
    changes = [
        one["data"]["object"]["cancel_at_period_end"]
        for one in sink.of_type("customer.subscription.updated")
    ]
    assert sorted(changes) == [False, True]
    assert browser.get(f"{url}/keep/{monthly.id}").status_code == 303, "a GET changes nothing"


def test_stopping_now_ends_it_and_a_second_click_does_nothing(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    browser: httpx.Client,
    sink: Sink,
    monthly: stripe.Subscription,
) -> None:
    url = open_portal(client, monthly)
    for _ in range(2):
        page = browser.post(f"{url}/stop/{monthly.id}", data={"when": "now"}, follow_redirects=True)
        assert "Stopped on" in page.text
        assert "Change card" not in page.text
    pretend.settle()
    assert again(client, monthly).status == "canceled"
    assert len(sink.of_type("customer.subscription.deleted")) == 1


def test_a_visit_for_one_thing_begins_with_it_and_goes_back_after_it(
    client: stripe.StripeClient, browser: httpx.Client, monthly: stripe.Subscription
) -> None:
    back: Any = {"type": "redirect", "redirect": {"return_url": f"{RETURN_URL}?changed=1"}}
    url = open_portal(client, monthly, type="payment_method_update", after_completion=back)
    form = browser.get(url, follow_redirects=True)
    assert "Change card" in form.text
    assert f'href="{RETURN_URL}"' in form.text, "the way out with nothing done"
    done = browser.post(f"{url}/card", data=CARD)
    assert done.headers["location"] == f"{RETURN_URL}?changed=1"
    assert "Your monthly giving" in browser.get(url).text, "afterwards it is an ordinary visit"

    said: Any = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Bye."}}
    url = open_portal(
        client,
        monthly,
        type="subscription_cancel",
        subscription_cancel={"subscription": monthly.id},
        after_completion=said,
    )
    assert "When should it stop?" in browser.get(url, follow_redirects=True).text
    assert "Bye." in browser.post(f"{url}/stop/{monthly.id}", data={"when": "now"}).text

    with pytest.raises(stripe.InvalidRequestError, match="cannot be canceled"):
        open_portal(
            client,
            monthly,
            type="subscription_cancel",
            subscription_cancel={"subscription": monthly.id},
        )


def test_a_visit_to_stop_what_has_ended_meanwhile_shows_so(
    client: stripe.StripeClient, browser: httpx.Client, monthly: stripe.Subscription
) -> None:
    url = open_portal(
        client,
        monthly,
        type="subscription_cancel",
        subscription_cancel={"subscription": monthly.id},
    )
    client.v1.subscriptions.cancel(monthly.id)
    assert "Stopped on" in browser.get(url, follow_redirects=True).text


def test_a_visit_that_ends_at_home_says_what_was_done(
    client: stripe.StripeClient, browser: httpx.Client, monthly: stripe.Subscription
) -> None:
    url = open_portal(client, monthly, type="payment_method_update")
    done = browser.post(f"{url}/card", data=CARD, follow_redirects=True)
    assert "Your card has been changed." in done.text


def test_the_address_is_good_for_minutes_and_then_while_it_is_used(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    browser: httpx.Client,
    monthly: stripe.Subscription,
) -> None:
    unused, used = open_portal(client, monthly), open_portal(client, monthly)
    for _ in range(3):
        assert browser.get(used).status_code == 200
        pretend.control("clock", seconds=HOUR - 60)
    assert browser.get(unused).status_code == 410
    assert browser.get(used).status_code == 200
    pretend.control("clock", seconds=HOUR + 60)
    late = browser.post(f"{used}/stop/{monthly.id}", data={"when": "now"})
    assert late.status_code == 410
    assert "no longer good" in late.text
    assert again(client, monthly).status == "active"


def test_nobody_stops_what_is_anothers(
    pretend: PretendStripe,
    client: stripe.StripeClient,
    browser: httpx.Client,
    monthly: stripe.Subscription,
) -> None:
    other = begin_monthly(pretend, client)
    url = open_portal(client, monthly)
    assert browser.post(f"{url}/stop/{other.id}", data={"when": "now"}).status_code == 404
    assert again(client, other).status == "active"
    assert browser.get(f"{url}/nonsense").status_code == 404
    assert browser.put(url).status_code == 404
    assert browser.get(f"{pretend.url}/p/session/test_none").status_code == 410
    assert browser.get(f"{url}?done=%FF").status_code == 400


def test_a_customer_without_anything_sees_so(
    client: stripe.StripeClient, browser: httpx.Client, pretend: PretendStripe
) -> None:
    customer = client.v1.customers.create({"email": "donor@example.org"})
    session = client.v1.billing_portal.sessions.create({"customer": customer.id})
    page = browser.get(session.url)
    assert "There is no monthly donation here." in page.text
    assert "Back to the site" not in page.text


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"customer": "cus_none"}, "customer"),
        ({"flow_data": {"type": "subscription_cancel"}}, "subscription_cancel"),
        (
            {
                "flow_data": {
                    "type": "payment_method_update",
                    "after_completion": {"type": "redirect"},
                }
            },
            "redirect",
        ),
        ({"return_url": "nowhere"}, "return_url"),
    ],
)
def test_a_door_that_leads_nowhere_is_not_opened(
    client: stripe.StripeClient,
    monthly: stripe.Subscription,
    changes: dict[str, Any],
    param: str,
) -> None:
    wanted: Any = {"customer": str(monthly.customer)} | changes
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.billing_portal.sessions.create(wanted)
    assert param in str(refusal.value.param)
