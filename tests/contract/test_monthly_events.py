"""The monthly events that our tests tell are ones that Stripe could have sent."""

import uuid

import pytest

from funds.money import Money
from payments.models import MonthlyDonation
from tests.contract.openapi import check_event
from tests.monthly_events import (
    beginning,
    invoice_event,
    month_events,
    session_event,
    subscription_event,
)

pytestmark = pytest.mark.contract


def test_every_maker_makes_what_stripe_publishes() -> None:
    monthly = MonthlyDonation(reference=uuid.uuid4(), amount=Money("10.00", "GBP"))
    for event in (
        *beginning(monthly),
        *month_events(monthly, 2, amount=Money("12.50", "GBP")),
        session_event(monthly, "checkout.session.expired"),
        subscription_event(monthly, cancel_at=1_800_000_000, cancel_at_period_end=True),
        subscription_event(monthly, "customer.subscription.deleted", status="canceled"),
        subscription_event(monthly, status="past_due"),
        invoice_event(monthly, "invoice.payment_failed"),
    ):
        check_event(event)
