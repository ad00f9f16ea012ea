"""The site is killed while it gives money back, and the donor gets it once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from payments.models import CardDonation
from payments.stripe_gateway import OUR_METADATA_KEY
from tests.faults.site import Site, running_site, wait_until
from tests.pretend_stripe.process import PretendStripe, a_session, running_pretend_stripe
from tests.stripe_events import checkout_event

pytestmark = pytest.mark.fault

_WAITERS = "SELECT count(*) FROM pg_locks WHERE NOT granted"
_SENT = "SELECT count(*) FROM payments_refundorder WHERE sent_at IS NOT NULL"
_DONE = "SELECT count(*) FROM payments_refundorder WHERE outcome = 'refunded'"
_REFUNDS = "SELECT count(*) FROM payments_cardrefund"


@contextmanager
def a_paid_donation(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, PretendStripe]]:
    """A site with a donation of £25 that was paid, of which £10 is ordered back; it is down."""
    with running_pretend_stripe() as stripe:
        monkeypatch.setenv("STRIPE_API_BASE", stripe.url)
        with running_site(donations=1) as (site, (donation,)):
            paid = checkout_event(donation, payment=pay(stripe, donation))
            assert site.deliver(json.dumps(paid).encode()) == 200
            wait_until(lambda: site.raised_minor() == 2500, why=site.log)
            site.kill()
            site.run("-m", "tests.faults.order_refund", str(donation.reference))
            yield site, stripe


def pay(stripe: PretendStripe, donation: CardDonation) -> str:
    marked = {OUR_METADATA_KEY: str(donation.reference)}
    session = a_session(metadata=marked, payment_intent_data={"metadata": marked})
    with stripe.sdk() as sdk:
        session_id = sdk.v1.checkout.sessions.create(session).id
    return str(stripe.pay(session_id)["payment_intent"])


def let_the_claim_run_out(site: Site) -> None:
    """A minute passes."""
    with psycopg.connect(site.database.url, autocommit=True) as connection:
        connection.execute("UPDATE payments_refundorder SET next_attempt_at = now()")


def expect_it_given_back_once(site: Site, stripe: PretendStripe) -> None:
    wait_until(lambda: site.ask(_DONE) == 1, why=site.log)
    assert site.raised_minor() == 1500
    assert site.ask(_REFUNDS) == 1
    assert stripe.state()["refunds"] == 1
    site.manage("audit_books")


def test_killed_between_stripes_answer_and_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_paid_donation(monkeypatch) as (site, stripe):
        with psycopg.connect(site.database.url) as holding:
            # The chore has Stripe's answer and then waits here for the donation, mid-booking.
            holding.execute("SELECT 1 FROM payments_carddonation FOR UPDATE")
            site.start()
            wait_until(lambda: stripe.state()["refunds"] == 1, why=site.log)
            wait_until(lambda: site.ask(_WAITERS) > 0, why=site.log)
            site.kill()
        assert site.ask(_REFUNDS) == 0
        assert site.ask(_SENT) == 1

        site.start()
        let_the_claim_run_out(site)
        expect_it_given_back_once(site, stripe)


def test_killed_while_stripe_is_at_work_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_paid_donation(monkeypatch) as (site, stripe):
        stripe.turn(latency_seconds=1.5)
        site.start()
        wait_until(lambda: site.ask(_SENT) == 1, why=site.log)
        site.kill()
        assert site.ask(_DONE) == 0

        stripe.turn(latency_seconds=0)
        site.start()
        let_the_claim_run_out(site)
        expect_it_given_back_once(site, stripe)
