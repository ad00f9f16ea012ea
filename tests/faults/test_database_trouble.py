"""PostgreSQL is away, refuses, or reads only for a while: Stripe tells again, and all is booked."""

import json
import os

import psycopg
import pytest

from payments.stripe_gateway import OUR_METADATA_KEY
from tests.faults.site import Site, running_site, wait_until
from tests.pretend_stripe.process import a_session, running_pretend_stripe
from tests.stripe_events import WEBHOOK, checkout_event

pytestmark = pytest.mark.fault

_ATTEMPTS = "SELECT sum(attempts) FROM payments_webhookevent"
_EVENTS = "SELECT count(*) FROM payments_webhookevent"


def set_in_database(site: Site, setting: str) -> None:
    """At once, for sessions that stand too."""
    with psycopg.connect(site.database.url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")


def test_a_transient_error_of_the_database_in_mid_booking_and_the_retry_books() -> None:
    """GamesDoneQuick dropped the retry as a duplicate, and a paid donation stayed pending."""
    with running_site(donations=1) as (site, (donation,)):
        body = json.dumps(checkout_event(donation)).encode()
        set_in_database(site, "lock_timeout = '300ms'")
        with psycopg.connect(site.database.url) as holding:
            # The worker has claimed the event, and the database refuses it the donation's row.
            holding.execute("SELECT 1 FROM payments_carddonation FOR UPDATE")
            assert site.deliver(body) == 200
            wait_until(lambda: "failed the inbox's worker: OperationalError" in site.log())
            assert site.deliver(body) == 200, "a retry is a duplicate, and harms nothing"
            assert site.ask(_ATTEMPTS) == 0, "the database's trouble is not the event's"
        wait_until(lambda: site.raised_minor() == 2500, why=site.log)
        assert (site.ask(_EVENTS), site.ask(_ATTEMPTS)) == (1, 1)
        site.manage("audit_books")


def test_a_database_that_only_reads_for_a_while_keeps_nothing_and_says_so() -> None:
    """As a standby does until it is promoted, and PostgreSQL when its disk is nearly full."""
    with running_site(donations=2) as (site, (first, second)):
        bodies = [json.dumps(checkout_event(one)).encode() for one in (first, second)]
        set_in_database(site, "default_transaction_read_only = on")
        assert [site.deliver(body) for body in bodies] == [500, 500]
        assert site.ask(_EVENTS) == 0

        set_in_database(site, "default_transaction_read_only = off")
        assert [site.deliver(body) for body in bodies] == [200, 200]
        wait_until(lambda: site.raised_minor() == 5000, why=site.log)
        site.manage("audit_books")


def test_a_webhook_that_comes_while_postgresql_is_down_is_refused_and_stripes_retry_is_booked() -> (
    None
):
    with running_site(donations=1) as (site, (donation,)):
        marked = {OUR_METADATA_KEY: str(donation.reference)}
        session = a_session(metadata=marked, payment_intent_data={"metadata": marked})
        with running_pretend_stripe(
            webhook_url=f"{site.url}{WEBHOOK}",
            webhook_secret=os.environ["STRIPE_WEBHOOK_SECRETS"].split(",")[0],
            retry_seconds=[0.2, 0.5, 1, 1, 1, 2, 2, 2, 5, 5, 5, 5],
            knobs={"redirect_wait_seconds": 0.0},
        ) as stripe:
            with stripe.sdk() as sdk:
                session_id = sdk.v1.checkout.sessions.create(session).id
            site.database.stop(mode="fast")
            stripe.pay(session_id)
            wait_until(lambda: stripe.state()["deliveries"]["attempts"] >= 3)
            assert stripe.state()["deliveries"]["delivered"] == 0, "each was answered 5xx"
            assert site.readiness() == 503

            site.database.start_again()
            wait_until(lambda: site.raised_minor() == 2500, why=site.log)
            stripe.settle(timeout_seconds=60)
            assert stripe.state()["deliveries"]["failed"] == 0
        site.manage("audit_books")
