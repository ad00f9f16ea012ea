import json
from datetime import timedelta

import pytest
from django.utils import timezone

from payments.inbox.strip import strip_old_events
from payments.models import WebhookEvent
from payments.stripe_gateway.facts import PaymentReceived
from payments.stripe_gateway.reading import read_event
from tests.payments.test_audit import keep_event, paid_intent

pytestmark = pytest.mark.django_db

PERSONAL = {
    "receipt_email": "supporter@example.org",
    "shipping": {"name": "A Supporter", "address": {"line1": "1 Example Street"}},
    "charges": {"data": [{"billing_details": {"email": "supporter@example.org"}}]},
}


def keep(*, processed_days_ago: int | None) -> WebhookEvent:
    settled: dict[str, object] = {"processed_at": None, "outcome": ""}
    if processed_days_ago is not None:
        moment = timezone.now() - timedelta(days=processed_days_ago)
        settled = {"processed_at": moment, "outcome": "booked"}
    return keep_event("payment_intent.succeeded", paid_intent() | PERSONAL, **settled)


def test_personal_fields_go_after_30_days_and_the_fact_stays() -> None:
    event = keep(processed_days_ago=31)
    told = read_event(json.loads(event.body))

    assert strip_old_events() == 1

    event.refresh_from_db()
    for personal in ("supporter@example.org", "A Supporter", "Example Street"):
        assert personal not in event.body
    assert event.stripped_at is not None
    assert isinstance(told, PaymentReceived)
    assert read_event(json.loads(event.body)) == told


def test_stripping_is_done_once() -> None:
    keep(processed_days_ago=31)

    assert [strip_old_events(), strip_old_events()] == [1, 0]


@pytest.mark.parametrize("processed_days_ago", [29, None])
def test_younger_and_waiting_events_keep_theirs(processed_days_ago: int | None) -> None:
    event = keep(processed_days_ago=processed_days_ago)

    assert strip_old_events() == 0

    event.refresh_from_db()
    assert "supporter@example.org" in event.body
