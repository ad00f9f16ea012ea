"""Everything that the stand-in says, and all that is said to it, fits what Stripe publishes."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from payments.pretend_stripe.routes import ROUTES
from tests.contract.money_walk import MONEY_EVENTS, walk_money
from tests.contract.openapi import check_event, known_event_types
from tests.contract.recorder import RecordingClient
from tests.pretend_stripe.process import (
    DECLINED,
    THREE_D_SECURE,
    PretendStripe,
    a_session,
    running_pretend_stripe,
)
from tests.pretend_stripe.sink import Sink, running_sink

pytestmark = pytest.mark.contract

EVERYTHING: dict[str, Any] = {
    "adaptive_pricing": {"enabled": False},
    "billing_address_collection": "required",
    "client_reference_id": "d1",
    "custom_text": {"submit": {"message": "Thank you."}},
    "customer_creation": "always",
    "customer_email": "donor@example.org",
    "excluded_payment_method_types": ["klarna"],
    "expand": ["line_items"],
    "locale": "en-GB",
    "payment_intent_data": {
        "description": "Rally",
        "metadata": {"donation": "d1"},
        "receipt_email": "donor@example.org",
        "statement_descriptor_suffix": "RALLY",
    },
    "ui_mode": "hosted_page",
}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def road(sink: Sink) -> Iterator[tuple[PretendStripe, RecordingClient]]:
    """Every route, every card, every event: walked once, judged by the tests below."""
    with running_pretend_stripe(webhook_url=sink.url, webhook_secret="whsec_1") as pretend:
        recorder = RecordingClient()
        with pretend.sdk(http_client=recorder) as client:
            walk(pretend, client)
        with (
            pretend.sdk(key="sk_live_1", http_client=recorder) as live,
            pytest.raises(stripe.AuthenticationError),
        ):
            live.v1.balance.retrieve()
        yield pretend, recorder


def walk(pretend: PretendStripe, client: stripe.StripeClient) -> None:
    sessions = client.v1.checkout.sessions
    plain = sessions.create(a_session())
    full = sessions.create(a_session(**EVERYTHING))
    listed = sessions.create(a_session(payment_method_types=["card"], submit_type=None))
    sessions.update(plain.id, {"metadata": {"donation": "d2"}})
    pretend.pay(plain.id, card=DECLINED)
    pretend.pay(plain.id, card=THREE_D_SECURE, three_d_secure="fail")
    sessions.retrieve(plain.id, {"expand": ["payment_intent.latest_charge"]})
    pretend.pay(plain.id, card=THREE_D_SECURE)
    paid = pretend.pay(full.id, card="378282246310005")["payment_intent"]
    client.v1.payment_intents.retrieve(paid, {"expand": ["latest_charge.balance_transaction"]})
    client.v1.balance.retrieve()
    pretend.settle()
    sessions.expire(listed.id)
    sessions.retrieve(full.id, {"expand": ["payment_intent", "customer", "line_items"]})
    sessions.line_items.list(full.id)
    give_back(pretend, client, paid)
    walk_money(pretend, client)
    list_everything(client, intent=paid)
    endpoints = client.v1.webhook_endpoints
    endpoint = endpoints.create(
        {"url": "http://127.0.0.1:9/", "enabled_events": ["charge.updated"]}
    )
    endpoints.update(endpoint.id, {"disabled": True})
    endpoints.retrieve(endpoint.id)
    endpoints.list()
    endpoints.delete(endpoint.id)
    be_refused(pretend, client, intent=paid)


def give_back(pretend: PretendStripe, client: stripe.StripeClient, intent: str) -> None:
    refunds = client.v1.refunds
    part = refunds.create({"payment_intent": intent, "amount": 100, "reason": "duplicate"})
    refunds.update(part.id, {"metadata": {"why": "asked"}})
    pretend.settle()
    pretend.turn(refund_fails=1)
    failing = refunds.create({"payment_intent": intent, "expand": ["charge.balance_transaction"]})
    pretend.settle()
    refunds.retrieve(failing.id, {"expand": ["failure_balance_transaction", "payment_intent"]})
    pretend.turn(refund_fails=0)


def list_everything(client: stripe.StripeClient, *, intent: str) -> None:
    v1 = client.v1
    v1.checkout.sessions.list({"status": "complete", "expand": ["data.payment_intent"]})
    v1.payment_intents.list({"expand": ["data.latest_charge", "data.payment_method"]})
    (charge,) = v1.charges.list({"payment_intent": intent, "expand": ["data.refunds"]}).data
    v1.charges.retrieve(charge.id, {"expand": ["balance_transaction", "customer"]})
    v1.refunds.list({"charge": charge.id})
    transactions = v1.balance_transactions.list(
        {"created": {"gte": 1}, "limit": 100, "expand": ["data.source"]}
    )
    assert {one.type for one in transactions.data} == {
        "adjustment",
        "charge",
        "payment",
        "payment_refund",
        "payout",
        "payout_cancel",
        "payout_failure",
        "refund",
        "refund_failure",
        "reserve_transaction",
        "stripe_fee",
    }
    v1.balance_transactions.retrieve(transactions.data[0].id, {"expand": ["source"]})
    v1.balance.retrieve()
    v1.accounts.retrieve_current()
    made = v1.customers.create(
        {"email": "other@example.org", "name": "Test", "metadata": {"a": "b"}}
    )
    v1.customers.retrieve(made.id)
    v1.customers.list({"email": "other@example.org"})
    event = v1.events.list({"types": ["charge.updated"], "delivery_success": True}).data[0]
    v1.events.retrieve(event.id)


def be_refused(pretend: PretendStripe, client: stripe.StripeClient, *, intent: str) -> None:
    key: Any = {"idempotency_key": "contract"}
    client.v1.refunds.create({"payment_intent": intent, "amount": 1}, key)
    for ask in (
        lambda: client.v1.refunds.create({"payment_intent": intent, "amount": 2}, key),
        lambda: client.v1.refunds.create({"payment_intent": intent, "amount": 99_999_999}),
        lambda: client.v1.refunds.retrieve("re_none"),
        lambda: client.v1.checkout.sessions.create(a_session(mode=None)),
        lambda: client.v1.checkout.sessions.create(a_session(colour="red")),
    ):
        with pytest.raises(stripe.StripeError):
            ask()
    for failure in ("429", "500"):
        pretend.turn(fail_with=failure)
        with pytest.raises(stripe.StripeError):
            client.v1.balance.retrieve(None, {"max_network_retries": 0})
    pretend.turn(fail_with=None)


def test_every_exchange_fits(road: tuple[PretendStripe, RecordingClient]) -> None:
    _, recorder = road
    for exchange in recorder.exchanges:
        exchange.check()
    assert {exchange.status for exchange in recorder.exchanges} == {
        200,
        400,
        401,
        402,
        404,
        429,
        500,
    }


def test_every_route_was_walked(road: tuple[PretendStripe, RecordingClient]) -> None:
    _, recorder = road
    walked = {
        (route.method, route.path)
        for route in ROUTES
        for exchange in recorder.exchanges
        if exchange.status == 200
        and route.method == exchange.method.upper()
        and route.pattern.fullmatch(exchange.path)
    }
    assert walked == {(route.method, route.path) for route in ROUTES}


def test_every_event_fits_in_the_list_and_as_delivered(
    road: tuple[PretendStripe, RecordingClient], sink: Sink
) -> None:
    pretend, _ = road
    with pretend.sdk() as client:
        events = client.v1.events.list({"limit": 100})
        kept = [event.to_dict() for event in events.auto_paging_iter()]
    delivered = [arrival.event for arrival in sink.arrivals]

    for event in kept + delivered:
        check_event(event)
    assert {event["id"] for event in kept} == {event["id"] for event in delivered}
    assert {event["type"] for event in kept} <= known_event_types()
    assert {event["type"] for event in kept} == {
        "charge.failed",
        "charge.refunded",
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "checkout.session.expired",
        "customer.created",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "refund.created",
        "refund.failed",
        "refund.updated",
        *MONEY_EVENTS,
    }
