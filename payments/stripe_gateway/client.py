"""The client of Stripe's API, and the one error that it ends in."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

import stripe
from django.conf import settings

from payments.stripe_gateway import API_VERSION

TIMEOUT_SECONDS: Final = 6
"""For one attempt; the SDK makes up to three. A donor waits for it."""

PAGE_SIZE: Final = 100
"""The most that Stripe lists at once."""


class StripeUnavailableError(Exception):
    """Stripe could not be asked, or answered with an error. Nothing was decided.

    ``was_answered`` is true when Stripe itself refused: it then gives the same answer to the
    same idempotency key.
    """

    def __init__(self, message: str, *, was_answered: bool) -> None:
        super().__init__(message)
        self.was_answered = was_answered


@contextmanager
def answers() -> Iterator[None]:
    """Turn the SDK's errors into ours; their messages name parameters, never a donor."""
    try:
        yield
    except stripe.StripeError as error:
        raise StripeUnavailableError(
            f"{type(error).__name__}: {error.code or error.http_status or 'no answer'}",
            was_answered=error.http_status is not None,
        ) from error


def close_connections() -> None:
    """Close the connections that this thread keeps to Stripe. The next question opens anew."""
    _connections().close()  # type: ignore[no-untyped-call]  # the SDK gives it no types


def client() -> stripe.StripeClient:
    """Stripe's own client, with our key and version."""
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


@lru_cache(maxsize=4)
def _client_for(secret_key: str, api_base: str) -> stripe.StripeClient:
    """One client for all threads: it keeps a connection for each."""
    return stripe.StripeClient(
        secret_key,
        stripe_version=API_VERSION,
        base_addresses={"api": api_base} if api_base else {},
        max_network_retries=2,
        http_client=_connections(),
    )


@lru_cache(maxsize=1)
def _connections() -> stripe.RequestsClient:
    return stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
