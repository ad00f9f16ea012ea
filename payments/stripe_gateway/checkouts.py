"""Checkouts: Stripe's pages where donors pay. Never asked for inside a database transaction."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

import stripe

from funds.money import Money
from payments.stripe_gateway import OUR_METADATA_KEY
from payments.stripe_gateway.amounts import to_stripe
from payments.stripe_gateway.client import answers, client
from payments.stripe_gateway.facts import CheckoutExpired, Fact, NotAFact, PaymentFailed
from payments.stripe_gateway.reading import moment, read_session, this_second

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What a Checkout is opened for. The same order always makes the same request.

    Attributes:
        reference: Names the donation; the only thing that Stripe learns to know it by.
        description: Shown to the donor at Stripe. No personal data.
        expires_at: Aware. Stripe takes 30 minutes to 24 hours from now.
        email: Prefilled for the donor at Stripe, or "".
        asks_address: Whether Stripe asks for the billing address.
        success_url: Absolute, where Stripe sends the donor after paying.
        cancel_url: Absolute, where Stripe's "back" leads.
    """

    reference: UUID
    amount: Money
    description: str
    expires_at: datetime
    email: str
    asks_address: bool
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class OpenCheckout:
    """Where the donor pays."""

    session_id: str
    url: str


class CheckoutEnd(Enum):
    """What became of a Checkout that we wanted to end."""

    EXPIRED = "expired"
    FINISHED = "finished by the donor before"


def open_checkout(order: CheckoutOrder) -> OpenCheckout:
    """Open a hosted Checkout; the same order again gives the same one (within 24 hours).

    Raises:
        StripeUnavailableError: None is known to be open.

    Source: docs.stripe.com/api/checkout/sessions/create.
    """
    metadata = {OUR_METADATA_KEY: str(order.reference)}
    params: SessionCreateParams = {
        "mode": "payment",
        "submit_type": "donate",
        "client_reference_id": str(order.reference),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": order.description},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.amount.currency.code.lower(),
                    "unit_amount": to_stripe(order.amount),
                    "product_data": {"name": order.description},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},
        "expires_at": int(order.expires_at.timestamp()),
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
    }
    if order.email:
        params["customer_email"] = order.email
    if order.asks_address:
        params["billing_address_collection"] = "required"
    with answers():
        session = client().v1.checkout.sessions.create(
            params, {"idempotency_key": f"whipround-checkout-{order.reference}"}
        )
    return OpenCheckout(session_id=session.id, url=session.url or "")


def end_checkout(session_id: str) -> CheckoutEnd:
    """Let a Checkout expire, so that nobody pays it any more.

    Raises:
        StripeUnavailableError: It may still be open.
    """
    with answers():
        sessions = client().v1.checkout.sessions
        try:
            sessions.expire(session_id)
        except stripe.InvalidRequestError:
            if sessions.retrieve(session_id).status == "complete":
                return CheckoutEnd.FINISHED
    return CheckoutEnd.EXPIRED


def read_checkout(session_id: str) -> Fact | NotAFact:
    """What became of one of our Checkouts; NOTHING while it is open.

    Whether a finished one that is not paid is still being paid, its payment tells.

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        session = client().v1.checkout.sessions.retrieve(
            session_id, {"expand": ["payment_intent.latest_charge"]}
        )
    shape = session.to_dict()
    if shape["status"] == "open":
        return NotAFact.NOTHING
    reference = UUID(shape["metadata"][OUR_METADATA_KEY])
    if shape["status"] == "expired":
        return CheckoutExpired(reference=reference, told_at=moment(shape["expires_at"]))
    intent = shape["payment_intent"] or {}
    if shape["payment_status"] == "paid":
        charge = intent.get("latest_charge") or {}
        return read_session(shape, reference, moment(charge.get("created", shape["created"])))
    if intent.get("status") == "processing":
        return read_session(shape, reference, this_second())
    return PaymentFailed(reference=reference, told_at=this_second())
