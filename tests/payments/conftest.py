"""The stand-in for Stripe, for the tests that ask Stripe something."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from payments.stripe_gateway.client import close_connections
from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe


@pytest.fixture(scope="package")
def stand_in() -> Iterator[PretendStripe]:
    """One process for all of them."""
    with running_pretend_stripe() as process:
        yield process


@pytest.fixture
def stripe(stand_in: PretendStripe, settings: Settings, db: None) -> Iterator[PretendStripe]:
    """Our gateway asks the stand-in, which has forgotten everything."""
    stand_in.reset()
    settings.STRIPE_API_BASE = stand_in.url
    yield stand_in
    close_connections()
