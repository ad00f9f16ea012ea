"""Reading Stripe's lines: by the page, on time, and on from wherever it was stopped."""

from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from appeals.models import Appeal
from funds import chart
from funds.balances import account_balance
from funds.models import JournalEntry
from payments import inbox
from payments.balance import importing, windows
from payments.balance.booking import book_everything_due
from payments.balance.contents import ask_for_overdue_payouts, read_contents
from payments.balance.importing import bring_in, is_due, keep_up
from payments.balance.owners import ask_for_owners
from payments.balance.payouts import note_payouts
from payments.balance.strays import ask_for_stray_lines
from payments.balance.taking import take
from payments.balance.windows import keep_place, open_next, open_windows, read_frontier
from payments.models import (
    BalanceLine,
    BalanceWindow,
    CardDonation,
    ChoreRun,
    Payout,
    StripeBalance,
)
from payments.stripe_gateway import balance as gateway
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.invoices import InvoiceOfPayment
from payments.stripe_gateway.reading import read_payout
from tests.factories import gbp, make_appeal, make_card_donation, make_monthly
from tests.payments.books import fees, held_by_stripe, raised_by_card
from tests.payments.monthly import begin_monthly, hear_of
from tests.pretend_stripe.monthly import begin_monthly as begin_elsewhere
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_events import checkout_event, deliver
from tests.stripe_lines import a_line

pytestmark = pytest.mark.django_db
Category = BalanceLine.Category


@pytest.fixture
def appeal(stripe: PretendStripe) -> Appeal:
    return make_appeal("rally")


def give(client: Client, amount: str = "25") -> CardDonation:
    reference = uuid4()
    client.post("/appeals/rally/give/", {"amount": amount, "reference": str(reference)})
    return CardDonation.objects.get(reference=reference)


def pay(stripe: PretendStripe, donation: CardDonation) -> str:
    assert donation.checkout_session_id is not None
    intent = str(stripe.pay(donation.checkout_session_id)["payment_intent"])
    stripe.settle()
    return intent


@pytest.fixture
def paid(client: Client, appeal: Appeal, stripe: PretendStripe) -> CardDonation:
    """A donation of £25, booked by its webhook; Stripe's line is not read yet."""
    donation = give(client)
    intent = pay(stripe, donation)
    deliver(client, checkout_event(donation, payment=intent))
    inbox.act_on_everything_due()
    return donation


def the_line() -> BalanceLine:
    return BalanceLine.objects.get()


class TestWhenItReads:
    """Near real time, and seldom while nothing happens."""

    def test_at_once_when_a_donation_awaits_its_line(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        give(client, "5")
        assert keep_up() is not None
        assert not is_due(), "nothing was given, and a minute has not gone by"
        assert keep_up() is None

        donation = give(client)
        deliver(client, checkout_event(donation, payment=pay(stripe, donation)))
        inbox.act_on_everything_due()
        assert is_due()
        assert keep_up() == (1, 1, 1, True)
        assert fees() == gbp("0.58")
        assert not is_due()

    def test_every_minute_anyhow(self, paid: CardDonation) -> None:
        keep_up()
        assert not is_due()
        ChoreRun.objects.filter(name="balance-import").update(
            finished_at=timezone.now() - timedelta(seconds=61)
        )
        assert is_due()

    def test_what_an_earlier_one_left(self, paid: CardDonation) -> None:
        keep_up()
        BalanceWindow.objects.update(finished_at=None)
        assert is_due()

    def test_not_before_the_first_donation(self, appeal: Appeal) -> None:
        assert bring_in() == (0, 0, 0, True)
        assert not BalanceWindow.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_one_process_at_a_time(self, appeal: Appeal) -> None:
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [importing._LOCK])  # noqa: SLF001
        assert bring_in() is None
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [importing._LOCK])  # noqa: SLF001
        other.close()
        assert bring_in() is not None


class TestPages:
    """Many pages, and a kill between any two of them."""

    @pytest.fixture
    def five(
        self,
        client: Client,
        appeal: Appeal,
        stripe: PretendStripe,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Five paid donations, and pages of two."""
        monkeypatch.setattr(gateway, "PAGE_SIZE", 2)
        for amount in (5, 10, 15, 20, 25):
            donation = give(client, str(amount))
            deliver(client, checkout_event(donation, payment=pay(stripe, donation)))
        inbox.act_on_everything_due()

    def test_are_read_to_the_last(self, five: None) -> None:
        told: list[tuple[int, int]] = []
        imported = bring_in(tell=lambda progress: told.append(progress[:2]))
        assert imported == (5, 5, 5, True)
        assert told == [(2, 2), (4, 4), (5, 5)]
        assert bring_in() is not None
        assert BalanceLine.objects.count() == 5

    def test_the_chores_read_some_and_go_on_later(self, five: None) -> None:
        assert bring_in(pages=2) == (4, 4, 4, False)
        assert is_due()
        (window,) = open_windows()
        assert window.lines == 4
        again = bring_in(pages=2)
        assert again is not None
        assert BalanceLine.objects.exclude(booked_at=None).count() == 5

    @pytest.mark.parametrize("dies_after", [0, 1, 2])
    def test_go_on_after_a_kill(self, five: None, dies_after: int) -> None:
        """At any page, before or after it was kept."""
        read, asked = gateway.read_lines, 0

        def die(**which: Any) -> gateway.LinePage:
            nonlocal asked
            asked += 1
            if asked > dies_after:
                raise KeyboardInterrupt
            return read(**which)

        with (
            mock.patch.object(importing, "read_lines", die),
            pytest.raises(KeyboardInterrupt),
        ):
            bring_in()
        assert BalanceLine.objects.count() == 2 * dies_after
        bring_in()
        assert BalanceLine.objects.exclude(booked_at=None).count() == 5
        assert BalanceWindow.objects.count() == 1
        assert held_by_stripe() == gbp(75) - fees()

    def test_what_comes_in_while_old_ones_are_read_goes_first(
        self, five: None, client: Client, stripe: PretendStripe
    ) -> None:
        bring_in(pages=1)
        newest = give(client, "30")
        intent = pay(stripe, newest)
        imported = bring_in(pages=1)
        assert imported is not None
        assert BalanceLine.objects.filter(payment_intent_id=intent).exists()
        bring_in()
        assert BalanceLine.objects.count() == 6


class TestWindows:
    """Which stretches of time were read."""

    def finish(self, window: BalanceWindow) -> None:
        keep_place(window, after_id="txn", lines=1, has_more=False)

    def test_the_first_begins_with_the_first_donation(self) -> None:
        donation = make_card_donation()
        open_next()
        (window,) = open_windows()
        assert timedelta(0) < donation.created_at - window.since < timedelta(hours=2)
        assert window.is_open_ended
        assert read_frontier() is None

    def test_the_next_overlaps_it_and_they_become_one(self) -> None:
        make_card_donation()
        open_next()
        (first,) = open_windows()
        self.finish(first)
        BalanceWindow.objects.update(until=timezone.now() - timedelta(minutes=5))
        first.refresh_from_db()
        open_next()
        (second,) = open_windows()
        assert second.since == first.until.replace(microsecond=0) - windows.OVERLAP
        self.finish(second)
        only = BalanceWindow.objects.get()
        assert (only.since, only.lines) == (first.since, 2)
        assert only.until == read_frontier() == second.until

    def test_earlier_days_are_read_when_they_are_asked_for(self) -> None:
        make_card_donation()
        open_next()
        self.finish(open_windows()[0])
        wanted = timezone.now() - timedelta(days=90)
        open_next(since=wanted)
        newest, earlier = open_windows()
        assert earlier.since == wanted.replace(microsecond=0)
        assert not earlier.is_open_ended
        self.finish(newest)
        self.finish(earlier)
        assert BalanceWindow.objects.count() == 1

    def test_once_a_day_the_last_two_days_are_read_again(self) -> None:
        make_card_donation()
        now = timezone.now()
        BalanceWindow.objects.create(
            since=now - timedelta(days=30), until=now - timedelta(minutes=1), finished_at=now
        )
        ChoreRun.objects.create(name="balance-second-look", finished_at=now - timedelta(hours=25))
        open_next()
        (window,) = open_windows()
        assert now - window.since > timedelta(days=1, hours=23)
        self.finish(window)
        open_next()
        assert all(now - one.since < timedelta(minutes=5) for one in open_windows())

    def test_it_says_what_it_is(self) -> None:
        make_card_donation()
        open_next()
        assert " to " in str(open_windows()[0])


class TestWhoseItIs:
    """Where only Stripe can say."""

    def test_another_shop_s_sale_and_its_refund(
        self, paid: CardDonation, stripe: PretendStripe
    ) -> None:
        theirs = stripe.control("foreign_payment", amount=4000)
        stripe.settle()
        stripe.control("refund_in_dashboard", payment_intent=theirs["payment_intent"], amount=1500)
        stripe.control("foreign_payment", amount=700, without_intent=True)
        stripe.settle()
        bring_in()
        assert BalanceLine.objects.filter(category=Category.NOT_OURS).count() == 3
        assert BalanceLine.objects.filter(booked_at=None).count() == 0
        owed = account_balance(chart.account(chart.UNALLOCATED_RECEIPTS, currency="GBP"))
        assert owed == gbp(32)
        assert held_by_stripe() == StripeBalance.objects.get(currency="GBP").held

    def test_a_refund_of_a_charge_from_before_our_first_window(
        self, paid: CardDonation, stripe: PretendStripe
    ) -> None:
        theirs = str(stripe.control("foreign_payment", amount=4000)["payment_intent"])
        stripe.settle()
        bring_in()
        BalanceLine.objects.filter(payment_intent_id=theirs).update(payment_intent_id="")
        stripe.control("refund_in_dashboard", payment_intent=theirs, amount=1500)
        with mock.patch(
            "payments.balance.owners.read_invoice_of_payment", return_value=None
        ) as asked:
            bring_in()
        asked.assert_called_once_with(theirs)
        assert BalanceLine.objects.get(type="refund").category == Category.NOT_OURS

    @pytest.mark.parametrize(
        ("invoice", "meant"),
        [
            (None, Category.NOT_OURS),
            (InvoiceOfPayment("in_1", "sub_1", is_ours=False), Category.NOT_OURS),
            (InvoiceOfPayment("in_1", "sub_1", is_ours=True), Category.DONATION),
        ],
    )
    def test_a_known_customer_s_payment_is_ours_by_its_invoice(
        self, appeal: Appeal, invoice: InvoiceOfPayment | None, meant: str
    ) -> None:
        self.take_undecided()
        with mock.patch("payments.balance.owners.read_invoice_of_payment", return_value=invoice):
            assert ask_for_owners() == 1
        assert the_line().category == meant
        assert ask_for_owners() == 0

    def test_a_month_s_payment_is_ours_by_its_invoice_before_any_word_of_it(
        self, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        """It was taken for another shop's, and booked twice when its word came."""
        monthly = begin_monthly(stripe, amount="10")
        bring_in()
        assert the_line().category == Category.DONATION
        assert held_by_stripe() == -fees()

        hear_of(monthly)
        book_everything_due()
        assert raised_by_card(appeal) == gbp(10)
        assert held_by_stripe() == gbp(10) - fees()

    def test_a_month_of_another_shop_is_not_ours(
        self, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        make_monthly()
        with stripe.sdk() as sdk:
            begin_elsewhere(stripe, sdk)
        bring_in()
        assert the_line().category == Category.NOT_OURS

    def test_a_key_that_may_not_read_invoices_holds_nothing_else_up(self, appeal: Appeal) -> None:
        self.take_undecided()
        refused = StripeUnavailableError("PermissionError: 403", was_answered=True)
        with mock.patch("payments.balance.owners.read_invoice_of_payment", side_effect=refused):
            assert ask_for_owners() == 0
        assert "may the key read" in the_line().last_error
        book_everything_due()
        assert "may the key read" in the_line().last_error

    def test_while_stripe_is_away_it_stays_undecided(self, appeal: Appeal) -> None:
        self.take_undecided()
        away = StripeUnavailableError("away", was_answered=False)
        with (
            mock.patch("payments.balance.owners.read_invoice_of_payment", side_effect=away),
            pytest.raises(StripeUnavailableError),
        ):
            ask_for_owners()
        assert the_line().category == Category.UNDECIDED

    def take_undecided(self) -> None:
        take([a_line(payment_intent_id="pi_1", has_customer=True)])
        book_everything_due()


class TestStrays:
    """Webhooks that were lost for good: the line brings in what they would have told."""

    def test_a_donation_and_its_refund(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        intent = pay(stripe, give(client))
        stripe.control("refund_in_dashboard", payment_intent=intent, amount=1000)
        bring_in()
        assert raised_by_card(appeal) == gbp(0)
        assert ask_for_stray_lines() == 0, "it may still come by itself"

        assert ask_for_stray_lines(older_than=timedelta()) == 2
        assert raised_by_card(appeal) == gbp(15)
        book_everything_due()
        assert not BalanceLine.objects.filter(booked_at=None).exists()
        assert ask_for_stray_lines(older_than=timedelta()) == 0

    def test_a_refund_that_failed(
        self, paid: CardDonation, stripe: PretendStripe, appeal: Appeal
    ) -> None:
        intent = CardDonation.objects.get().payment_intent_id
        stripe.turn(refund_fails=1.0)
        stripe.control("refund_in_dashboard", payment_intent=intent, amount=1000)
        stripe.settle()
        bring_in()
        ask_for_stray_lines(older_than=timedelta())
        book_everything_due()
        assert raised_by_card(appeal) == gbp(25)
        assert not BalanceLine.objects.filter(booked_at=None).exists()

    def test_a_dispute_and_its_fee(
        self, paid: CardDonation, stripe: PretendStripe, appeal: Appeal
    ) -> None:
        intent = CardDonation.objects.get().payment_intent_id
        dispute = stripe.control("dispute", payment_intent=intent)
        stripe.settle()
        bring_in()
        assert raised_by_card(appeal) == gbp(25)
        assert ask_for_stray_lines(older_than=timedelta()) == 1
        assert raised_by_card(appeal) == gbp(0)

        stripe.control("close_dispute", dispute=dispute["id"], outcome="won", amount=2000)
        stripe.settle()
        bring_in()
        ask_for_stray_lines(older_than=timedelta())
        book_everything_due()
        assert raised_by_card(appeal) == gbp(20)
        assert not BalanceLine.objects.filter(booked_at=None).exists()
        assert held_by_stripe() == StripeBalance.objects.get(currency="GBP").held

    def test_what_is_booked_meanwhile_is_not_asked_for(
        self, client: Client, appeal: Appeal, stripe: PretendStripe
    ) -> None:
        donation = give(client)
        intent = pay(stripe, donation)
        bring_in()
        deliver(client, checkout_event(donation, payment=intent))
        inbox.act_on_everything_due()
        with mock.patch("payments.balance.strays.read_payment") as asked:
            assert ask_for_stray_lines(older_than=timedelta()) == 0
        asked.assert_not_called()


class TestPayouts:
    """What leaves for the bank, and what is in it."""

    def payout_made(self, stripe: PretendStripe) -> str:
        made = stripe.control("payout", all=True)["payouts"][0]
        stripe.settle()
        return str(made["id"])

    def test_its_contents_come_to_its_amount(
        self, paid: CardDonation, stripe: PretendStripe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gateway, "PAGE_SIZE", 1)
        stripe.control("account_fee", amount=300)
        payout_id = self.payout_made(stripe)
        bring_in()
        payout = Payout.objects.get(stripe_id=payout_id)
        assert payout.amount == gbp("21.42")
        assert payout.contents_known_at is not None
        assert sum(line.net_minor for line in payout.contents.all()) == 0
        assert payout.contents.count() == 3
        assert held_by_stripe() == gbp(0)
        assert read_contents() == 0

    def test_contents_that_were_not_known_are_taken(
        self, paid: CardDonation, stripe: PretendStripe
    ) -> None:
        """What was earned before our first window is paid out after it."""
        BalanceWindow.objects.create(
            since=timezone.now() + timedelta(minutes=1),
            until=timezone.now() + timedelta(minutes=2),
            finished_at=timezone.now(),
        )
        payout_id = self.payout_made(stripe)
        with stripe.sdk() as sdk:
            told = sdk.v1.payouts.retrieve(payout_id).to_dict()
        note_payouts([read_payout(told, timezone.now())])
        assert read_contents() == 1
        assert BalanceLine.objects.count() == 2

    def test_goes_on_where_it_was_stopped(
        self, paid: CardDonation, stripe: PretendStripe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stripe.control("account_fee", amount=300)
        self.payout_made(stripe)
        with mock.patch.object(importing, "read_contents"):
            bring_in()
        monkeypatch.setattr(gateway, "PAGE_SIZE", 1)
        assert read_contents(pages=2) == 2
        assert Payout.objects.get().contents_known_at is None
        assert read_contents() == 1
        assert Payout.objects.get().contents.count() == 3

    def test_one_of_which_no_end_was_heard_is_asked_for_once_an_hour(
        self, paid: CardDonation, stripe: PretendStripe
    ) -> None:
        payout_id = self.payout_made(stripe)
        bring_in()
        stripe.control("end_payout", payout=payout_id, outcome="paid")
        stripe.settle()
        assert Payout.objects.get().status != Payout.Status.PAID
        Payout.objects.update(arrival_on=timezone.now().date())
        assert ask_for_overdue_payouts() == 1
        assert Payout.objects.get().status == Payout.Status.PAID
        Payout.objects.update(status=Payout.Status.IN_TRANSIT)
        assert ask_for_overdue_payouts() == 0

    def test_one_whose_contents_were_never_told_is_asked_for(
        self, paid: CardDonation, stripe: PretendStripe
    ) -> None:
        self.payout_made(stripe)
        bring_in()
        Payout.objects.update(
            has_contents=False,
            arrival_on=timezone.now().date() + timedelta(days=2),
            created_at=timezone.now() - timedelta(days=2),
        )
        assert ask_for_overdue_payouts() == 1
        assert Payout.objects.get().has_contents

    @pytest.mark.parametrize("outcome", ["failed", "canceled"])
    def test_one_that_came_back(
        self, paid: CardDonation, stripe: PretendStripe, outcome: str
    ) -> None:
        payout_id = self.payout_made(stripe)
        bring_in()
        stripe.control("end_payout", payout=payout_id, outcome=outcome)
        bring_in()
        assert held_by_stripe() == gbp("24.42")
        assert Payout.objects.get().failed_at is not None
        assert StripeBalance.objects.get(currency="GBP").held == gbp("24.42")


def test_while_stripe_is_away_what_was_read_stands(
    paid: CardDonation, stripe: PretendStripe
) -> None:
    stripe.turn(fail_with="500")
    with pytest.raises(StripeUnavailableError):
        bring_in()
    assert open_windows()
    stripe.turn(fail_with=None)
    bring_in()
    assert fees() == gbp("0.58")
    assert not open_windows()


def test_a_type_that_nobody_knows_waits_for_a_person(
    paid: CardDonation, stripe: PretendStripe
) -> None:
    stripe.control("odd_transaction", type="lunar_levy", amount=-500, fee=10)
    bring_in()
    line = BalanceLine.objects.get(type="lunar_levy")
    assert line.put_aside_at is not None
    assert fees() == gbp("0.68")
    assert (
        not JournalEntry.objects.filter(source_key__contains=line.stripe_id)
        .exclude(kind="card-fee")
        .exists()
    )
