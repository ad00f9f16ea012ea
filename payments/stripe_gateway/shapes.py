"""What all of Stripe's objects have in common."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

StripeObject = Mapping[str, Any]


def moment(seconds: int) -> datetime:
    """Stripe's seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def id_of(reference: str | StripeObject | None) -> str:
    """The id of an object that may stand there whole, by its id alone, or not at all."""
    if reference is None:
        return ""
    return reference if isinstance(reference, str) else str(reference["id"])


def encode_shape(shape: StripeObject) -> str:
    """An object that the SDK has read, as JSON again: as Stripe sent it.

    The SDK makes a ``Decimal`` of what Stripe writes as text (``unit_amount_decimal``).
    """
    return json.dumps(shape, default=_decimal_text)


def _decimal_text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"Stripe sends no {type(value).__name__}")
