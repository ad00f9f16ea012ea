"""Any history that Stripe can produce, told in any way, ends in the same books and states."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

import pytest
from django.db.models import Case, F, Sum, When
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.models import Appeal, AppealAccount, Promise
from appeals.progress import read_reading
from funds import chart
from funds.models import Posting
from payments import inbox
from payments.audit import audit_till
from payments.inbox import sweep as sweep_module
from payments.models import CardDispute, CardDonation, CardRefund, WebhookEvent
from payments.stripe_gateway.facts import Fact, NotAFact
from payments.stripe_gateway.reading import moment, read_dispute, read_refund
from tests.factories import gbp, make_appeal, make_branch, make_card_donation
from tests.payments.stripe_histories import Effect, History
from tests.stripe_events import NOON, Event, deliver

pytestmark = pytest.mark.django_db

LONG_AFTER = moment(NOON + 10**9)


def make_history(dice: random.Random, pence: list[int]) -> History:
    appeal, branches = make_appeal(), [make_branch("Leeds"), make_branch("York"), None]
    history = History(dice)
    for amount in pence:
        branch = dice.choice(branches)
        history.add(make_card_donation(gbp(amount) / 100, appeal=appeal, branch=branch))
    return history


def act_on_everything() -> None:
    """Act, and again on all that waits, until no more can be done with."""
    while True:
        WebhookEvent.objects.filter(processed_at=None).update(
            next_attempt_at=F("received_at") - timedelta(hours=1)
        )
        before = inbox.count_waiting()
        inbox.act_on_everything_due()
        if inbox.count_waiting() in {0, before}:
            return


@contextmanager
def stripe_that_knows(history: History) -> Iterator[None]:
    """The sweep's questions about what went back are answered out of the history."""

    def refunds(payment: str) -> list[Fact | NotAFact]:
        return [read_refund(one, LONG_AFTER) for one in history.refunds.get(payment, ())]

    def disputes(payment: str) -> list[Fact | NotAFact]:
        return [read_dispute(one, LONG_AFTER) for one in history.disputes.get(payment, ())]

    with (
        mock.patch.object(sweep_module, "read_refunds", refunds),
        mock.patch.object(sweep_module, "read_disputes", disputes),
        mock.patch.object(sweep_module, "_STRAY_AFTER", timedelta(seconds=-60)),
    ):
        yield


def tell(test: TestCase, events: list[Event], dice: random.Random, *, copies: int) -> None:
    """In any order, any number of times, with the worker at work in between."""
    told = events + (dice.choices(events, k=copies) if events else [])
    dice.shuffle(told)
    for event in told:
        assert deliver(test.client, event) == 200
        if dice.random() < 0.1:
            inbox.act_on_due(limit=dice.randint(1, 50))
    act_on_everything()


def booked() -> dict[str, Effect]:
    """Every entry, by what it does to what is raised and to what Stripe holds."""
    accounts = AppealAccount.objects.filter(role=AppealAccount.Role.CARD)
    card = set(accounts.values_list("account_id", flat=True))
    clearing = chart.account(chart.STRIPE_CLEARING, currency="GBP").pk
    credit_less_debit = Case(
        When(side="credit", then=F("amount_minor")), default=-F("amount_minor")
    )
    net = (
        Posting.objects.order_by()
        .values_list("entry__source_key", "account_id")
        .annotate(net=Sum(credit_less_debit))
    )
    effects: dict[str, Effect] = {}
    for key, account, minor in net:
        effect = effects.get(key, Effect(0, 0))
        effects[key] = Effect(
            effect.raised + (minor if account in card else 0),
            effect.held - (minor if account == clearing else 0),
        )
    return effects


def check(history: History) -> None:
    """The books, the donations, the refunds, the disputes and the promises are as they must be."""
    assert not list(WebhookEvent.objects.filter(processed_at=None).values_list("last_error"))
    assert booked() == history.entries
    paid = CardDonation.objects.filter(received_entry__isnull=False).select_related("again_of")
    assert {
        str(one.payment_intent_id): str((one.again_of or one).reference) for one in paid
    } == history.payments
    refunds = CardRefund.objects.select_related("entry__reversed_by")
    stands = {one.stripe_id: not hasattr(one.entry, "reversed_by") for one in refunds}
    assert stands == history.refund_stands
    assert dict(CardDispute.objects.values_list("stripe_id", "status")) == history.dispute_ends
    assert not CardDispute.objects.filter(
        status__in=CardDispute.OPEN, closed_at__isnull=False
    ).exists()
    assert not CardDispute.objects.exclude(status__in=CardDispute.OPEN).filter(closed_at=None)
    promises = Promise.objects.filter(state=Promise.State.OPEN)
    assert sum((one.amount for one in promises), gbp(0)) == gbp(history.promised) / 100
    assert CardDonation.objects.exclude(processing_at=None).count() == promises.count()
    reading = read_reading(Appeal.objects.get())
    assert reading.raised == gbp(sum(one.raised for one in history.entries.values())) / 100
    assert reading.card_donations == len(history.payments)
    assert list(audit_till()) == []


class CardHistories(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(
        dice=st.randoms(use_true_random=True),
        pence=st.lists(st.integers(30, 10**6), min_size=1, max_size=3),
        lost_percent=st.sampled_from([0, 0, 30, 60, 100]),
    )
    def test_it_ends_the_same_however_it_is_told(
        self, dice: random.Random, pence: list[int], lost_percent: int
    ) -> None:
        """In any order, any number of times, with any beginning lost and asked for."""
        history = make_history(dice, pence)
        lost = len(history.events) * lost_percent // 100
        tell(self, history.events[lost:], dice, copies=len(history.events))
        if lost:
            tell(self, history.last, dice, copies=0)
        with stripe_that_knows(history):
            sweep_module._ask_for_strays()  # noqa: SLF001 - the part of the sweep that is meant
        act_on_everything()
        check(history)

    def test_forty_donations_at_once(self) -> None:
        """Enough for every road to be taken."""
        dice = random.Random(20261125)  # noqa: S311 - a test
        history = make_history(dice, [dice.randint(200, 50_000) for _ in range(40)])
        ways = {key.rsplit(":", 1)[1] for key in history.entries}
        assert ways == {"received", "refunded", "failed", "disputed", "reinstated", "kept", "fee"}
        tell(self, history.events, dice, copies=len(history.events))
        with stripe_that_knows(history):
            sweep_module._ask_for_strays()  # noqa: SLF001 - the part of the sweep that is meant
        act_on_everything()
        check(history)
