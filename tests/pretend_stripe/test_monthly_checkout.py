"""A monthly donation from session to first invoice, with the unmodified SDK."""

from typing import Any

import pytest
import stripe

from tests.pretend_stripe.monthly import a_monthly_session, begin_monthly
from tests.pretend_stripe.process import DECLINED, THREE_D_SECURE, PretendStripe, a_session
from tests.pretend_stripe.sink import Sink


def test_a_monthly_donation_goes_from_session_to_first_invoice(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(
        a_monthly_session(client_reference_id="d1", customer_email="donor@example.org")
    )
    assert (session.mode, session.amount_total, session.subscription) == (
        "subscription",
        1000,
        None,
    )

    paid = pretend.pay(session.id)
    assert paid["paid"] is True
    pretend.settle()

    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.payment_intent) == ("complete", "paid", None)
    assert (done.subscription, done.invoice, done.customer) == (
        paid["subscription"],
        paid["invoice"],
        paid["customer"],
    )
    subscription = client.v1.subscriptions.retrieve(paid["subscription"])
    assert (subscription.status, subscription.description) == ("active", "For the rally")
    assert subscription.to_dict()["metadata"] == {"monthly": "m1"}
    assert sorted(sink.types()) == [
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "customer.created",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "payment_intent.created",
        "payment_intent.succeeded",
        "payment_method.attached",
    ]


def test_the_first_invoice_leads_to_its_payment_and_back(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    subscription = begin_monthly(pretend, client)
    bare = client.v1.invoices.retrieve(str(subscription.latest_invoice)).to_dict()
    assert not {"payments", "payment_intent", "charge", "subscription"} & bare.keys()
    assert bare["parent"]["subscription_details"] == {
        "subscription": subscription.id,
        "metadata": {"monthly": "m1"},
    }
    assert (bare["billing_reason"], bare["status"], bare["amount_paid"]) == (
        "subscription_create",
        "paid",
        1000,
    )
    (line,) = bare["lines"]["data"]
    (item,) = subscription.to_dict()["items"]["data"]
    assert line["period"] == {
        "start": item["current_period_start"],
        "end": item["current_period_end"],
    }

    whole = client.v1.invoices.retrieve(
        bare["id"], {"expand": ["payments.data.payment.payment_intent"]}
    ).to_dict()
    (payment,) = whole["payments"]["data"]
    intent = payment["payment"]["payment_intent"]
    assert (intent["status"], intent["amount"], intent["metadata"]) == ("succeeded", 1000, {})
    (charge,) = client.v1.charges.list({"payment_intent": intent["id"]}).data
    assert (charge.to_dict()["metadata"], charge.description) == ({}, "Subscription creation")
    for wanted in (
        {"invoice": bare["id"]},
        {"payment": {"type": "payment_intent", "payment_intent": intent["id"]}},
    ):
        params: Any = wanted | {"status": "paid", "expand": ["data.invoice"]}
        (found,) = client.v1.invoice_payments.list(params).data
        assert found.id == payment["id"]
        assert isinstance(found.invoice, stripe.Invoice)
        assert found.invoice.id == bare["id"]
    other: Any = {"payment": {"type": "payment_intent", "payment_intent": "pi_none"}}
    assert client.v1.invoice_payments.list(other).data == []


def test_a_refused_card_begins_nothing_and_another_one_does(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    session = client.v1.checkout.sessions.create(a_monthly_session())
    refused = pretend.pay(session.id, card=DECLINED)
    failed = pretend.pay(session.id, card=THREE_D_SECURE, three_d_secure="fail")
    assert (refused["paid"], failed["paid"]) == (False, False)
    pretend.settle()
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    assert not any(kind.startswith(("invoice", "customer")) for kind in sink.types())

    paid = pretend.pay(session.id, card=THREE_D_SECURE)
    assert paid["payment_intent"] == refused["payment_intent"]
    pretend.settle()
    assert len(client.v1.subscriptions.list({"customer": paid["customer"]}).data) == 1
    assert pretend.state()["balance_sums"]["gbp"]["charge"] == 1000


def test_a_known_customer_is_not_made_again(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"email": "donor@example.org"})
    subscription = begin_monthly(pretend, client, customer=customer.id)
    assert subscription.customer == customer.id
    assert pretend.state()["customers"] == 1


def test_the_first_month_can_be_refunded_as_any_payment(
    pretend: PretendStripe, client: stripe.StripeClient, sink: Sink
) -> None:
    paid = pretend.pay(client.v1.checkout.sessions.create(a_monthly_session()).id)
    client.v1.refunds.create({"payment_intent": paid["payment_intent"], "amount": 400})
    pretend.settle()
    (refunded,) = sink.of_type("charge.refunded")
    assert refunded["data"]["object"]["amount_refunded"] == 400


def test_a_product_of_ones_own_is_what_is_paid_for(
    pretend: PretendStripe, client: stripe.StripeClient
) -> None:
    product = client.v1.products.create({"name": "Rally, monthly"})
    price = {
        "currency": "gbp",
        "unit_amount": 700,
        "product": product.id,
        "recurring": {"interval": "month"},
    }
    subscription = begin_monthly(pretend, client, line_items=[{"price_data": price, "quantity": 2}])
    (item,) = subscription.to_dict()["items"]["data"]
    assert item["price"]["product"] == product.id
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert invoice.amount_paid == 1400
    assert "Rally, monthly" in str(invoice.lines.data[0].description)


RECURRING = {"interval": "month"}
ONCE = {"currency": "gbp", "unit_amount": 1000, "product_data": {"name": "Rally"}}


@pytest.mark.parametrize(
    ("params", "param"),
    [
        (a_monthly_session(payment_intent_data={"description": "x"}), "payment_intent_data"),
        (a_monthly_session(customer_creation="always"), "customer_creation"),
        (a_session(subscription_data={"description": "x"}), "subscription_data"),
        (a_session(submit_type="subscribe"), "submit_type"),
        (a_session(mode="setup"), "mode"),
        (
            a_monthly_session(line_items=[{"price_data": ONCE, "quantity": 1}]),
            "line_items[0][price_data][recurring]",
        ),
        (
            a_session(line_items=[{"price_data": ONCE | {"recurring": RECURRING}, "quantity": 1}]),
            "line_items[0][price_data][recurring]",
        ),
        (
            a_monthly_session(
                line_items=[{"price_data": ONCE | {"recurring": RECURRING}, "quantity": 1}] * 2
            ),
            "line_items",
        ),
        (
            a_session(line_items=[{"price_data": ONCE | {"product": "prod_1"}, "quantity": 1}]),
            "line_items[0][price_data][product_data]",
        ),
        (a_monthly_session(amount=29), "line_items"),
    ],
)
def test_what_belongs_to_the_other_mode_is_refused(
    client: stripe.StripeClient, params: Any, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.checkout.sessions.create(params)
    assert refusal.value.param == param
