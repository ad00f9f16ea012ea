"""Laws of Stripe's lines: whatever the order, the pages and the kills, the books are the same."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db.models import F
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from funds import chart
from funds.balances import account_balance
from funds.chart import ChartLine
from funds.money import to_minor
from payments.audit import audit_till
from payments.balance import importing
from payments.balance.booking import book_everything_due, due_lines
from payments.balance.importing import bring_in
from payments.balance.matching import Scope
from payments.balance.reconciliation import read_reconciliation
from payments.balance.taking import take
from payments.booking import book_facts
from payments.models import BalanceLine, BalanceWindow, CardDonation
from payments.stripe_gateway.balance import LinePage, StripeLine
from payments.stripe_gateway.facts import Fact, PayoutState, Refunded, RefundState
from tests.factories import gbp, make_appeal, make_card_donation
from tests.stripe_events import payment_of
from tests.stripe_lines import a_line, a_payout, line_of, payout_line, received, refund_line

pytestmark = pytest.mark.django_db


class History:
    """What happened at Stripe: lines in the order of time, and the facts that events tell."""

    def __init__(self, dice: random.Random, length: int) -> None:
        self.dice = dice
        self.lines: list[StripeLine] = []
        self.facts: list[Fact] = []
        self.at_the_bank = 0
        self._now = timezone.now() - timedelta(hours=2)
        happenings = (self._give, self._give, self._take_others, self._charge_us, self._pay_out)
        for number in range(length):
            dice.choice(happenings)(number)

    def _write(self, make: Callable[..., StripeLine], *args: Any, **changes: Any) -> None:
        self._now += timedelta(seconds=self.dice.choice((0, 0, 1, 60)))
        self.lines.append(make(*args, created_at=self._now, **changes))

    def _give(self, _number: int) -> None:
        amount = gbp(self.dice.randint(1, 500))
        donation = make_card_donation(amount)
        self.facts.append(received(donation))
        self._write(line_of, donation, fee=str(self.dice.randint(0, 3)))
        if self.dice.random() < 0.4:
            self._refund(donation)

    def _refund(self, donation: CardDonation) -> None:
        back, refund = gbp(1), f"re_{donation.pk}"
        told = (refund, payment_of(donation), back)
        at = donation.created_at
        self.facts.append(Refunded(*told, RefundState.GONE, at, at))
        self._write(refund_line, donation, back, refund)
        if self.dice.random() < 0.3:
            self.facts.append(Refunded(*told, RefundState.BACK, at, at))
            source = {"source_id": refund, "payment_intent_id": payment_of(donation)}
            self._write(a_line, "refund_failure", back, **source)

    def _take_others(self, number: int) -> None:
        theirs = {"payment_intent_id": f"pi_theirs_{number}"}
        self._write(a_line, "charge", gbp(40), fee=gbp(1), **theirs)
        if self.dice.random() < 0.5:
            self._write(a_line, "refund", gbp(-15), source_id=f"re_theirs_{number}", **theirs)

    def _charge_us(self, _number: int) -> None:
        self._write(a_line, "stripe_fee", gbp(-self.dice.randint(1, 9)))

    def _pay_out(self, number: int) -> None:
        amount = gbp(self.dice.randint(1, 50))
        payout = a_payout(amount, payout_id=f"po_{number}")
        self._write(payout_line, payout)
        ending = self.dice.choice((None, PayoutState.PAID, PayoutState.FAILED))
        was_paid = ending is PayoutState.FAILED and self.dice.random() < 0.5
        for state in [PayoutState.PAID] * was_paid + ([ending] if ending else []):
            self.facts.append(a_payout(amount, payout_id=f"po_{number}", state=state))
        if ending is PayoutState.PAID:
            self.at_the_bank += to_minor(amount)
        if ending is PayoutState.FAILED:
            failed = a_payout(amount, payout_id=f"po_{number}", state=ending)
            self._write(payout_line, failed, "payout_failure")

    def pages_of(self, size: int) -> Callable[..., LinePage]:
        """Stripe's list of the lines."""

        def read(*, since: datetime, until: datetime | None, after_id: str = "") -> LinePage:
            found = [
                line
                for line in reversed(self.lines)
                if since <= line.created_at and (until is None or line.created_at < until)
            ]
            ids = [line.stripe_id for line in found]
            start = ids.index(after_id) + 1 if after_id else 0
            return LinePage(found[start : start + size], has_more=start + size < len(found))

        return read

    def net(self) -> int:
        """What the lines come to, in minor units."""
        return sum(to_minor(line.amount - line.fee) for line in self.lines)


def minor(line: ChartLine) -> int:
    return to_minor(account_balance(chart.account(line, currency="GBP")))


class Killed(BaseException):
    """The process is gone, in the middle of something."""


def dying(work: Callable[..., Any], dice: random.Random) -> Callable[..., Any]:
    """The work, which now and then is not reached, or not returned from."""

    def do(*args: Any, **named: Any) -> Any:
        if dice.random() < 0.2:
            raise Killed
        done = work(*args, **named)
        if dice.random() < 0.1:
            raise Killed
        return done

    return do


class LineLaws(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(
        dice=st.randoms(use_true_random=False),
        length=st.integers(1, 14),
        page_size=st.integers(1, 6),
    )
    def test_order_pages_and_kills_change_nothing(
        self, dice: random.Random, length: int, page_size: int
    ) -> None:
        make_appeal()
        make_card_donation(gbp(1))  # that nobody ever paid: where reading begins
        CardDonation.objects.update(created_at=timezone.now() - timedelta(hours=3))
        history = History(dice, length)
        facts = history.facts * 2
        dice.shuffle(facts)
        told = iter(facts)
        with (
            mock.patch.object(importing, "keep_balance"),
            mock.patch.object(importing, "ask_for_owners", return_value=0),
            mock.patch.object(importing, "read_lines", dying(history.pages_of(page_size), dice)),
            mock.patch.object(importing, "take", dying(take, dice)),
            mock.patch.object(importing, "book_everything_due", dying(book_everything_due, dice)),
        ):
            for _ in range(12):
                with suppress(Killed):
                    bring_in(pages=dice.randint(1, 3))
                for fact in [fact for fact, _ in zip(told, range(4), strict=False)]:
                    book_facts([fact])
        with (
            mock.patch.object(importing, "keep_balance"),
            mock.patch.object(importing, "ask_for_owners", return_value=0),
            mock.patch.object(importing, "read_lines", history.pages_of(page_size)),
        ):
            bring_in()
        for fact in [*told, *history.facts]:
            book_facts([fact])
        for _ in range(3):
            due_lines().update(next_attempt_at=F("known_at"))
            book_everything_due()

        self.assert_all_is_right(history)

    def assert_all_is_right(self, history: History) -> None:
        assert BalanceLine.objects.count() == len(history.lines)
        assert due_lines().count() == 0
        assert minor(chart.STRIPE_CLEARING) == history.net()
        assert minor(chart.BANK) == history.at_the_bank
        for window in BalanceWindow.objects.all():
            assert window.finished_at is not None
        today = timezone.localdate()
        report = read_reconciliation(
            Scope("GBP", today - timedelta(days=3650), today + timedelta(days=3650))
        )
        assert report.reasons == []
        assert report.change.stripe == report.change.books
        assert [str(difference) for difference in audit_till()] == []


class ReasonLaws(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(dice=st.randoms(use_true_random=False), length=st.integers(1, 14))
    def test_the_reasons_always_add_up_to_the_difference(
        self, dice: random.Random, length: int
    ) -> None:
        """Whatever was told, and whichever days are looked at."""
        make_appeal()
        history = History(dice, length)
        take([line for line in history.lines if dice.random() < 0.7])
        for fact in history.facts:
            if dice.random() < 0.7:
                book_facts([fact])  # a refund whose payment was not told is left for later
        book_everything_due()
        days = sorted({line.created_at.date() for line in history.lines})
        for since, until in [(days[0], days[-1]), (days[-1], days[-1])]:
            report = read_reconciliation(Scope("GBP", since, until))
            explained = sum((why.amount for why in report.reasons), gbp(0))
            assert explained == report.change.difference
            rows = [*report.rows, *report.paid_out]
            assert sum((row.difference for row in rows), gbp(0)) == explained
