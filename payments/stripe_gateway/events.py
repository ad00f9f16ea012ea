"""Events at the door: is it from our Stripe, and what is it about?"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from django.conf import settings
from stripe import WebhookSignature

from payments.stripe_gateway.reading import StripeObject, id_of, moment

SIGNATURE_TOLERANCE_SECONDS: Final = 300

_PLAIN: Final = re.compile(r"[!-~]*")


class NotFromOurStripeError(Exception):
    """Forged, stale, malformed, or of another account or mode. ``reason`` is safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class VerifiedEvent:
    """An event that Stripe signed for us, or answered to our own request.

    ``body`` is the event as it came; ``created_at`` is aware, in UTC.
    """

    stripe_id: str
    type: str
    api_version: str
    object_id: str
    payment_intent_id: str
    created_at: datetime
    livemode: bool
    body: str


def verify_event(body: bytes, signature: str) -> VerifiedEvent:
    """Check the signature over the raw body, then parse it.

    Args:
        body: The request's bytes as they came; JSON written anew would not verify.
        signature: The ``Stripe-Signature`` header, or "" when there was none.

    Raises:
        NotFromOurStripeError: Any doubt at all. Nothing may be stored.

    Source: docs.stripe.com/webhooks/signature, "Verify manually".
    """
    if not _is_signed(body, signature):
        raise NotFromOurStripeError("signature")
    try:
        text = body.decode()
        return describe_event(json.loads(text, parse_constant=_refuse_constant), body=text)
    except NotFromOurStripeError:
        raise
    except Exception as error:  # whatever is wrong with it: it is not an event of Stripe's
        raise NotFromOurStripeError("malformed") from error


def describe_event(event: StripeObject, *, body: str) -> VerifiedEvent:
    """What we must know of an event to keep it.

    Raises:
        NotFromOurStripeError: It is of another mode or account.
        KeyError, TypeError, ValueError: It is no event.
    """
    thing: dict[str, Any] = event["data"]["object"]
    if event["object"] != "event" or not isinstance(thing, dict):
        raise ValueError("not an event")
    if event["livemode"] is not settings.STRIPE_LIVEMODE:
        raise NotFromOurStripeError("mode")
    if event.get("account"):  # only events of connected accounts name one
        raise NotFromOurStripeError("account")
    return VerifiedEvent(
        stripe_id=_plain(event["id"], longest=255, shortest=1),
        type=_plain(event["type"], longest=100, shortest=1),
        api_version=_plain(event.get("api_version") or "", longest=50),
        object_id=_plain(thing.get("id") or "", longest=255),
        payment_intent_id=_plain(_payment_intent_id(thing), longest=255),
        created_at=moment(event["created"]),
        livemode=event["livemode"],
        body=body,
    )


def _is_signed(body: bytes, signature: str) -> bool:
    """By any of the configured secrets, so that they can be rotated."""
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            WebhookSignature.verify_header(
                body, signature, secret, tolerance=SIGNATURE_TOLERANCE_SECONDS
            )
        except Exception:  # noqa: BLE001, S112 - a header of no text, a body of no UTF-8: not signed
            continue
        return True
    return False


def _payment_intent_id(thing: dict[str, Any]) -> str:
    if thing.get("object") == "payment_intent":
        return str(thing["id"])
    return id_of(thing.get("payment_intent"))


def _plain(text: object, *, longest: int, shortest: int = 0) -> str:
    if (
        not isinstance(text, str)
        or not shortest <= len(text) <= longest
        or not _PLAIN.fullmatch(text)
    ):
        raise ValueError("not a plain identifier")
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
