"""Everything is learned by asking, of an API that is slow, says 429 or 500, or cuts its answers."""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from django.test import Client

from appeals.models import Appeal
from funds.audit import audit_ledger
from payments.audit import audit_till
from payments.inbox import sweep as sweep_module
from payments.inbox.sweep import sweep
from payments.models import CardDonation, WebhookEvent
from payments.stripe_gateway import client as client_module
from payments.stripe_gateway.client import StripeUnavailableError
from tests.factories import gbp, make_appeal
from tests.payments.books import fees, held_by_stripe, raised_by_card
from tests.pretend_stripe.process import PretendStripe

pytestmark = pytest.mark.django_db

MONTH: Final = timedelta(days=30)
_MOST_SWEEPS: Final = 120

TROUBLES: Final[dict[str, dict[str, Any]]] = {
    "slow": {"latency_seconds": 3.0},
    "429": {"fail_with": "429"},
    "500": {"fail_with": "500"},
    "cut in mid-answer": {"fail_with": "cut"},
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is too young for the sweep, and nobody waits long for an answer."""
    for name in ("_IN_DELIVERY", "_STRAY_AFTER"):
        monkeypatch.setattr(sweep_module, name, timedelta(seconds=-5))
    monkeypatch.setattr(client_module._connections(), "_timeout", 1.5)  # noqa: SLF001 - hurry


@pytest.fixture
def appeal(client: Client, stripe: PretendStripe) -> Appeal:
    """With three donations that came and a refund, of which not a word has reached us."""
    appeal = make_appeal("rally")
    stripe.turn(drop=1.0)
    with stripe.sdk() as sdk:
        sdk.v1.webhook_endpoints.create(
            {"url": "http://127.0.0.1:9/stripe/webhook/", "enabled_events": ["*"]}
        )
    for _ in range(3):
        client.post("/appeals/rally/give/", {"amount": "25", "reference": str(uuid4())})
    paid = [
        str(stripe.pay(str(donation.checkout_session_id))["payment_intent"])
        for donation in CardDonation.objects.all()
    ]
    stripe.control("refund_in_dashboard", payment_intent=paid[0], amount=500)
    stripe.settle()
    return appeal


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_api_in_trouble_is_asked_again_until_all_is_booked_and_once(
    stripe: PretendStripe, appeal: Appeal, trouble: str
) -> None:
    stripe.turn(**TROUBLES[trouble])
    with pytest.raises(StripeUnavailableError):
        sweep(within=MONTH)
    assert raised_by_card(appeal) == gbp(0)

    stripe.turn(**TROUBLES[trouble] | {"latency_seconds": 0.0, "fail_probability": 0.5})
    sweeps = 0
    while held_by_stripe() != gbp(75) - gbp(5) - gbp("0.58") * 3:
        sweeps += 1
        assert sweeps < _MOST_SWEEPS, WebhookEvent.objects.filter(processed_at=None).values()
        try:
            sweep(within=MONTH)
        except StripeUnavailableError:
            continue
    assert raised_by_card(appeal) == gbp(70)
    assert fees() == gbp("0.58") * 3

    stripe.turn(fail_with=None)
    sweep(within=MONTH)
    assert (raised_by_card(appeal), fees()) == (gbp(70), gbp("0.58") * 3)
    assert not WebhookEvent.objects.filter(processed_at=None).exists()
    assert [*audit_ledger(), *audit_till()] == []
