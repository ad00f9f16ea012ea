"""Stripe faked at the wire: signed events through the real endpoint.

Makers name only what matters and fill in the rest as Stripe does.
"""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.test import Client

from payments.models import CardDonation
from payments.stripe_gateway import API_VERSION, OUR_METADATA_KEY
from payments.stripe_gateway.amounts import to_stripe

WEBHOOK: Final = "/stripe/webhook/"
NOON: Final = 1_795_435_200  # 2026-11-23 12:00 UTC, seconds since the epoch

Event = dict[str, Any]
_numbers = itertools.count(1)

_EVIDENCE: Final = """
    access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
    cancellation_rebuttal customer_communication customer_email_address customer_name
    customer_purchase_ip customer_signature duplicate_charge_documentation
    duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy
    refund_policy_disclosure refund_refusal_explanation service_date service_documentation
    shipping_address shipping_carrier shipping_date shipping_documentation
    shipping_tracking_number uncategorized_file uncategorized_text
"""


def sign(body: bytes, *, secret: str = "", sent_at: int | None = None) -> str:
    """The header that Stripe would send. Scheme: docs.stripe.com/webhooks/signature."""
    moment = int(time.time()) if sent_at is None else sent_at
    return f"t={moment},v1={digest(body, moment=moment, secret=secret)}"


def digest(body: bytes, *, moment: int, secret: str = "") -> str:
    key = (secret or settings.STRIPE_WEBHOOK_SECRETS[0]).encode()
    return hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def post(client: Client, body: bytes, *, signature: str) -> int:
    return client.post(
        WEBHOOK,
        data=body,
        content_type="application/json",
        headers={"Stripe-Signature": signature},
    ).status_code


def deliver(client: Client, event: Event, *, secret: str = "") -> int:
    """Sign and POST an event; the HTTP status."""
    body = json.dumps(event).encode()
    return post(client, body, signature=sign(body, secret=secret))


def make_event(
    kind: str, thing: dict[str, Any], *, event_id: str = "", created: int = NOON
) -> Event:
    return {
        "id": event_id or f"evt_{next(_numbers)}",
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def payment_of(donation: CardDonation) -> str:
    """The id of the one payment intent that belongs to a donation in these tests."""
    return f"pi_{donation.reference.hex[:16]}"


def checkout_event(
    donation: CardDonation,
    kind: str = "checkout.session.completed",
    *,
    payment_status: str = "paid",
    payment: str | None = None,
    created: int = NOON,
    event_id: str = "",
    **changes: Any,
) -> Event:
    session = {
        "id": f"cs_test_{donation.reference.hex}",
        "object": "checkout.session",
        "amount_total": to_stripe(donation.amount),
        "client_reference_id": str(donation.reference),
        "created": created - 60,
        "currency": donation.amount.currency.code.lower(),
        "customer_details": {"email": "someone@example.org", "name": "A Donor"},
        "metadata": metadata(donation.reference),
        "mode": "payment",
        "payment_intent": payment or payment_of(donation),
        "payment_status": payment_status,
        "status": "complete",
    }
    return make_event(kind, session | changes, event_id=event_id, created=created)


def intent_event(
    donation: CardDonation,
    kind: str = "payment_intent.succeeded",
    *,
    created: int = NOON,
    **changes: Any,
) -> Event:
    amount = to_stripe(donation.amount)
    intent = {
        "id": payment_of(donation),
        "object": "payment_intent",
        "amount": amount,
        "amount_received": amount if kind.endswith("succeeded") else 0,
        "created": created - 60,
        "currency": donation.amount.currency.code.lower(),
        "metadata": metadata(donation.reference),
        "status": kind.rpartition(".")[2],
    }
    return make_event(kind, intent | changes, created=created)


def charge_event(
    donation: CardDonation, kind: str = "charge.updated", *, created: int = NOON, **changes: Any
) -> Event:
    charge = {
        "id": f"ch_{donation.reference.hex[:16]}",
        "object": "charge",
        "amount": to_stripe(donation.amount),
        "amount_refunded": 0,
        "balance_transaction": f"txn_{donation.reference.hex[:16]}",
        "created": created,
        "currency": donation.amount.currency.code.lower(),
        "metadata": metadata(donation.reference),
        "paid": True,
        "payment_intent": payment_of(donation),
    }
    return make_event(kind, charge | changes, created=created)


def refund_event(
    donation: CardDonation,
    kind: str = "refund.created",
    *,
    amount: int | None = None,
    refund: str = "re_1",
    status: str = "succeeded",
    created: int = NOON,
    told: int | None = None,
    **changes: Any,
) -> Event:
    """``amount`` in minor units, all of it by default; ``told`` is the event's own moment."""
    thing = {
        "id": refund,
        "object": "refund",
        "amount": to_stripe(donation.amount) if amount is None else amount,
        "balance_transaction": f"txn_{refund}",
        "charge": f"ch_{donation.reference.hex[:16]}",
        "created": created,
        "currency": donation.amount.currency.code.lower(),
        "metadata": {},
        "payment_intent": payment_of(donation),
        "status": status,
    }
    return make_event(kind, thing | changes, created=created if told is None else told)


def dispute_line(
    amount: int, *, line: str = "", fee: int = 0, currency: str = "gbp", created: int = NOON
) -> dict[str, Any]:
    """A line of Stripe's balance, in minor units: negative when the bank took the money."""
    kind = "dispute" if amount < 0 else "dispute_reversal"
    details = {"amount": fee, "application": None, "currency": currency, "type": "stripe_fee"}
    return {
        "id": line or f"txn_{next(_numbers)}",
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": "Chargeback withdrawal" if amount < 0 else "Chargeback reversal",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [details | {"description": "Dispute fee"}] if fee else [],
        "net": amount - fee,
        "reporting_category": kind,
        "source": None,
        "status": "available",
        "type": "adjustment",
    }


def dispute_event(
    donation: CardDonation,
    kind: str = "charge.dispute.created",
    *,
    lines: Iterable[dict[str, Any]] = (),
    dispute: str = "du_1",
    status: str = "needs_response",
    created: int = NOON,
    told: int | None = None,
    **changes: Any,
) -> Event:
    """``lines`` by ``dispute_line``; ``told`` is the event's own moment."""
    thing = {
        "id": dispute,
        "object": "dispute",
        "amount": to_stripe(donation.amount),
        "balance_transactions": list(lines),
        "charge": f"ch_{donation.reference.hex[:16]}",
        "created": created,
        "currency": donation.amount.currency.code.lower(),
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE.split()) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": created + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": status.startswith("warning"),
        "livemode": False,
        "metadata": {},
        "payment_intent": payment_of(donation),
        "reason": "fraudulent",
        "status": status,
    }
    return make_event(kind, thing | changes, created=created if told is None else told)


def metadata(reference: UUID) -> dict[str, str]:
    return {OUR_METADATA_KEY: str(reference)}
