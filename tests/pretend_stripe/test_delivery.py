"""Webhooks are tried again, hold nobody up, and stop when the process does."""

import signal
import threading
import time

import pytest
import stripe

from tests.pretend_stripe.process import (
    PretendStripe,
    a_session,
    expire_sessions,
    running_pretend_stripe,
)
from tests.pretend_stripe.sink import Sink, running_sink


def test_after_a_reset_nothing_of_the_past_arrives(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    sink.slow_seconds = 0.2
    expire_sessions(client, 20)
    pretend.reset()
    sink.clear()
    time.sleep(0.5)
    assert sink.arrivals == []


def test_a_webhook_refused_with_500_is_tried_again(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    sink.statuses += [500, 302]
    expire_sessions(client, 1)
    pretend.settle()

    assert len(sink.arrivals) == 3
    first, second, third = sink.arrivals
    assert first.body == second.body == third.body
    assert second.at - first.at >= 0.04
    assert third.at - second.at >= 0.09
    assert pretend.state()["deliveries"] == {
        "waiting": 0,
        "delivered": 1,
        "failed": 0,
        "dropped": 0,
        "attempts": 3,
    }


def test_an_endpoint_that_never_answers_well_is_given_up(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    sink.statuses += [500] * 4
    expire_sessions(client, 1)
    pretend.settle()
    assert pretend.state()["deliveries"]["failed"] == 1
    assert len(client.v1.events.list({"delivery_success": False}).data) == 1

    assert pretend.control("redeliver", undelivered=True) == {"events": 1, "deliveries": 1}
    pretend.settle()
    assert client.v1.events.list({"delivery_success": False}).data == []
    assert len(sink.arrivals) == 5


def test_an_endpoint_that_is_too_slow_is_tried_again() -> None:
    with (
        running_sink() as sink,
        running_pretend_stripe(
            webhook_url=sink.url,
            webhook_secret="whsec_1",
            retry_seconds=(0.3,),
            delivery_timeout_seconds=0.2,
        ) as pretend,
        pretend.sdk() as client,
    ):
        sink.slow_seconds = 0.4
        expire_sessions(client, 1)
        time.sleep(0.3)
        sink.slow_seconds = 0
        pretend.settle()
        assert len(sink.arrivals) == 2
        assert pretend.state()["deliveries"]["delivered"] == 1


@pytest.mark.parametrize("port", [9, 99_999])
def test_an_endpoint_that_is_not_there_holds_nobody(port: int) -> None:
    with (
        running_pretend_stripe(
            webhook_url=f"http://127.0.0.1:{port}/hook",
            webhook_secret="whsec_1",
            retry_seconds=(0.05,),
        ) as pretend,
        pretend.sdk() as client,
    ):
        started = time.monotonic()
        assert pretend.pay(client.v1.checkout.sessions.create(a_session()).id)["paid"] is True
        assert time.monotonic() - started < 2
        pretend.settle()
        assert pretend.state()["deliveries"]["failed"] == 5
        assert len(client.v1.events.list({"delivery_success": False}).data) == 5


def test_a_paid_session_is_told_before_what_waits_already(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(a_session())
    sink.slow_seconds = 0.1
    expire_sessions(client, 80)
    pretend.pay(session.id)
    assert "checkout.session.completed" in sink.types()
    assert pretend.state()["deliveries"]["waiting"] > 8, "the others still wait"
    pretend.settle()


def test_the_donor_is_held_no_longer_than_the_knob_says(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    sink.slow_seconds = 0.8
    session = client.v1.checkout.sessions.create(a_session())
    pretend.turn(redirect_wait_seconds=0.1)
    started = time.monotonic()
    pretend.pay(session.id)
    assert time.monotonic() - started < 0.7

    other = client.v1.checkout.sessions.create(a_session())
    pretend.turn(redirect_wait_seconds=10)
    started = time.monotonic()
    pretend.pay(other.id)
    assert time.monotonic() - started >= 0.7
    pretend.settle()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_promptly_and_cleanly_with_webhooks_on_their_way(number: signal.Signals) -> None:
    with (
        running_sink() as sink,
        running_pretend_stripe(webhook_url=sink.url, webhook_secret="whsec_1") as pretend,
    ):
        sink.slow_seconds = 0.5
        with pretend.sdk() as client:
            expire_sessions(client, 20)
        started = time.monotonic()
        pretend.process.send_signal(number)
        assert pretend.process.wait(timeout=5) == 0
        assert time.monotonic() - started < 2


def test_it_survives_many_at_once(pretend: PretendStripe, sink: Sink) -> None:
    """Eight donors at once: each is paid once, each event told once."""
    paid: list[str] = []

    def give() -> None:
        with pretend.sdk() as client:
            for _ in range(5):
                session = client.v1.checkout.sessions.create(a_session())
                paid.append(pretend.pay(session.id)["payment_intent"])

    donors = [threading.Thread(target=give) for _ in range(8)]
    for donor in donors:
        donor.start()
    for donor in donors:
        donor.join()
    pretend.settle()

    assert len(set(paid)) == 40
    assert pretend.state()["balance_sums"]["gbp"]["charge"] == 40 * 2500
    assert len({arrival.event["id"] for arrival in sink.arrivals}) == 200
    assert len(sink.arrivals) == 200
