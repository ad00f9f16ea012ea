"""Monthly donations at Stripe: asked about, changed, and handed to Stripe's own portal.

Never asked for inside a database transaction.
"""

from datetime import datetime
from typing import Final

from django.utils import timezone

from funds.money import Money
from payments.stripe_gateway.amounts import to_stripe
from payments.stripe_gateway.client import answers, client
from payments.stripe_gateway.facts import Fact, NotAFact
from payments.stripe_gateway.monthly_facts import MonthlyBegun, MonthlyState
from payments.stripe_gateway.monthly_reading import (
    read_invoice_payment,
    read_monthly_session,
    read_paid_invoice,
    read_subscription,
)
from payments.stripe_gateway.shapes import StripeObject

_PAYMENTS: Final = "payments"


def change_monthly_amount(subscription_id: str, amount: Money, *, key: str) -> MonthlyState:
    """Take another amount from the next month on; this month's stands as it is.

    The price is made anew on the same product, since Stripe's prices are never edited.

    Args:
        subscription_id: Stripe's, of one item.
        amount: A month's, in the subscription's currency.
        key: Names this wish of the donor: the same again changes nothing more.

    Raises:
        StripeUnavailableError: It may have been changed: an event will tell.

    Source: docs.stripe.com/api/subscriptions/update, "items" and "proration_behavior".
    """
    with answers():
        subscriptions = client().v1.subscriptions
        subscription = subscriptions.retrieve(subscription_id)
        (item,) = subscription["items"].data
        subscriptions.update(
            subscription_id,
            {
                "items": [
                    {
                        "id": item.id,
                        "quantity": 1,
                        "price_data": {
                            "currency": amount.currency.code.lower(),
                            "product": str(item.price.product),
                            "recurring": {"interval": "month"},
                            "unit_amount": to_stripe(amount),
                        },
                    }
                ],
                "proration_behavior": "none",
            },
            {"idempotency_key": key},
        )
        # Not the answer to the change: told twice, that is a copy of what it was the first time.
        asked_at = _now()
        changed = subscriptions.retrieve(subscription_id)
    return read_subscription(changed.to_dict(), asked_at)


def open_portal(customer_id: str, *, return_url: str) -> str:
    """The address of Stripe's customer portal for one donor: another card, or stopping.

    It is short-lived, and whoever has it is let in: it is only ever redirected to.

    Raises:
        StripeUnavailableError: No answer, or the portal was never set up in the Dashboard.

    Source: docs.stripe.com/api/customer_portal/sessions/create.
    """
    with answers():
        portal = client().v1.billing_portal.sessions.create(
            {"customer": customer_id, "return_url": return_url}
        )
    return portal.url


def read_monthly_now(subscription_id: str) -> list[Fact | NotAFact]:
    """How a monthly donation stands at this moment, and its last month where that is paid.

    Raises:
        StripeUnavailableError: Not known.
    """
    asked_at = _now()
    with answers():
        subscription = (
            client()
            .v1.subscriptions.retrieve(subscription_id, {"expand": [f"latest_invoice.{_PAYMENTS}"]})
            .to_dict()
        )
    return [
        read_subscription(subscription, asked_at),
        *_read_month(subscription["latest_invoice"], asked_at),
    ]


def read_monthly_checkout(session_id: str) -> list[Fact | NotAFact]:
    """What became of a Checkout for a monthly donation; nothing while it is open.

    Raises:
        StripeUnavailableError: Not known.
    """
    asked_at = _now()
    with answers():
        session = client().v1.checkout.sessions.retrieve(session_id).to_dict()
    if session["status"] == "open":
        return [NotAFact.NOTHING]
    begun = read_monthly_session(session, asked_at)
    if isinstance(begun, MonthlyBegun):
        return [begun, *read_monthly_now(begun.subscription_id)]
    return [begun]


def read_month(invoice_id: str) -> list[Fact | NotAFact]:
    """One month's invoice: whose it is, and by which payment it was paid, if it was.

    Raises:
        StripeUnavailableError: Not known.
    """
    asked_at = _now()
    with answers():
        invoice = client().v1.invoices.retrieve(invoice_id, {"expand": [_PAYMENTS]}).to_dict()
    return _read_month(invoice, asked_at)


def read_month_of_payment(payment_intent_id: str) -> list[Fact | NotAFact]:
    """The month that a payment paid for; nothing for a payment of no invoice.

    A month's payment bears no mark of ours: only its invoice tells whose it is.

    Raises:
        StripeUnavailableError: Not known.

    Source: docs.stripe.com/api/invoice-payment/list.
    """
    asked_at = _now()
    with answers():
        payments = client().v1.invoice_payments.list(
            {
                "payment": {"type": "payment_intent", "payment_intent": payment_intent_id},
                "expand": ["data.invoice"],
            }
        )
        shapes = [payment.to_dict() for payment in payments.data]
    return [
        fact
        for shape in shapes
        if shape["status"] == "paid"
        for fact in (
            read_paid_invoice(shape["invoice"], asked_at),
            read_invoice_payment(shape, asked_at),
        )
    ]


def _read_month(invoice: StripeObject | None, asked_at: datetime) -> list[Fact | NotAFact]:
    if invoice is None or invoice["status"] != "paid":
        return []
    return [
        read_paid_invoice(invoice, asked_at),
        *(
            read_invoice_payment(payment, asked_at)
            for payment in invoice["payments"]["data"]
            if payment["status"] == "paid"
        ),
    ]


def _now() -> datetime:
    """The second in which Stripe was asked: its events count in whole ones."""
    return timezone.now().replace(microsecond=0)
