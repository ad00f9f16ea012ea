"""Telling events in any order, again and again, and acting on them meanwhile."""

import random
from datetime import timedelta

from django.db.models import F
from hypothesis.extra.django import TestCase

from payments import inbox
from payments.models import WebhookEvent
from tests.stripe_events import Event, deliver


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
