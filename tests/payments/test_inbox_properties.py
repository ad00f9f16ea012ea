"""Laws that hold for any history of card money, in any order and however often it is told."""

import random
from datetime import timedelta

import pytest
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from funds.models import JournalEntry
from payments import inbox
from payments.models import CardDonation, CardRefund, WebhookEvent
from tests.factories import gbp, make_appeal, make_branch, make_card_donation
from tests.payments.books import held_by_stripe, raised_by_card
from tests.stripe_events import (
    NOON,
    Event,
    charge_event,
    checkout_event,
    deliver,
    intent_event,
    refund_event,
)

pytestmark = pytest.mark.django_db


def history(donation: CardDonation, dice: random.Random) -> tuple[list[Event], int, int]:
    """Events of one payment, what is left of it in minor units, and its journal entries."""
    left = total = int(donation.amount.amount * 100)
    events = [checkout_event(donation), intent_event(donation), charge_event(donation)]
    if dice.random() < 0.2:  # an attempt that was declined before
        failed = intent_event(donation, "payment_intent.payment_failed", created=NOON - 60)
        events.append(failed)
    entries, asked = 1, 0
    while asked < total and dice.random() < 0.4:
        amount = dice.randint(1, total - asked)
        asked += amount
        refund = f"re_{donation.pk}_{asked}"
        events.append(refund_event(donation, amount=amount, refund=refund, status="pending"))
        events.append(
            charge_event(donation, "charge.refunded", created=NOON, amount_refunded=asked)
        )
        entries += 1
        if dice.random() < 0.3:
            told = {"amount": amount, "refund": refund, "status": "failed", "told": NOON + 60}
            events.append(refund_event(donation, "refund.failed", **told))  # type: ignore[arg-type]
            events.append(refund_event(donation, "refund.updated", **told))  # type: ignore[arg-type]
            entries += 1
        else:
            left -= amount
    return events, left, entries


def act(*, on_everything: bool) -> None:
    """Act on what is due; ``on_everything`` makes all that waits due first, until it is done."""
    while True:
        if on_everything:
            WebhookEvent.objects.filter(processed_at__isnull=True).update(
                next_attempt_at=F("received_at") - timedelta(hours=1)
            )
        before = inbox.count_waiting()
        inbox.act_on_everything_due(until=lambda: False)
        if not on_everything or inbox.count_waiting() in {0, before}:
            return


def tell_in_disorder(
    test: TestCase, events: list[Event], dice: random.Random, *, copies: int
) -> None:
    told = events + dice.choices(events, k=copies)
    dice.shuffle(told)
    for event in told:
        assert deliver(test.client, event) == 200
        if dice.random() < 0.1:
            inbox.act_on_due(limit=dice.randint(1, 50))
    act(on_everything=True)


class CardMoneyLaws(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(
        dice=st.randoms(use_true_random=False), pence=st.lists(st.integers(30, 10**6), max_size=8)
    )
    def test_order_and_repetition_change_nothing(
        self, dice: random.Random, pence: list[int]
    ) -> None:
        appeal, branches = make_appeal(), [make_branch("Leeds"), make_branch("York"), None]
        events: list[Event] = []
        left = entries = 0
        for amount in pence:
            donation = make_card_donation(
                gbp(amount) / 100, appeal=appeal, branch=dice.choice(branches)
            )
            its_events, its_left, its_entries = history(donation, dice)
            events += its_events
            left, entries = left + its_left, entries + its_entries
        if events:
            tell_in_disorder(self, events, dice, copies=len(events))

        assert inbox.count_waiting() == 0
        assert raised_by_card(appeal) == held_by_stripe() == gbp(left) / 100
        assert JournalEntry.objects.count() == entries

    def test_a_hundred_payments_in_hundreds_of_shuffled_and_doubled_events(self) -> None:
        dice = random.Random(20261122)  # noqa: S311 - a test
        appeal = make_appeal()
        events: list[Event] = []
        left = entries = 0
        for _ in range(100):
            donation = make_card_donation(gbp(dice.randint(200, 50_000)) / 100, appeal=appeal)
            its_events, its_left, its_entries = history(donation, dice)
            events += its_events
            left, entries = left + its_left, entries + its_entries
        assert len(events) >= 300
        assert CardRefund.objects.count() == 0
        tell_in_disorder(self, events, dice, copies=len(events))

        assert inbox.count_waiting() == 0
        assert raised_by_card(appeal) == held_by_stripe() == gbp(left) / 100
        assert JournalEntry.objects.count() == entries
        assert CardRefund.objects.count() > 20
