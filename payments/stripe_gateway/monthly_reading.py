"""Reading facts about monthly donations out of Stripe's objects.

As in ``reading``: a shape that is not as published raises, and its event waits for a person.
Source of all shapes: docs.stripe.com/api, the page of each object.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from payments.stripe_gateway import OUR_MONTHLY_KEY
from payments.stripe_gateway.amounts import from_stripe
from payments.stripe_gateway.facts import NotAFact
from payments.stripe_gateway.monthly_facts import (
    MonthFailed,
    MonthlyBegun,
    MonthlyExpired,
    MonthlyState,
    MonthPaid,
    MonthSettled,
    Telling,
)
from payments.stripe_gateway.shapes import StripeObject, id_of, moment

MonthlyReader = Callable[
    [StripeObject, datetime], MonthlyState | MonthPaid | MonthSettled | MonthFailed | NotAFact
]


def read_monthly_session(
    session: StripeObject, told_at: datetime
) -> MonthlyBegun | MonthlyExpired | NotAFact:
    """A Checkout for a monthly donation that the donor finished, or that is over.

    Whether its first payment came is told by the invoice.
    """
    monthly = _reference(session["metadata"])
    if monthly is None:
        return NotAFact.NOT_OURS
    if session["status"] == "expired":
        return MonthlyExpired(monthly=monthly, told_at=told_at)
    if not session["subscription"]:
        return NotAFact.NOTHING
    return MonthlyBegun(
        monthly=monthly,
        subscription_id=id_of(session["subscription"]),
        customer_id=id_of(session["customer"]),
        told_at=told_at,
    )


def read_subscription(
    subscription: StripeObject, told_at: datetime, *, telling: Telling = Telling.CHANGED
) -> MonthlyState:
    """A subscription in the state that it shows. Its periods stand with its items."""
    items = subscription["items"]["data"]
    currency = subscription["currency"]
    return MonthlyState(
        monthly=_reference(subscription["metadata"]),
        subscription_id=subscription["id"],
        customer_id=id_of(subscription["customer"]),
        status=subscription["status"],
        amount=from_stripe(
            sum(item["price"]["unit_amount"] * item["quantity"] for item in items), currency
        ),
        started_at=moment(subscription["start_date"]),
        next_at=moment(min(item["current_period_end"] for item in items)),
        cancel_at=_moment_if_any(subscription["cancel_at"]),
        ended_at=_moment_if_any(subscription["ended_at"]),
        telling=telling,
        told_at=told_at,
    )


def read_paid_invoice(invoice: StripeObject, told_at: datetime) -> MonthPaid | NotAFact:
    """An invoice that is paid. One that asked for nothing brought nothing.

    What was paid outside Stripe (``amount_paid_off_stripe``) is recorded by hand, as any cheque.
    """
    whose = _whose(invoice)
    if whose is None:
        return NotAFact.NOT_OURS
    if invoice["amount_paid"] <= invoice["amount_paid_off_stripe"]:
        return NotAFact.NOTHING
    monthly, subscription_id = whose
    return MonthPaid(
        monthly=monthly,
        subscription_id=subscription_id,
        customer_id=id_of(invoice["customer"]),
        invoice_id=invoice["id"],
        told_at=told_at,
    )


def read_invoice_payment(payment: StripeObject, told_at: datetime) -> MonthSettled | NotAFact:
    """Which payment paid an invoice. It does not say whose the invoice is."""
    made_by = payment["payment"]
    if made_by["type"] != "payment_intent" or not payment["amount_paid"]:
        return NotAFact.NOTHING
    return MonthSettled(
        invoice_id=id_of(payment["invoice"]),
        payment_intent_id=id_of(made_by["payment_intent"]),
        amount=from_stripe(payment["amount_paid"], payment["currency"]),
        paid_at=moment(payment["status_transitions"]["paid_at"]),
        told_at=told_at,
    )


def _read_failed_invoice(invoice: StripeObject, told_at: datetime) -> MonthFailed | NotAFact:
    whose = _whose(invoice)
    if whose is None:
        return NotAFact.NOT_OURS
    monthly, subscription_id = whose
    return MonthFailed(
        monthly=monthly,
        subscription_id=subscription_id,
        customer_id=id_of(invoice["customer"]),
        invoice_id=invoice["id"],
        next_attempt_at=_moment_if_any(invoice["next_payment_attempt"]),
        told_at=told_at,
    )


def _whose(invoice: StripeObject) -> tuple[UUID | None, str] | None:
    """Our mark, where it was on the subscription when the invoice was made, and the subscription.

    None for an invoice of no subscription: those are never ours.
    """
    details = (invoice["parent"] or {}).get("subscription_details")
    if not details:
        return None
    return _reference(details["metadata"]), id_of(details["subscription"])


def _reference(metadata: Mapping[str, str] | None) -> UUID | None:
    reference = (metadata or {}).get(OUR_MONTHLY_KEY)
    return UUID(reference) if reference else None


def _moment_if_any(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


MONTHLY_READERS: Final[Mapping[str, MonthlyReader]] = {
    "invoice.paid": read_paid_invoice,
    "invoice.payment_failed": _read_failed_invoice,
    "invoice_payment.paid": read_invoice_payment,
    "customer.subscription.created": partial(read_subscription, telling=Telling.BEGAN),
    "customer.subscription.updated": read_subscription,
    "customer.subscription.deleted": partial(read_subscription, telling=Telling.ENDED),
}
