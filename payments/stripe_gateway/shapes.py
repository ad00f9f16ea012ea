"""What all of Stripe's objects have in common."""

from collections.abc import Mapping
from datetime import UTC, datetime
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
