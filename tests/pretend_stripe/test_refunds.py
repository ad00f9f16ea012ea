"""Refunds: in part, too much, by hand in the dashboard, and those that fail later."""

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, a_session
from tests.pretend_stripe.sink import Sink


@pytest.fixture
def intent(pretend: PretendStripe, client: stripe.StripeClient, sink: Sink) -> str:
    """A paid donation of £25, its fee known."""
    paid = pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()
    sink.clear()
    return str(paid["payment_intent"])


def test_partial_refunds_add_up_and_no_more_is_given_back(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, intent: str
) -> None:
    first = client.v1.refunds.create(
        {"payment_intent": intent, "amount": 1000, "metadata": {"why": "asked"}}
    )
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded") as too_much:
        client.v1.refunds.create({"payment_intent": intent, "amount": 1501})
    assert too_much.value.param == "amount"
    rest = client.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        client.v1.refunds.create({"payment_intent": intent, "amount": 1})
    assert nothing_left.value.code == "charge_already_refunded"
    pretend.settle()

    assert (first.amount, rest.amount) == (1000, 1500)
    assert first.to_dict()["metadata"] == {"why": "asked"}
    charged = sink.of_type("charge.refunded")
    assert [
        (one["data"]["object"]["amount_refunded"], one["data"]["object"]["refunded"])
        for one in sorted(charged, key=lambda one: one["data"]["object"]["amount_refunded"])
    ] == [(1000, False), (2500, True)]
    assert pretend.state()["balance_sums"]["gbp"] == {
        "amount": 0,
        "fee": 58,
        "net": -58,
        "charge": 2500,
        "refund": -2500,
    }
    assert sorted(sink.types()) == sorted(
        ["refund.created", "charge.refunded", "refund.updated"] * 2
    )


def test_a_refund_in_the_dashboard_is_told_without_a_request(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, intent: str
) -> None:
    made = pretend.control("refund_in_dashboard", payment_intent=intent, amount=700)
    pretend.settle()

    (created,) = sink.of_type("refund.created")
    assert created["data"]["object"]["id"] == made["id"]
    assert created["request"] == {"id": None, "idempotency_key": None}
    by_request = client.v1.refunds.create(
        {"payment_intent": intent, "amount": 300}, {"idempotency_key": "refund-1"}
    )
    pretend.settle()
    created = sink.of_type("refund.created")[1]
    assert created["request"]["idempotency_key"] == "refund-1"
    listed = client.v1.refunds.list({"payment_intent": intent}).data
    assert [one.id for one in listed] == [by_request.id, made["id"]]


def test_a_refund_that_fails_brings_the_money_back(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, intent: str
) -> None:
    pretend.turn(refund_fails=1)
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "succeeded", "it fails later"
    pretend.settle()

    (failed,) = sink.of_type("refund.failed")
    failed_refund = failed["data"]["object"]
    assert (failed_refund["id"], failed_refund["status"]) == (refund.id, "failed")
    back = client.v1.balance_transactions.retrieve(failed_refund["failure_balance_transaction"])
    assert (back.type, back.amount, back.source) == ("refund_failure", 2500, refund.id)
    sums = pretend.state()["balance_sums"]["gbp"]
    assert (sums["amount"], sums["net"]) == (2500, 2442)
    pretend.turn(refund_fails=0)
    assert client.v1.refunds.create({"payment_intent": intent}).amount == 2500


def test_a_refund_before_the_fee_is_known_settles_the_payment_first(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.turn(charge_updated_delay_seconds=[60, 60])
    paid = pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    client.v1.refunds.create({"payment_intent": paid["payment_intent"], "amount": 500})
    pretend.settle()

    assert len(sink.of_type("charge.updated")) == 1
    types = [one.type for one in client.v1.balance_transactions.list().data]
    assert types == ["refund", "charge"]


def test_what_took_no_money_cannot_be_refunded(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    declined = pretend.pay(
        client.v1.checkout.sessions.create(a_session()).id, card="4000000000000002"
    )
    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        client.v1.refunds.create({"payment_intent": declined["payment_intent"]})
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.refunds.create({"payment_intent": "pi_none"})
    assert unknown.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="One of the following"):
        client.v1.refunds.create({})
