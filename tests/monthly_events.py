"""Stripe's events about monthly donations, whole as Stripe's OpenAPI wants them."""

from typing import Any, Final
from uuid import UUID

from funds.money import Money
from payments.models import MonthlyDonation
from payments.stripe_gateway import OUR_MONTHLY_KEY
from payments.stripe_gateway.amounts import to_stripe
from tests.stripe_events import NOON, Event, make_event

MONTH: Final = 30 * 24 * 60 * 60
OFF: Final = {"enabled": False}


def subscription_of(monthly: MonthlyDonation) -> str:
    """The id of the one subscription that belongs to a monthly donation in these tests."""
    return f"sub_{monthly.reference.hex[:16]}"


def customer_of(monthly: MonthlyDonation) -> str:
    return f"cus_{monthly.reference.hex[:16]}"


def invoice_of(monthly: MonthlyDonation, month: int = 1) -> str:
    return f"in_{monthly.reference.hex[:16]}_{month}"


def payment_of_month(monthly: MonthlyDonation, month: int = 1) -> str:
    return f"pi_{monthly.reference.hex[:16]}_{month}"


def monthly_metadata(reference: UUID) -> dict[str, str]:
    return {OUR_MONTHLY_KEY: str(reference)}


def session_event(
    monthly: MonthlyDonation,
    kind: str = "checkout.session.completed",
    *,
    created: int = NOON,
    **changes: Any,
) -> Event:
    is_over = kind.endswith("expired")
    session = {
        "id": f"cs_test_{monthly.reference.hex}",
        "object": "checkout.session",
        "amount_total": to_stripe(monthly.amount),
        "automatic_tax": {**OFF, "liability": None, "provider": None, "status": None},
        "client_reference_id": str(monthly.reference),
        "created": created - 60,
        "currency": monthly.amount.currency.code.lower(),
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None if is_over else customer_of(monthly),
        "expires_at": created + 3600,
        "invoice": None if is_over else invoice_of(monthly),
        "livemode": False,
        "metadata": monthly_metadata(monthly.reference),
        "mode": "subscription",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid" if is_over else "paid",
        "shipping_options": [],
        "status": "expired" if is_over else "complete",
        "subscription": None if is_over else subscription_of(monthly),
    }
    return make_event(kind, session | changes, created=created)


def subscription_event(
    monthly: MonthlyDonation,
    kind: str = "customer.subscription.updated",
    *,
    amount: Money | None = None,
    status: str = "active",
    created: int = NOON,
    next_at: int = NOON + MONTH,
    **changes: Any,
) -> Event:
    """``amount`` is a month's, ``next_at`` when the month that is paid for ends."""
    return make_event(
        kind,
        subscription(monthly, amount=amount, status=status, next_at=next_at) | changes,
        created=created,
    )


def subscription(
    monthly: MonthlyDonation,
    *,
    amount: Money | None = None,
    status: str = "active",
    next_at: int = NOON + MONTH,
) -> dict[str, Any]:
    asked = amount or monthly.amount
    currency = asked.currency.code.lower()
    subscription_id = subscription_of(monthly)
    price = {
        "id": f"price_{to_stripe(asked)}",
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": NOON,
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "product": f"prod_{monthly.reference.hex[:16]}",
        "type": "recurring",
        "unit_amount": to_stripe(asked),
    }
    item = {
        "id": f"si_{monthly.reference.hex[:16]}",
        "object": "subscription_item",
        "created": NOON,
        "current_period_end": next_at,
        "current_period_start": next_at - MONTH,
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": subscription_id,
        "tax_rates": [],
    }
    return {
        "id": subscription_id,
        "object": "subscription",
        "automatic_tax": {**OFF, "disabled_reason": None, "liability": None},
        "billing_cycle_anchor": NOON,
        "billing_mode": {"type": "flexible"},
        "billing_schedules": [],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "collection_method": "charge_automatically",
        "created": NOON,
        "currency": currency,
        "customer": customer_of(monthly),
        "discounts": [],
        "ended_at": next_at - MONTH if status == "canceled" else None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": {
            "object": "list",
            "data": [item],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={subscription_id}",
        },
        "livemode": False,
        "metadata": monthly_metadata(monthly.reference),
        "start_date": NOON,
        "status": status,
    }


def invoice_event(
    monthly: MonthlyDonation,
    kind: str = "invoice.paid",
    *,
    month: int = 1,
    amount: Money | None = None,
    created: int = NOON,
    **changes: Any,
) -> Event:
    """``amount`` is what the month costs; with ``subscription_metadata`` our mark is another."""
    metadata = changes.pop("subscription_metadata", monthly_metadata(monthly.reference))
    return make_event(
        kind,
        invoice(monthly, kind, month=month, amount=amount, created=created, metadata=metadata)
        | changes,
        created=created,
    )


def invoice(
    monthly: MonthlyDonation,
    kind: str = "invoice.paid",
    *,
    month: int = 1,
    amount: Money | None = None,
    created: int = NOON,
    metadata: Any = None,
) -> dict[str, Any]:
    is_paid = kind == "invoice.paid"
    total = to_stripe(amount if amount is not None else monthly.amount)
    return {
        "id": invoice_of(monthly, month),
        "object": "invoice",
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": total if is_paid else 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0 if is_paid else total,
        "amount_shipping": 0,
        "attempt_count": 1,
        "attempted": True,
        "auto_advance": True,
        "automatic_tax": {
            **OFF,
            "disabled_reason": None,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "collection_method": "charge_automatically",
        "created": created - 60,
        "currency": monthly.amount.currency.code.lower(),
        "customer": customer_of(monthly),
        "customer_email": "someone@example.org",
        "customer_name": "A Donor",
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "lines": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/invoices/{invoice_of(monthly, month)}/lines",
        },
        "livemode": False,
        "next_payment_attempt": None if is_paid else created + 3 * 24 * 60 * 60,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": metadata,
                "subscription": subscription_of(monthly),
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": created,
        "period_start": created - MONTH,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "paid" if is_paid else "open",
        "status_transitions": {
            "finalized_at": created - 60,
            "marked_uncollectible_at": None,
            "paid_at": created if is_paid else None,
            "voided_at": None,
        },
        "subtotal": total,
        "total": total,
    }


def invoice_payment_event(
    monthly: MonthlyDonation,
    *,
    month: int = 1,
    amount: Money | None = None,
    payment: str = "",
    paid_at: int = NOON,
    created: int | None = None,
    **changes: Any,
) -> Event:
    """``paid_at`` is when the payment succeeded, ``created`` when the event was made."""
    brought = to_stripe(amount if amount is not None else monthly.amount)
    thing = {
        "id": f"inpay_{monthly.reference.hex[:16]}_{month}",
        "object": "invoice_payment",
        "amount_paid": brought,
        "amount_requested": brought,
        "created": paid_at - 60,
        "currency": monthly.amount.currency.code.lower(),
        "invoice": invoice_of(monthly, month),
        "is_default": True,
        "livemode": False,
        "payment": {
            "payment_intent": payment or payment_of_month(monthly, month),
            "type": "payment_intent",
        },
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": paid_at},
    }
    told = paid_at if created is None else created
    return make_event("invoice_payment.paid", thing | changes, created=told)


def month_events(monthly: MonthlyDonation, month: int = 1, **changes: Any) -> list[Event]:
    """The two events that together are one month's money."""
    created = changes.pop("created", NOON)
    return [
        invoice_event(monthly, month=month, created=created, **changes),
        invoice_payment_event(monthly, month=month, paid_at=created, **changes),
    ]


def beginning(monthly: MonthlyDonation) -> list[Event]:
    """A monthly donation that begins: its Checkout, its subscription and the first month."""
    return [
        session_event(monthly),
        subscription_event(monthly, "customer.subscription.created"),
        *month_events(monthly),
    ]
