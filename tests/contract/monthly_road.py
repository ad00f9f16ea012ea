"""The road of a monthly donation: every route and every event of it, for the contract's tests."""

from typing import Any

import pytest
import stripe

from tests.pretend_stripe.monthly import a_monthly_session
from tests.pretend_stripe.process import DECLINED, VISA, PretendStripe

MONTHLY_EVENTS = {
    "billing_portal.session.created",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
    "payment_method.attached",
    "price.created",
    "product.created",
}


def walk_monthly(pretend: PretendStripe, client: stripe.StripeClient) -> None:
    """From a session to its first invoice, and whatever may be asked about it."""
    sessions = client.v1.checkout.sessions
    session = sessions.create(a_monthly_session(customer_email="donor@example.org"))
    pretend.pay(session.id, card=DECLINED)
    paid = pretend.pay(session.id)
    pretend.settle()
    sessions.retrieve(
        session.id, {"expand": ["subscription", "invoice.payments", "customer", "line_items"]}
    )
    ask_about_goods(client)
    ask_about_invoices(client, paid)
    subscriptions = client.v1.subscriptions
    subscriptions.list({"customer": paid["customer"], "status": "active"})
    wanted = ["latest_invoice.payments", "default_payment_method", "items.data.price.product"]
    subscriptions.retrieve(paid["subscription"], {"expand": wanted})
    pass_months(pretend, client, paid)
    change_things(client, paid)
    visit_portal(client, paid)
    subscriptions.cancel(paid["subscription"])
    pretend.settle()


def pass_months(pretend: PretendStripe, client: stripe.StripeClient, paid: dict[str, Any]) -> None:
    """A month that is paid, and one that is paid at the third attempt."""
    pretend.control("next_month", subscription=paid["subscription"])
    pretend.control("set_card", subscription=paid["subscription"], card=DECLINED)
    pretend.control("next_month", subscription=paid["subscription"])
    (unpaid,) = client.v1.invoices.list({"status": "open", "expand": ["data.payments"]}).data
    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(str(unpaid.id))
    pretend.control("set_card", subscription=paid["subscription"], card=VISA)
    client.v1.invoices.pay(str(unpaid.id), {"expand": ["payments"]})


def change_things(client: stripe.StripeClient, paid: dict[str, Any]) -> None:
    """Another amount, another customer's name, and an end that is taken back."""
    update = client.v1.subscriptions.update
    subscription = client.v1.subscriptions.retrieve(paid["subscription"]).to_dict()
    (item,) = subscription["items"]["data"]
    price: Any = {
        "currency": "gbp",
        "product": item["price"]["product"],
        "unit_amount": 1500,
        "recurring": {"interval": "month"},
    }
    update(
        paid["subscription"],
        {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "none"},
    )
    update(
        paid["subscription"],
        {"cancel_at_period_end": True, "cancellation_details": {"feedback": "too_expensive"}},
    )
    update(paid["subscription"], {"cancel_at_period_end": False, "metadata": {"more": "1"}})
    cards = client.v1.customers.payment_methods.list(paid["customer"]).data
    client.v1.payment_methods.retrieve(cards[0].id)
    client.v1.customers.update(
        paid["customer"],
        {
            "name": "Another name",
            "metadata": {"donor": "d1"},
            "invoice_settings": {"default_payment_method": cards[0].id},
        },
    )


def visit_portal(client: stripe.StripeClient, paid: dict[str, Any]) -> None:
    """An ordinary visit, and one for each thing that may be done on one."""
    sessions = client.v1.billing_portal.sessions
    back = "http://127.0.0.1:9/monthly"
    sessions.create({"customer": paid["customer"], "return_url": back, "locale": "en-GB"})
    cancel: Any = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": paid["subscription"]},
        "after_completion": {"type": "redirect", "redirect": {"return_url": back}},
    }
    sessions.create({"customer": paid["customer"], "return_url": back, "flow_data": cancel})
    card: Any = {"type": "payment_method_update"}
    sessions.create({"customer": paid["customer"], "flow_data": card})


def ask_about_goods(client: stripe.StripeClient) -> None:
    """Products and prices."""
    product = client.v1.products.create({"name": "Rally", "metadata": {"appeal": "a1"}})
    client.v1.products.retrieve(product.id)
    client.v1.products.list({"active": True})
    recurring: Any = {"interval": "month"}
    price = client.v1.prices.create(
        {"currency": "gbp", "unit_amount": 500, "recurring": recurring, "product": product.id}
    )
    client.v1.prices.create(
        {"currency": "gbp", "unit_amount": 500, "product_data": {"name": "Once"}}
    )
    client.v1.prices.retrieve(price.id, {"expand": ["product"]})
    client.v1.prices.list({"product": product.id, "type": "recurring"})


def ask_about_invoices(client: stripe.StripeClient, paid: dict[str, Any]) -> None:
    """Invoices and what pays them."""
    v1 = client.v1
    v1.invoices.list(
        {
            "subscription": paid["subscription"],
            "customer": paid["customer"],
            "status": "paid",
            "created": {"gte": 1},
            "expand": ["data.payments"],
        }
    )
    v1.invoices.retrieve(
        paid["invoice"],
        {"expand": ["payments.data.payment.payment_intent", "customer"]},
    )
    v1.invoices.retrieve(paid["invoice"], {"expand": ["parent.subscription_details.subscription"]})
    of_intent: Any = {"type": "payment_intent", "payment_intent": paid["payment_intent"]}
    found = v1.invoice_payments.list(
        {"payment": of_intent, "status": "paid", "expand": ["data.invoice"]}
    )
    v1.invoice_payments.retrieve(found.data[0].id, {"expand": ["payment.payment_intent"]})
