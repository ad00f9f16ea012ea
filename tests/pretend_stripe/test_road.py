"""The whole road of a donation over the wire, with the unmodified SDK."""

import pytest
import stripe

from tests.pretend_stripe.conftest import SECRET
from tests.pretend_stripe.process import (
    DECLINED,
    INSUFFICIENT,
    THREE_D_SECURE,
    PretendStripe,
    a_session,
)
from tests.pretend_stripe.sink import Sink


def test_a_donation_goes_from_session_to_fee(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(a_session(client_reference_id="d1"))
    assert (session.status, session.payment_status, session.payment_intent) == (
        "open",
        "unpaid",
        None,
    )

    paid = pretend.pay(session.id)
    assert paid["url"] == f"http://127.0.0.1:9/thanks?session={session.id}"
    assert "checkout.session.completed" in sink.types(), "the donor is held until we have answered"
    pretend.settle()

    intent = client.v1.payment_intents.retrieve(
        paid["payment_intent"], {"expand": ["latest_charge.balance_transaction"]}
    )
    assert (intent.status, intent.amount_received) == ("succeeded", 2500)
    assert intent.metadata["donation"] == "d1"
    assert isinstance(intent.latest_charge, stripe.Charge)
    transaction = intent.latest_charge.balance_transaction
    assert isinstance(transaction, stripe.BalanceTransaction)
    assert (transaction.amount, transaction.fee, transaction.net) == (2500, 58, 2442)
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert sorted(sink.types()) == [
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]


def test_the_fee_comes_late_with_charge_updated(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.turn(charge_updated_delay_seconds=[60, 60])
    paid = pretend.pay(client.v1.checkout.sessions.create(a_session()).id)

    (charge,) = client.v1.charges.list({"payment_intent": paid["payment_intent"]}).data
    assert charge.balance_transaction is None
    assert "charge.updated" not in sink.types()

    pretend.settle()
    (updated,) = sink.of_type("charge.updated")
    assert updated["data"]["previous_attributes"] == {"balance_transaction": None}
    assert updated["data"]["object"]["balance_transaction"].startswith("txn_")
    (before,) = sink.of_type("charge.succeeded")
    assert before["data"]["object"]["balance_transaction"] is None, "an event is a snapshot"


def test_every_webhook_is_signed(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    pretend.pay(client.v1.checkout.sessions.create(a_session()).id)
    pretend.settle()

    assert len(sink.arrivals) == 5
    for arrival in sink.arrivals:
        assert stripe.WebhookSignature.verify_header(
            arrival.body, arrival.signature, SECRET, tolerance=60
        )
        assert arrival.event["livemode"] is False
        assert arrival.event["api_version"] == "2026-08-26.dahlia"


@pytest.mark.parametrize(
    ("card", "code"),
    [(DECLINED, "generic_decline"), (INSUFFICIENT, "insufficient_funds")],
)
def test_a_refused_card_leaves_the_session_open_for_another(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink, card: str, code: str
) -> None:
    session = client.v1.checkout.sessions.create(a_session())

    refused = pretend.pay(session.id, card=card)
    assert refused["paid"] is False
    assert refused["error"]["decline_code"] == code
    pretend.settle()
    (failed,) = sink.of_type("payment_intent.payment_failed")
    assert failed["data"]["object"]["last_payment_error"]["decline_code"] == code
    assert sink.of_type("charge.failed")
    assert not sink.of_type("checkout.session.completed")
    assert pretend.state()["balance_transactions"] == 0

    again = pretend.pay(session.id)
    assert again["paid"] is True
    assert again["payment_intent"] == refused["payment_intent"], "one intent, two charges"
    intent = client.v1.payment_intents.retrieve(again["payment_intent"])
    assert intent.last_payment_error is None
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 2


def test_3d_secure_failed_takes_nothing_and_may_be_tried_again(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(a_session())

    failed = pretend.pay(session.id, card=THREE_D_SECURE, three_d_secure="fail")
    assert failed["error"]["code"] == "payment_intent_authentication_failure"
    passed = pretend.pay(session.id, card=THREE_D_SECURE)
    assert passed["paid"] is True
    pretend.settle()
    assert len(sink.of_type("payment_intent.requires_action")) == 2
    assert pretend.state()["balance_sums"]["gbp"]["charge"] == 2500


def test_a_session_expires_by_itself_and_cannot_be_paid(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(a_session())
    paid = client.v1.checkout.sessions.create(a_session())
    pretend.pay(paid.id)

    pretend.control("clock", seconds=24 * 60 * 60 + 1)
    pretend.settle()

    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert client.v1.checkout.sessions.retrieve(paid.id).status == "complete"
    (expired,) = sink.of_type("checkout.session.expired")
    assert expired["data"]["object"]["id"] == session.id
    refused = pretend.http.post("/_pretend/pay", json={"session": session.id})
    assert refused.status_code == 400
    assert "expired" in refused.text


def test_a_session_expired_by_hand_says_so_once(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(a_session())
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"

    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        client.v1.checkout.sessions.expire(session.id)
    pretend.settle()
    assert sink.types() == ["checkout.session.expired"]


def test_the_same_seed_mints_the_same_ids(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    def mint() -> list[str]:
        pretend.reset(seed="a seed")
        session = client.v1.checkout.sessions.create(a_session())
        return [session.id, pretend.pay(session.id)["payment_intent"]]

    assert mint() == mint()


def test_a_card_from_abroad_costs_more(pretend: PretendStripe, client: stripe.StripeClient) -> None:
    pretend.pay(client.v1.checkout.sessions.create(a_session()).id, card="4000002760000016")
    pretend.settle()
    (transaction,) = client.v1.balance_transactions.list().data
    assert transaction.fee == 83  # 2.5 % of £25.00 = 62.5p, half up, + 20p


def test_a_customer_is_made_when_asked_for(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    session = client.v1.checkout.sessions.create(
        a_session(customer_creation="always", customer_email="donor@example.org")
    )
    pretend.pay(session.id)
    paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer", "line_items"]})
    assert isinstance(paid.customer, stripe.Customer)
    assert paid.customer.email == "donor@example.org"
    assert paid.line_items is not None
    assert [item.amount_total for item in paid.line_items.data] == [2500]
