"""Signed events as Stripe sends them for a donation by card, of about its size."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings

from payments.stripe_gateway import API_VERSION, OUR_METADATA_KEY

# Members that Stripe sends and we do not read; they bring an event to the usual 4 KB.
_REST: Final = {f"member_{number}": "x" * 60 for number in range(45)}


class Message(NamedTuple):
    """A request to the endpoint."""

    body: bytes
    signature: str


def payment_of(reference: UUID) -> str:
    """The id of a donation's payment."""
    return f"pi_{reference.hex[:20]}"


def donation_messages(reference: UUID, *, amount_minor: int, created: int = 0) -> Iterator[Message]:
    """What is sent for one paid donation: completed, succeeded, and later the charge's line."""
    name, payment = reference.hex[:20], payment_of(reference)
    created = created or int(time.time())
    ours = {"metadata": {OUR_METADATA_KEY: str(reference)}, "currency": "gbp", "created": created}
    yield _message(
        "checkout.session.completed",
        ours
        | {"id": f"cs_test_{name}", "object": "checkout.session", "amount_total": amount_minor}
        | {"payment_intent": payment, "payment_status": "paid"},
        created,
    )
    yield _message(
        "payment_intent.succeeded",
        ours | {"id": payment, "object": "payment_intent", "amount_received": amount_minor},
        created,
    )
    yield _message(
        "charge.updated",
        ours
        | {"id": f"ch_{name}", "object": "charge", "payment_intent": payment, "paid": True}
        | {"balance_transaction": f"txn_{name}"},
        created,
    )


def _message(kind: str, thing: dict[str, Any], created: int) -> Message:
    event = {
        "id": f"evt_{kind}_{thing['id']}",
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": thing | _REST},
        "livemode": False,
        "pending_webhooks": 1,
        "type": kind,
    }
    body = json.dumps(event).encode()
    moment = int(time.time())
    signature = hmac.new(
        settings.STRIPE_WEBHOOK_SECRETS[0].encode(), f"{moment}.".encode() + body, hashlib.sha256
    ).hexdigest()
    return Message(body, f"t={moment},v1={signature}")
