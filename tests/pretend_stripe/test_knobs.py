"""The knobs and the controls do what they say."""

import re
import time
from typing import Any

import pytest
import stripe

from tests.pretend_stripe.process import (
    PretendStripe,
    a_session,
    expire_sessions,
)
from tests.pretend_stripe.sink import Sink


def test_duplicate_sends_each_webhook_more_than_once(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.turn(duplicate=2)
    expire_sessions(client, 4)
    pretend.settle()
    ids = [arrival.event["id"] for arrival in sink.arrivals]
    assert len(ids) == 12
    assert all(ids.count(one) == 3 for one in ids)

    pretend.turn(duplicate=0.5, seed=3)
    sink.clear()
    expire_sessions(client, 40)
    pretend.settle()
    assert 45 <= len(sink.arrivals) <= 75


def test_reorder_shuffles_within_the_window(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.turn(reorder=60, seed=1)
    sessions = expire_sessions(client, 63)
    pretend.settle()
    told = [arrival.event["data"]["object"]["id"] for arrival in sink.arrivals]
    assert sorted(told) == sorted(sessions), "the last three are not held for ever"

    places = [sessions.index(one) for one in told]
    swapped = sum(a > b for n, a in enumerate(places) for b in places[n:])
    assert swapped > 600, "eight connections at once swap 8 x 63 pairs at most by chance"


def test_delay_holds_each_webhook_back(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.turn(delay_seconds=[0.3, 0.4])
    before = time.monotonic()
    expire_sessions(client, 3)
    pretend.settle()
    assert len(sink.arrivals) == 3
    assert all(0.3 <= arrival.at - before <= 2 for arrival in sink.arrivals)


def test_drop_loses_webhooks_until_they_are_sent_again(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.turn(drop=1)
    started = time.monotonic()
    paid = pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    assert paid["paid"] is True
    assert time.monotonic() - started < 2, "nobody waits for what was lost"
    pretend.settle()
    assert sink.arrivals == []
    lost = client.v1.events.list({"delivery_success": False}).data
    assert len(lost) == 5

    pretend.control("redeliver", event=lost[0].id)
    pretend.settle()
    assert [arrival.event["id"] for arrival in sink.arrivals] == [lost[0].id]
    pretend.control("redeliver", all=True)
    pretend.settle()
    assert len(sink.arrivals) == 6


@pytest.mark.parametrize(
    ("fail_with", "error"),
    [
        ("500", stripe.APIError),
        ("429", stripe.RateLimitError),
        ("cut", stripe.APIConnectionError),
    ],
)
def test_the_api_fails_as_it_is_told(
    pretend: PretendStripe, fail_with: str, error: type[stripe.StripeError]
) -> None:
    with pretend.sdk(retries=0) as once:
        pretend.turn(fail_with=fail_with)
        with pytest.raises(error):
            once.v1.checkout.sessions.create(a_session(), {"idempotency_key": "cut-1"})
        done = 1 if fail_with == "cut" else 0
        assert pretend.state()["sessions"]["open"] == done, "cut off after the work, not before"

        pretend.turn(fail_with=None)
        made = once.v1.checkout.sessions.create(a_session(), {"idempotency_key": "cut-1"})
        assert made.status == "open"
        assert pretend.state()["sessions"]["open"] == 1


def test_money_fails_to_be_read_and_is_not_moved_twice(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    paid = pretend.control("foreign_payment", amount=500)
    pretend.settle()
    dispute = pretend.control("dispute", charge=paid["charge"])
    with pretend.sdk(retries=0) as once:
        reads = (
            lambda: once.v1.disputes.retrieve(dispute["id"]),
            once.v1.payouts.list,
            lambda: once.v1.balance_transactions.list({"expand": ["data.source"]}),
        )
        for fail_with in ("500", "429", "cut"):
            pretend.turn(fail_with=fail_with)
            for read in reads:
                with pytest.raises(stripe.StripeError):
                    read()

        params: Any = {
            "amount": 700,
            "currency": "gbp",
            "confirm": True,
            "payment_method": "pm_card_visa",
        }
        with pytest.raises(stripe.APIConnectionError):
            once.v1.payment_intents.create(params, {"idempotency_key": "once"})
        pretend.turn(fail_with=None)
        again = once.v1.payment_intents.create(params, {"idempotency_key": "once"})
    assert again.status == "succeeded"
    assert pretend.state()["charges"] == 2


def test_the_sdk_gets_through_an_api_that_fails_half_of_the_time(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    pretend.turn(fail_with="cut", fail_probability=0.4, seed=5)
    options = {"idempotency_key": "half", "max_network_retries": 6}
    client.v1.checkout.sessions.create(a_session(), options)  # type: ignore[arg-type]
    pretend.turn(fail_with=None)
    assert pretend.state()["sessions"]["open"] == 1


@pytest.mark.parametrize(
    "knobs",
    [
        {"nonsense": 1},
        {"drop": 2},
        {"drop": "0.5"},
        {"delay_seconds": [2, 1]},
        {"fail_with": "418"},
        {"reorder": 1.5},
        {"bacs": 1},
        {"bacs_delay_seconds": 5},
        {"automatic_payouts": "yes"},
        {"settles_in": "jpy"},
    ],
)
def test_a_knob_that_cannot_be_turned_is_named(
    pretend: PretendStripe, knobs: dict[str, object]
) -> None:
    before = pretend.http.get("/_pretend/knobs").json()
    answer = pretend.http.post("/_pretend/knobs", json=knobs | {"latency_seconds": 1})
    assert answer.status_code == 400
    assert next(iter(knobs)) in answer.json()["error"]
    assert pretend.http.get("/_pretend/knobs").json() == before


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("pay", b"{}"),
        ("pay", b'{"session": "cs_none"}'),
        ("pay", b'{"session": 5}'),
        ("redeliver", b"{}"),
        ("clock", b'{"seconds": -1}'),
        ("refund_in_dashboard", b'{"charge": "ch_none", "amount": 0}'),
        ("reset", b"[]"),
        ("reset", b"not json"),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(
    pretend: PretendStripe, name: str, body: bytes
) -> None:
    answer = pretend.http.post(f"/_pretend/{name}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_index_shows_events_and_knobs(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()
    page = pretend.http.get("/")
    assert page.status_code == 200
    assert "charge.updated" in page.text
    assert "Charges: 1. Refunds: 0. Disputes: 0. Payouts: 0." in page.text
    assert "redirect_wait_seconds" in page.text
    assert re.search(r"delivered \(200, attempts: 1\)", page.text)
    assert pretend.http.get("/none").status_code == 404
