"""What the API refuses, remembers and lists, as Stripe's does."""

import subprocess
import sys
import threading
from typing import Any

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, a_session
from tests.pretend_stripe.sink import Sink


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"mode": None}, "mode", "parameter_missing"),
        ({"mode": "setup"}, "mode", None),
        ({"success_url": None}, "success_url", "parameter_missing"),
        ({"success_url": "not an address"}, "success_url", "url_invalid"),
        ({"line_items": None}, "line_items", "parameter_missing"),
        ({"colour": "red"}, "colour", "parameter_unknown"),
        ({"submit_type": "beg"}, "submit_type", None),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        ({"customer": "cus_none"}, "customer", "resource_missing"),
        ({"metadata": {"k" * 41: "v"}}, f"metadata[{'k' * 41}]", None),
        ({"client_reference_id": "x" * 201}, "client_reference_id", None),
        ({"expires_at": "soon"}, "expires_at", "parameter_invalid_integer"),
        ({"expires_at": 1}, "expires_at", None),
        ({"expires_at": 99_999_999_999}, "expires_at", None),
        ({"excluded_payment_method_types": ["card"]}, "excluded_payment_method_types", None),
        ({"payment_method_types": ["paypal"]}, "payment_method_types", None),
        ({"expand": ["nonsense"]}, "expand[0]", None),
    ],
)
def test_a_wrong_parameter_is_named(
    client: stripe.StripeClient, changes: dict[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.checkout.sessions.create(a_session(**changes))
    assert (refusal.value.http_status, refusal.value.param, refusal.value.code) == (
        400,
        param,
        code,
    )


@pytest.mark.parametrize(
    ("amount", "currency", "param"),
    [
        (29, "gbp", "line_items"),
        (100_000_000, "gbp", "line_items"),
        (-1, "gbp", "line_items[0][price_data][unit_amount]"),
        ("12.50", "gbp", "line_items[0][price_data][unit_amount]"),
        (2500, "xxx", "line_items[0][price_data][currency]"),
    ],
)
def test_an_amount_that_cannot_be_charged_is_refused(
    client: stripe.StripeClient, amount: Any, currency: str, param: str
) -> None:
    item = {
        "quantity": 1,
        "price_data": {
            "currency": currency,
            "unit_amount": amount,
            "product_data": {"name": "Rally"},
        },
    }
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.checkout.sessions.create(a_session(line_items=[item]))
    assert refusal.value.param == param


def test_an_empty_value_unsets_its_key(client: stripe.StripeClient) -> None:
    sessions = client.v1.checkout.sessions
    made = sessions.create(a_session(metadata={"kept": "yes", "empty": ""}))
    assert made.to_dict()["metadata"] == {"kept": "yes"}
    changed = sessions.update(made.id, {"metadata": {"kept": "", "more": "1"}})
    assert changed.to_dict()["metadata"] == {"more": "1"}
    assert sessions.update(made.id, {"metadata": ""}).to_dict()["metadata"] == {}


def test_what_is_not_there_is_a_404(client: stripe.StripeClient) -> None:
    for retrieve in (
        client.v1.checkout.sessions.retrieve,
        client.v1.payment_intents.retrieve,
        client.v1.charges.retrieve,
        client.v1.refunds.retrieve,
        client.v1.balance_transactions.retrieve,
        client.v1.events.retrieve,
        client.v1.customers.retrieve,
        client.v1.webhook_endpoints.retrieve,
    ):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            retrieve("none_such")
        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
        assert refusal.value.request_id is not None


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "pk_test_abc", "nonsense"])
def test_only_test_keys_are_let_in(pretend: PretendStripe, key: str) -> None:
    answer = pretend.http.get("/v1/account", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert ("LIVE" in answer.text) == ("live" in key)
    assert "_abc" not in answer.text, "no key is echoed"
    assert pretend.http.get("/v1/account").status_code == 401
    restricted = pretend.http.get("/v1/account", headers={"Authorization": "Bearer rk_test_abc"})
    assert restricted.status_code == 200


def test_another_api_version_is_refused(pretend: PretendStripe) -> None:
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2020-08-27"}
    answer = pretend.http.get("/v1/account", headers=headers)
    assert answer.status_code == 400
    assert "2020-08-27" in answer.json()["error"]["message"]


def test_the_same_key_makes_one_session(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    options: Any = {"idempotency_key": "give-1"}
    first = client.v1.checkout.sessions.create(a_session(), options)
    again = client.v1.checkout.sessions.create(a_session(), options)

    assert again == first
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert pretend.state()["sessions"]["open"] == 1
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.checkout.sessions.create(
            a_session(metadata={"donation": "other"}),
            options,
        )
    pretend.control("clock", seconds=24 * 60 * 60 + 1)
    later = client.v1.checkout.sessions.create(a_session(), options)
    assert later.id != first.id, "keys are kept for a day"


def test_a_refused_request_gives_its_key_back(client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "give-2"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(a_session(mode=None), options)
    made = client.v1.checkout.sessions.create(a_session(), options)
    assert made.status == "open"


def test_racing_requests_with_one_key_make_one_session(pretend: PretendStripe) -> None:
    pretend.turn(latency_seconds=0.2)
    start = threading.Barrier(4)
    made: list[str] = []
    refused: list[int | None] = []

    def race(*, retries: int) -> None:
        with pretend.sdk(retries=retries) as client:
            start.wait()
            try:
                session = client.v1.checkout.sessions.create(
                    a_session(), {"idempotency_key": "race"}
                )
                made.append(session.id)
            except stripe.StripeError as error:
                refused.append(error.http_status)

    racers = [threading.Thread(target=race, kwargs={"retries": n}) for n in (0, 0, 3, 3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert len(made) >= 2, "who tries again gets the one answer"
    assert set(refused) <= {409}
    assert len(made) + len(refused) == 4
    assert pretend.state()["sessions"]["open"] == 1
    assert len(set(made)) == 1


def test_lists_go_page_by_page_in_both_directions(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    made = [client.v1.checkout.sessions.create(a_session()).id for _ in range(7)]
    newest_first = made[::-1]

    listed = client.v1.checkout.sessions.list({"limit": 3})
    assert [one.id for one in listed.data] == newest_first[:3]
    assert listed.has_more is True
    assert [one.id for one in listed.auto_paging_iter()] == newest_first
    back = client.v1.checkout.sessions.list({"limit": 3, "ending_before": made[0]})
    assert [one.id for one in back.data] == newest_first[3:6]
    assert back.has_more is True
    last = client.v1.checkout.sessions.list({"starting_after": made[1]})
    assert ([one.id for one in last.data], last.has_more) == (made[:1], False)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.list({"starting_after": "cs_none"})


def test_balance_transactions_are_found_by_type_source_and_time(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    paid = [pretend.pay(client.v1.checkout.sessions.create(a_session()).id) for _ in range(2)]
    pretend.settle()
    refund = client.v1.refunds.create({"payment_intent": paid[0]["payment_intent"]})
    transactions = client.v1.balance_transactions

    assert [one.type for one in transactions.list().data] == ["refund", "charge", "charge"]
    assert [one.source for one in transactions.list({"type": "refund"}).data] == [refund.id]
    assert [one.type for one in transactions.list({"source": refund.id}).data] == ["refund"]
    assert transactions.list({"payout": "po_none"}).data == []
    newest = transactions.list({"limit": 1}).data[0].created
    assert len(transactions.list({"created": {"gte": newest - 60, "lte": newest}}).data) == 3
    assert transactions.list({"created": {"gt": newest}}).data == []
    assert transactions.list({"created": {"lt": newest - 60}}).data == []
    expanded = transactions.list({"type": "charge", "expand": ["data.source"]}).data
    assert {
        one.source.payment_intent for one in expanded if isinstance(one.source, stripe.Charge)
    } == {one["payment_intent"] for one in paid}


def test_money_becomes_available_after_some_days(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()
    assert client.v1.balance.retrieve().pending[0].amount == 2442
    pretend.control("clock", seconds=7 * 24 * 60 * 60)
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (2442, 0)
    assert client.v1.balance_transactions.list().data[0].status == "available"


def test_events_are_found_by_type_and_delivery(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    sink.statuses += [500] * 4
    client.v1.checkout.sessions.expire(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()
    pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()

    (failed,) = client.v1.events.list({"delivery_success": False}).data
    assert (failed.type, failed.pending_webhooks) == ("checkout.session.expired", 1)
    assert len(client.v1.events.list({"delivery_success": True}).data) == 5
    two = client.v1.events.list({"types": ["charge.updated", "charge.succeeded"]}).data
    assert [one.type for one in two] == ["charge.updated", "charge.succeeded"]
    assert len(client.v1.events.list({"type": "charge.*"}).data) == 2
    assert client.v1.events.retrieve(failed.id) == failed


def test_an_endpoint_of_ones_own_gets_only_what_it_asked_for(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    endpoint = client.v1.webhook_endpoints.create(
        {"url": sink.url, "enabled_events": ["checkout.session.expired"]}
    )
    assert endpoint.secret is not None
    first = client.v1.checkout.sessions.create(a_session())
    second = client.v1.checkout.sessions.create(a_session())
    pretend.pay(first.id)
    client.v1.checkout.sessions.expire(second.id)
    pretend.settle()

    def signed_by_it(body: str, signature: str) -> bool:
        try:
            return bool(stripe.WebhookSignature.verify_header(body, signature, endpoint.secret))
        except stripe.SignatureVerificationError:
            return False

    signed = [one for one in sink.arrivals if signed_by_it(one.body, one.signature)]
    assert [one.event["type"] for one in signed] == ["checkout.session.expired"]
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    assert client.v1.webhook_endpoints.retrieve(endpoint.id).status == "disabled"
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    assert len(client.v1.webhook_endpoints.list().data) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--webhook-url", "http://127.0.0.1:9/"],
        ["--knobs", '{"nonsense": 1}'],
        ["--port", "1", "--knobs", '{"drop": 2}'],
    ],
)
def test_a_wrong_command_line_does_not_start(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "payments.pretend_stripe", "--port", "0", *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=10,
    )
    assert done.returncode == 1
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
