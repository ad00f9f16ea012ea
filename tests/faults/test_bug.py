"""A version with a bug is brought out, and mended."""

import json

import pytest

from tests.faults.site import Site, running_site, wait_until
from tests.storm.browser import Browser, Patience, hidden_fields
from tests.stripe_events import Event, checkout_event, refund_event

pytestmark = pytest.mark.fault

TILL = "/treasurer/till/"
_FAILED = """
SELECT count(*) FROM payments_webhookevent
 WHERE processed_at IS NULL AND last_error = 'RuntimeError: a planted bug'
"""
_UNDONE = "SELECT count(*) FROM payments_webhookevent WHERE processed_at IS NULL"


def tell(site: Site, event: Event) -> None:
    assert site.deliver(json.dumps(event).encode()) == 200


def log_in(site: Site) -> Browser:
    operator = Browser(site.url, Patience())
    form = hidden_fields(operator.get("/accounts/login/").text)
    sent = {**form, "login": "olive", "password": "a long password"}
    assert operator.post("/accounts/login/", sent).status_code == 302
    return operator


def test_events_wait_for_a_bug_to_be_mended_the_operator_sees_it_and_the_fix_books_them() -> None:
    """What the bug does not touch is booked meanwhile."""
    with running_site(donations=4) as (site, (first, *others)):
        tell(site, checkout_event(first))
        wait_until(lambda: site.raised_minor() == 2500, why=site.log)
        site.kill()

        site.start("-m", "tests.faults.buggy_manage")
        for donation in others:
            tell(site, checkout_event(donation))
        tell(site, refund_event(first, amount=500))
        wait_until(lambda: site.ask(_FAILED) == 3, why=site.log)
        wait_until(lambda: site.raised_minor() == 2000, why=site.log)
        with log_in(site) as operator:
            till = operator.get(TILL).text
            assert "RuntimeError: a planted bug" in till
            assert "3 events</span>" in till
            button = hidden_fields(till[till.index("Waiting, after an error") :])
            site.kill()

            site.start()
            assert operator.post(f"{TILL}try-again/", button).status_code == 302
            wait_until(lambda: site.raised_minor() == 2000 + 3 * 2500, why=site.log)
            assert "a planted bug" not in operator.get(TILL).text
        assert site.ask(_UNDONE) == 0
        site.manage("audit_books")
