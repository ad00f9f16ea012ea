"""What the site stands on is killed, and no donation is lost or doubled."""

import json
import threading
import time

import psycopg
import pytest

from tests.faults.site import Site, running_site, wait_until
from tests.stripe_events import checkout_event, intent_event

pytestmark = pytest.mark.fault


def test_killed_between_keeping_and_booking_it_books_once_after_the_restart() -> None:
    with running_site(donations=1) as (site, (donation,)):
        body = json.dumps(checkout_event(donation)).encode()
        with psycopg.connect(site.database.url) as holding:
            # The worker claims the event and then waits here for the donation, mid-transaction.
            holding.execute("SELECT 1 FROM payments_carddonation FOR UPDATE")
            assert site.deliver(body) == 200
            wait_until(lambda: site.ask(_WAITERS) > 0, why=site.log)
            site.kill()
        wait_until(lambda: site.ask(_OTHERS) == 0)
        assert site.ask("SELECT count(*) FROM payments_webhookevent") == 1
        assert site.ask("SELECT count(*) FROM funds_journalentry") == 0

        site.start()
        wait_until(lambda: site.raised_minor() == 2500, why=site.log)
        assert site.deliver(body) == 200
        assert site.deliver(json.dumps(intent_event(donation)).encode()) == 200
        wait_until(lambda: site.ask(_WAITING) == 0, why=site.log)
        assert site.raised_minor() == 2500
        site.manage("audit_books")


def test_postgresql_restarted_under_load_loses_no_donation() -> None:
    """Readiness goes red and green again; Stripe, as it does, sends again what was not answered."""
    with running_site(donations=160) as (site, donations):
        bodies = [json.dumps(checkout_event(one)).encode() for one in donations]
        under_way, answered = threading.Event(), list[bytes]()
        senders = [
            threading.Thread(
                target=_send_as_stripe, args=(site, bodies[start::4], under_way, answered)
            )
            for start in range(4)
        ]
        for sender in senders:
            sender.start()
        under_way.wait(timeout=30)

        site.database.stop(mode="immediate")
        assert 0 < len(answered) < 160, "it was to happen under load"
        wait_until(lambda: site.readiness() == 503, why=site.log)
        site.database.start_again()
        wait_until(lambda: site.readiness() == 200, why=site.log)

        for sender in senders:
            sender.join(timeout=60)
        wait_until(lambda: site.raised_minor() == 160 * 2500, why=site.log)
        assert site.ask("SELECT count(*) FROM funds_journalentry") == 160
        assert site.ask(_WAITING) == 0
        site.manage("audit_books")


def _send_as_stripe(
    site: Site, bodies: list[bytes], under_way: threading.Event, answered: list[bytes]
) -> None:
    """Send each event until it is answered 200."""
    for body in bodies:
        while site.deliver(body) != 200:
            time.sleep(0.05)
        answered.append(body)
        if len(answered) >= 24:
            under_way.set()


_WAITING = "SELECT count(*) FROM payments_webhookevent WHERE processed_at IS NULL"
_WAITERS = "SELECT count(*) FROM pg_locks WHERE NOT granted"
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
