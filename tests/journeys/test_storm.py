"""Stripe at its worst: every webhook twice, shuffled, delayed, some refused at first."""

import random
import time
from collections import Counter
from uuid import uuid4

import httpx
import pytest

from appeals.models import Appeal
from funds.models import JournalEntry
from payments import inbox
from payments.balance.booking import due_lines
from payments.balance.importing import is_due
from payments.models import BalanceLine, CardDonation, WebhookEvent
from tests.audited import find_differences
from tests.factories import gbp, make_appeal
from tests.payments.books import fees, held_by_stripe, raised_by_card
from tests.pretend_stripe.process import PretendStripe

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_hundred_payments_with_refunds_come_out_to_the_penny(
    donor: httpx.Client, stripe: PretendStripe
) -> None:
    """Three hundred webhooks and more, over real HTTP, into the worker's threads."""
    dice = random.Random(11)  # noqa: S311 - a test
    appeal = make_appeal("rally", minimum=1)
    stripe.turn(duplicate=1, reorder=30, delay_seconds=[0.0, 0.3], refund_fails=0.3, seed=11)
    stripe.turn(redirect_wait_seconds=0.0)  # the donor of this test is in a hurry
    paid: list[tuple[str, int]] = []
    for _ in range(100):
        pence = dice.randint(100, 30_000)
        amount = f"{pence / 100:.2f}"
        donor.cookies.clear()  # another person's browser
        token = donor.get("/appeals/rally/give/").cookies["csrftoken"]
        sent = {"amount": amount, "reference": str(uuid4()), "csrfmiddlewaretoken": token}
        checkout = donor.post("/appeals/rally/give/", data=sent).headers["Location"]
        outcome = stripe.pay(checkout.rsplit("/", 1)[-1])
        paid.append((outcome["payment_intent"], pence))
    for intent, pence in dice.sample(paid, 40):
        part = dice.randint(1, pence)
        stripe.control("refund_in_dashboard", payment_intent=intent, amount=part)
        if part < pence and dice.random() < 0.5:
            stripe.control("refund_in_dashboard", payment_intent=intent, amount=pence - part)
    stripe.settle(timeout_seconds=60)
    wait_until_done()

    with stripe.sdk() as sdk:
        lines = [
            line.to_dict()
            for line in sdk.v1.balance_transactions.list({"limit": 100}).auto_paging_iter()
        ]
    moved: Counter[str] = Counter()
    for line in lines:
        moved["amount"] += line["amount"]
        moved["fee"] += line["fee"]
    assert WebhookEvent.objects.count() >= 300
    assert CardDonation.objects.exclude(received_entry=None).count() == 100
    assert raised_by_card(Appeal.objects.get()) == gbp(moved["amount"]) / 100
    assert fees() == gbp(moved["fee"]) / 100
    assert held_by_stripe() == gbp(moved["amount"] - moved["fee"]) / 100
    with_fees = sum(1 for line in lines if line["fee"])
    assert JournalEntry.objects.count() == len(lines) + with_fees
    assert BalanceLine.objects.exclude(booked_at=None).count() == len(lines)
    assert find_differences() == []
    assert raised_by_card(appeal) < gbp(sum(pence for _, pence in paid)) / 100


def wait_until_done(seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while inbox.count_waiting() or is_due() or due_lines().exists():
        assert time.monotonic() < deadline, WebhookEvent.objects.filter(processed_at=None).values()
        time.sleep(0.05)
