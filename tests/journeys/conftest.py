"""The whole road over real HTTP: our pages, the stand-in for Stripe, webhooks, the worker."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import httpx
import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from payments import worker as worker_module
from payments.chores import CHORES
from payments.stripe_gateway.client import close_connections
from payments.worker import InboxWorker
from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe

Json: TypeAlias = dict[str, Any]

# Stripe's usual second or two would only make the tests slow.
PROMPT: dict[str, Any] = {"charge_updated_delay_seconds": [0.05, 0.1]}


@pytest.fixture(scope="package")
def stand_in(live_server: LiveServer) -> Iterator[PretendStripe]:
    """The stand-in, sending its webhooks to our server."""
    with running_pretend_stripe(
        webhook_url=f"{live_server.url}/stripe/webhook/",
        webhook_secret="whsec_for_tests",
        retry_seconds=[0.05, 0.1, 0.2, 0.5, 1, 1, 1, 2, 2, 2],
        knobs=PROMPT,
    ) as process:
        yield process


@pytest.fixture
def stripe(
    stand_in: PretendStripe,
    live_server: LiveServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    transactional_db: None,
) -> Iterator[PretendStripe]:
    """The stand-in with nothing in it, known to our gateway; and our worker at work."""
    stand_in.reset()
    settings.STRIPE_API_BASE = stand_in.url
    settings.BASE_URL = live_server.url
    # Two states of one second are told apart by the sweep, which asks Stripe.
    hurry = {"balance": 0.05, "sweep": 2.0}
    hurried = tuple(
        replace(chore, every_seconds=hurry.get(chore.name, chore.every_seconds)) for chore in CHORES
    )
    monkeypatch.setattr(worker_module, "CHORES", hurried)
    worker = InboxWorker()
    worker.start()
    yield stand_in
    stand_in.reset()  # before the tables are emptied: a late webhook would meet the next test
    # A question to Stripe that outlived its test would be noted among the next test's chores.
    assert worker.stop(timeout_seconds=90)
    close_connections()


@pytest.fixture
def donor(live_server: LiveServer) -> Iterator[httpx.Client]:
    """A donor's browser, without JavaScript."""
    with httpx.Client(base_url=live_server.url, trust_env=False, timeout=20) as browser:
        yield browser
