"""Laws that hold for any history of monthly donations, told in any order and however often."""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from appeals.progress import read_reading
from funds.models import JournalEntry
from payments import inbox
from payments.audit import audit_till
from payments.models import CardDonation, MonthlyDonation, MonthlyInvoice
from tests.factories import gbp, make_appeal, make_branch, make_monthly
from tests.monthly_events import (
    MONTH,
    invoice_event,
    invoice_payment_event,
    session_event,
    subscription_event,
)
from tests.payments.books import held_by_stripe, raised_by_card
from tests.payments.test_inbox_properties import tell_in_disorder
from tests.payments.test_monthly import month_refund
from tests.stripe_events import NOON, Event

pytestmark = pytest.mark.django_db

DAY = 24 * 60 * 60


@dataclass
class History:
    """What Stripe could tell of one monthly donation, and where it must all end."""

    monthly: MonthlyDonation
    events: list[Event] = field(default_factory=list)
    raised_minor: int = 0
    entries: int = 0
    months: int = 0
    amount_minor: int = 1000
    status: str = "active"
    is_promised: bool = True

    def live(self, dice: random.Random) -> None:
        """Begin, give for some months, fail, change and stop as the dice fall."""
        self.events.append(session_event(self.monthly))
        at = NOON
        self._state(at, "customer.subscription.created", next_at=at + MONTH)
        for month in range(1, dice.randint(1, 5)):
            at = NOON + month * MONTH
            if dice.random() < 0.3:
                self.amount_minor = dice.randint(200, 40_000)
                self._state(at - DAY, next_at=at)
            if not self._month(month, at, dice):
                return
        if dice.random() < 0.4:
            self._state(at + 20 * DAY, next_at=at + MONTH, cancel_at=at + MONTH)
            self.is_promised = False
            if dice.random() < 0.5:
                self._state(at + 21 * DAY, next_at=at + MONTH)
                self.is_promised = True

    def _month(self, month: int, at: int, dice: random.Random) -> bool:
        """One month's money; False when Stripe gave it up."""
        for attempt in range(dice.choice((0, 0, 0, 1, 4))):
            failed_at = at + attempt * 3 * DAY
            failed = invoice_event(
                self.monthly, "invoice.payment_failed", month=month, created=failed_at
            )
            self.events.append(failed)
            if attempt == 3:
                self.status, self.is_promised = "canceled", False
                self._state(failed_at + 1, "customer.subscription.deleted", next_at=at + MONTH)
                return False
            self.status = "past_due"
            self._state(failed_at + 1, next_at=at + MONTH)
        paid_at = at + 12 * DAY
        amount = gbp(self.amount_minor) / 100
        told: dict[str, Any] = {"month": month, "amount": amount}
        self.events.append(invoice_event(self.monthly, created=paid_at, **told))
        self.events.append(invoice_payment_event(self.monthly, paid_at=paid_at, **told))
        self.status = "active"
        self._state(paid_at + 1, next_at=at + MONTH)
        self.raised_minor += self.amount_minor
        self.entries += 1
        self.months += 1
        if dice.random() < 0.3:
            back = dice.randint(1, self.amount_minor)
            refund = f"re_{self.monthly.pk}_{month}"
            self.events.append(month_refund(self.monthly, month, amount=back, refund=refund))
            self.raised_minor -= back
            self.entries += 1
        return True

    def _state(self, at: int, kind: str = "customer.subscription.updated", **told: int) -> None:
        amount = gbp(self.amount_minor) / 100
        self.events.append(
            subscription_event(
                self.monthly, kind, amount=amount, status=self.status, created=at, **told
            )
        )


class MonthlyLaws(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(dice=st.randoms(use_true_random=False), count=st.integers(1, 4))
    def test_order_and_repetition_change_nothing(self, dice: random.Random, count: int) -> None:
        appeal, branches = make_appeal(), [make_branch("Leeds"), None]
        histories = [
            History(make_monthly(appeal=appeal, branch=dice.choice(branches))) for _ in range(count)
        ]
        for history in histories:
            history.live(dice)
        events = [event for history in histories for event in history.events]
        tell_in_disorder(self, events, dice, copies=len(events))

        assert inbox.count_waiting() == 0
        raised = gbp(sum(history.raised_minor for history in histories)) / 100
        assert raised_by_card(appeal) == held_by_stripe() == raised
        assert JournalEntry.objects.count() == sum(history.entries for history in histories)
        promised = sum(history.amount_minor for history in histories if history.is_promised)
        appeal.refresh_from_db()
        reading = read_reading(appeal)
        assert (reading.promised_monthly, reading.promised) == (gbp(promised) / 100, gbp(0))
        for history in histories:
            stands = MonthlyDonation.objects.get(pk=history.monthly.pk)
            assert (stands.status, stands.is_doubtful) == (history.status, False)
            assert stands.amount == gbp(history.amount_minor) / 100
            assert stands.months.count() == history.months
        assert CardDonation.objects.count() == sum(history.months for history in histories)
        paid = MonthlyInvoice.objects.filter(payment_intent_id__isnull=False)
        assert paid.count() == CardDonation.objects.count()
        assert list(audit_till()) == []
