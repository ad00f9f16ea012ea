"""Stripe's lines in the books: fees, payouts, what is not ours, and what waits for a person."""

from datetime import date, timedelta
from unittest import mock

import pytest
from django.db import OperationalError

from funds import chart
from funds.balances import account_balance
from funds.chart import ChartLine
from funds.ledger import Draft, Kind, credit, debit, post_entry
from funds.models import JournalEntry
from funds.money import Money
from payments.balance import booking
from payments.balance.booking import book_due_lines, book_everything_due, due_lines
from payments.balance.taking import take
from payments.booking import book_facts
from payments.models import BalanceLine, CardDonation, CardRefund, Payout
from payments.stripe_gateway.balance import StripeLine
from payments.stripe_gateway.facts import PayoutState, Refunded, RefundState
from payments.stripe_lines import Accounts
from tests.factories import gbp, make_appeal, make_card_donation, make_organisation
from tests.payments.books import fees, held_by_stripe
from tests.stripe_events import payment_of
from tests.stripe_lines import (
    WRITTEN,
    a_line,
    a_payout,
    line_of,
    payout_line,
    received,
    refund_line,
)

pytestmark = pytest.mark.django_db
Category = BalanceLine.Category


@pytest.fixture
def donation() -> CardDonation:
    return make_card_donation(gbp(25))


@pytest.fixture(autouse=True)
def _organisation() -> None:
    make_organisation()


def bring(*lines: StripeLine) -> BalanceLine:
    """Take the lines and book what can be; the first of them."""
    take(lines)
    book_everything_due()
    return BalanceLine.objects.get(stripe_id=lines[0].stripe_id)


def try_again() -> None:
    due_lines().update(next_attempt_at=WRITTEN)
    book_everything_due()


def held(line: ChartLine, currency: str = "GBP") -> Money:
    return account_balance(chart.account(line, currency=currency))


class TestFees:
    """Stripe's own figure, whatever the line is about, booked once."""

    def test_a_fee_is_booked_with_its_line(self, donation: CardDonation) -> None:
        book_facts([received(donation)])
        line = bring(line_of(donation))

        entry = JournalEntry.objects.get(kind=Kind.CARD_FEE)
        assert (entry.source_key, entry.memo) == (f"stripe:{line.stripe_id}:fee", "Stripe's fee")
        assert entry.occurred_on == date(2026, 11, 23)
        assert fees() == gbp("0.58")
        assert held_by_stripe() == gbp("24.42")
        assert line.booked_at is not None

    def test_it_needs_no_payment_to_be_booked_first(self, donation: CardDonation) -> None:
        line = bring(line_of(donation))
        assert fees() == gbp("0.58")
        assert line.booked_at is None
        assert "is not in the books yet" in line.last_error

        book_facts([received(donation)])
        try_again()
        again = BalanceLine.objects.get()
        assert again.booked_at is not None
        assert again.last_error == ""
        assert fees() == gbp("0.58")

    def test_a_line_told_twice_is_booked_once(self, donation: CardDonation) -> None:
        line = line_of(donation)
        bring(line)
        bring(line)
        assert fees() == gbp("0.58")
        assert BalanceLine.objects.count() == 1

    def test_a_fee_of_nothing_has_no_entry(self, donation: CardDonation) -> None:
        book_facts([received(donation)])
        assert bring(line_of(donation, fee="0")).booked_at is not None
        assert not JournalEntry.objects.filter(kind=Kind.CARD_FEE).exists()

    def test_a_fee_that_comes_back_lowers_the_fees(self, donation: CardDonation) -> None:
        bring(a_line("charge", gbp(25), fee=gbp(2)), a_line("charge", gbp(25), fee=gbp("-0.50")))
        assert fees() == gbp("1.50")

    def test_one_of_the_old_way_is_known(self, donation: CardDonation) -> None:
        """Books that were begun before lines were read hold fees under the same keys."""
        line = line_of(donation)
        post_entry(
            source_key=f"stripe:{line.stripe_id}:fee",
            kind=Kind.CARD_FEE,
            occurred_on=date(2026, 11, 23),
            memo="Card fee, Rally",
            lines=[
                debit(chart.account(chart.FEES, currency="GBP"), gbp("0.58")),
                credit(chart.account(chart.STRIPE_CLEARING, currency="GBP"), gbp("0.58")),
            ],
        )
        bring(line)
        assert fees() == gbp("0.58")


class TestAccountFees:
    """What Stripe takes for the account as a whole."""

    @pytest.mark.parametrize(
        ("kind", "category"),
        [
            ("stripe_fee", "fee"),
            ("stripe_fee", "network_cost"),
            ("stripe_fx_fee", "fee"),
            ("tax_fee", "tax"),
            ("adjustment", "fee"),
        ],
    )
    def test_is_a_fee(self, kind: str, category: str) -> None:
        line = bring(a_line(kind, gbp(-12), category=category))
        assert fees() == gbp(12)
        assert held_by_stripe() == gbp(-12)
        assert line.principal_key == f"stripe:{line.stripe_id}:stripe-fee"

    def test_one_that_is_all_fee_and_no_amount(self) -> None:
        line = bring(a_line("stripe_fee", gbp(0), fee=gbp(3)))
        assert fees() == gbp(3)
        assert line.booked_at is not None


class TestNotOurs:
    """Money on the account that this site did not bring in: clearing still ties."""

    def test_is_owed_to_whoever_it_belongs_to(self) -> None:
        charge = a_line("charge", gbp(40), fee=gbp(1), payment_intent_id="pi_theirs")
        refund = a_line("refund", gbp(-15), payment_intent_id="pi_theirs", source_id="re_theirs")
        bring(charge, refund)
        assert held(chart.UNALLOCATED_RECEIPTS) == gbp(25)
        assert held_by_stripe() == gbp(24)
        assert due_lines().count() == 0

    def test_its_refund_may_be_read_before_its_charge(self) -> None:
        """Stripe lists the newest first, and a page may end between the two."""
        refund = bring(a_line("refund", gbp(-15), payment_intent_id="pi_theirs", source_id="re_1"))
        assert refund.category == Category.UNDECIDED
        bring(a_line("charge", gbp(40), payment_intent_id="pi_theirs"))
        try_again()
        refund.refresh_from_db()
        assert refund.category == Category.NOT_OURS
        assert held(chart.UNALLOCATED_RECEIPTS) == gbp(25)

    def test_a_dispute_of_it_goes_the_same_way(self) -> None:
        charge = a_line("charge", gbp(40), payment_intent_id="pi_theirs")
        dispute = a_line(
            "adjustment", gbp(-40), fee=gbp(20), category="dispute", payment_intent_id="pi_theirs"
        )
        bring(dispute, charge)
        assert held(chart.UNALLOCATED_RECEIPTS) == gbp(0)
        assert (fees(), held_by_stripe()) == (gbp(20), gbp(-20))

    def test_a_charge_without_any_payment_is_not_ours(self) -> None:
        assert bring(a_line("charge", gbp(5))).category == Category.NOT_OURS

    def test_a_known_customer_s_might_pay_an_invoice_of_ours(self) -> None:
        line = bring(a_line("charge", gbp(5), payment_intent_id="pi_1", has_customer=True))
        assert line.category == Category.UNDECIDED
        assert not JournalEntry.objects.exists()

    def test_a_donation_s_payment_without_a_mark_is_ours(self, donation: CardDonation) -> None:
        """As every month of a subscription is."""
        book_facts([received(donation)])
        line = bring(line_of(donation, is_marked=False, has_customer=True))
        assert (line.category, line.booked_at is not None) == (Category.DONATION, True)


class TestRefunds:
    """Booked by their events; the line finds them."""

    def test_a_refund_and_its_failure_find_their_entries(self, donation: CardDonation) -> None:
        refund = Refunded("re_1", payment_of(donation), gbp(10), RefundState.GONE, WRITTEN, WRITTEN)
        failed = Refunded("re_1", payment_of(donation), gbp(10), RefundState.BACK, WRITTEN, WRITTEN)
        book_facts([received(donation), refund])
        book_facts([failed])
        back = a_line(
            "refund_failure", gbp(10), source_id="re_1", payment_intent_id=payment_of(donation)
        )
        bring(line_of(donation), refund_line(donation, gbp(10)), back)
        assert due_lines().count() == 0
        assert held_by_stripe() == gbp("24.42")
        assert CardRefund.objects.count() == 1

    @pytest.mark.parametrize(
        ("kind", "category", "meant"),
        [
            ("refund", "refund", Category.REFUND),
            ("payment_refund", "refund", Category.REFUND),
            ("refund_failure", "refund_failure", Category.REFUND_FAILED),
            ("adjustment", "refund_failure", Category.REFUND_FAILED),
            ("refund", "partial_capture_reversal", Category.ASIDE),
        ],
    )
    def test_the_words_for_it(
        self, donation: CardDonation, kind: str, category: str, meant: str
    ) -> None:
        book_facts([received(donation)])
        line = a_line(
            kind,
            gbp(-5),
            category=category,
            source_id="re_1",
            payment_intent_id=payment_of(donation),
        )
        assert bring(line).category == meant


class TestDisputes:
    """Booked by their events, under the key of the line itself."""

    @pytest.mark.parametrize(
        ("category", "fact"), [("dispute", "disputed"), ("dispute_reversal", "reinstated")]
    )
    def test_awaits_the_entry_of_its_own_key(
        self, donation: CardDonation, category: str, fact: str
    ) -> None:
        book_facts([received(donation)])
        line = bring(
            a_line(
                "adjustment",
                gbp(-25),
                fee=gbp(20),
                category=category,
                source_id="dp_1",
                payment_intent_id=payment_of(donation),
            )
        )
        assert line.principal_key == f"stripe:{line.stripe_id}:{fact}"
        assert line.booked_at is None
        assert fees() == gbp(20)


class TestDirectDebits:
    """Stripe may show a payment before it has come, and take it back when it does not."""

    @pytest.mark.parametrize("charge_first", [True, False])
    def test_what_never_came_comes_to_nothing(
        self, donation: CardDonation, *, charge_first: bool
    ) -> None:
        charge = line_of(donation, fee="0")
        failure = a_line(
            "payment_failure_refund",
            gbp(-25),
            category="charge_failure",
            payment_intent_id=payment_of(donation),
        )
        first, second = (charge, failure) if charge_first else (failure, charge)
        bring(first)
        bring(second)
        try_again()
        assert due_lines().count() == 0
        assert held_by_stripe() == held(chart.UNALLOCATED_RECEIPTS) == gbp(0)

    def test_both_in_one_page(self, donation: CardDonation) -> None:
        failure = a_line(
            "payment_failure_refund",
            gbp(-25),
            category="charge_failure",
            payment_intent_id=payment_of(donation),
        )
        bring(failure, line_of(donation, fee="0"))
        try_again()
        assert due_lines().count() == 0
        assert held_by_stripe() == gbp(0)

    def test_what_was_raised_waits_for_the_event_of_its_failure(
        self, donation: CardDonation
    ) -> None:
        book_facts([received(donation)])
        failure = a_line(
            "payment_failure_refund",
            gbp(-25),
            category="charge_failure",
            payment_intent_id=payment_of(donation),
        )
        line = bring(failure, line_of(donation))
        assert line.principal_key == f"stripe:{payment_of(donation)}:failed"
        assert line.booked_at is None


class TestPayouts:
    """Clearing ties to Stripe at every moment, the bank to its statement."""

    def test_leaves_and_arrives(self) -> None:
        bring(payout_line(a_payout()))
        assert held_by_stripe() == gbp(-100)
        assert held(chart.PAYOUTS_IN_TRANSIT) == gbp(100)
        assert held(chart.BANK) == gbp(0)

        paid = a_payout(state=PayoutState.PAID)
        for _ in range(2):
            book_facts([paid])
        assert held(chart.PAYOUTS_IN_TRANSIT) == gbp(0)
        assert held(chart.BANK) == gbp(100)
        entry = JournalEntry.objects.get(source_key="stripe:po_1:paid")
        assert entry.occurred_on == date(2026, 11, 26)
        assert JournalEntry.objects.get(source_key="stripe:po_1:created").occurred_on == date(
            2026, 11, 23
        )

    def test_the_line_alone_tells_of_one_that_was_paid(self) -> None:
        """However many events were lost."""
        bring(payout_line(a_payout(state=PayoutState.PAID)))
        assert held(chart.BANK) == gbp(100)
        assert Payout.objects.get().status == Payout.Status.PAID

    @pytest.mark.parametrize(
        ("kind", "state"),
        [("payout_failure", PayoutState.FAILED), ("payout_cancel", PayoutState.CANCELED)],
    )
    def test_comes_back(self, kind: str, state: PayoutState) -> None:
        failed = a_payout(state=state)
        bring(payout_line(failed, kind), payout_line(failed))
        assert held_by_stripe() == held(chart.PAYOUTS_IN_TRANSIT) == held(chart.BANK) == gbp(0)
        assert JournalEntry.objects.filter(source_key="stripe:po_1:failed").exists()

    @pytest.mark.parametrize("paid_first", [True, False])
    def test_fails_after_it_was_called_paid(self, *, paid_first: bool) -> None:
        bring(payout_line(a_payout()))
        paid = a_payout(state=PayoutState.PAID, told_at=WRITTEN + timedelta(days=1))
        failed = a_payout(state=PayoutState.FAILED, told_at=WRITTEN + timedelta(days=2))
        for fact in (paid, failed) if paid_first else (failed, paid):
            book_facts([fact])
        bring(payout_line(failed, "payout_failure"))
        assert held_by_stripe() == held(chart.PAYOUTS_IN_TRANSIT) == held(chart.BANK) == gbp(0)
        assert Payout.objects.get().status == Payout.Status.FAILED
        assert JournalEntry.objects.filter(source_key="stripe:po_1:returned").count() == 1

    def test_a_late_event_overwrites_nothing_newer(self) -> None:
        moved = a_payout(
            state=PayoutState.PAID,
            told_at=WRITTEN + timedelta(days=2),
            arrival_on=date(2026, 11, 27),
            has_contents=True,
        )
        book_facts([moved, a_payout(state=PayoutState.PENDING)])
        payout = Payout.objects.get()
        assert (payout.status, payout.arrival_on) == ("paid", date(2026, 11, 27))
        assert payout.has_contents

    def test_a_debt_is_taken_from_the_bank(self) -> None:
        bring(payout_line(a_payout(gbp(-30), state=PayoutState.PAID)))
        assert held_by_stripe() == gbp(30)
        assert held(chart.PAYOUTS_IN_TRANSIT) == gbp(0)
        assert held(chart.BANK) == gbp(-30)

    def test_one_by_hand_may_cost_a_fee(self) -> None:
        bring(payout_line(a_payout(is_automatic=False)), a_line("stripe_fee", gbp(-1)))
        assert (fees(), held_by_stripe()) == (gbp(1), gbp(-101))

    def test_a_line_that_names_no_payout_is_put_aside(self) -> None:
        line = bring(a_line("payout", gbp(-9)))
        assert "names no payout" in line.last_error


class TestOtherCurrencies:
    """Paid in one currency, held by Stripe in another."""

    def test_clearing_ties_in_both(self) -> None:
        euros = Money("30.00", "EUR")
        donation = make_euro_donation()
        book_facts([received(donation)])
        payment = payment_of(donation)
        charge = a_line(
            "charge",
            gbp("25.50"),
            fee=gbp(1),
            payment_intent_id=payment,
            is_marked=True,
            paid=euros,
        )
        line = bring(charge)
        assert line.source_amount == euros
        assert held(chart.STRIPE_CLEARING, "EUR") == Money(0, "EUR")
        assert held_by_stripe() == gbp("24.50")
        assert held(chart.CURRENCY_EXCHANGE, "EUR") == euros
        assert held(chart.CURRENCY_EXCHANGE) == gbp("-25.50")

        refunded = Refunded("re_1", payment, euros, RefundState.GONE, WRITTEN, WRITTEN)
        book_facts([refunded])
        bring(a_line("refund", gbp(-26), source_id="re_1", payment_intent_id=payment, paid=euros))
        assert held(chart.STRIPE_CLEARING, "EUR") == held(chart.CURRENCY_EXCHANGE, "EUR")
        assert held_by_stripe() == gbp("-1.50")  # what the rate and the fee cost us
        assert held(chart.CURRENCY_EXCHANGE) == gbp("0.50")

    def test_what_is_not_ours_is_booked_as_it_is_held(self) -> None:
        bring(a_line("charge", gbp(8), payment_intent_id="pi_x", paid=Money(10, "USD")))
        assert held(chart.UNALLOCATED_RECEIPTS) == held_by_stripe() == gbp(8)

    def test_a_currency_without_minor_units(self) -> None:
        bring(a_line("stripe_fee", Money(-500, "JPY")))
        assert held(chart.STRIPE_CLEARING, "JPY") == Money(-500, "JPY")


def make_euro_donation() -> CardDonation:
    """Of €30, to an appeal that collects in euros."""
    appeal = make_appeal("euros", target=Money(1000, "EUR"))
    return make_card_donation(Money("30.00", "EUR"), appeal=appeal)


class TestPutAside:
    """What a person must decide is never guessed, and keeps nothing else from being booked."""

    def test_an_unknown_type_is_named(self) -> None:
        line = bring(a_line("climate_order_purchase", gbp(-7), fee=gbp("0.10")), a_line())
        assert line.category == Category.ASIDE
        assert line.put_aside_at is not None
        assert "of type climate_order_purchase" in line.last_error
        assert fees() == gbp("0.10"), "its fee is a fee whatever it is"
        assert held_by_stripe() == gbp("24.90")

    def test_an_entry_of_another_amount_under_its_key(self, donation: CardDonation) -> None:
        line, innocent = line_of(donation), a_line("stripe_fee", gbp(-2))
        post_entry(
            source_key=f"stripe:{line.stripe_id}:fee",
            kind=Kind.CARD_FEE,
            occurred_on=date(2026, 11, 23),
            memo="",
            lines=[
                debit(chart.account(chart.FEES, currency="GBP"), gbp(9)),
                credit(chart.account(chart.STRIPE_CLEARING, currency="GBP"), gbp(9)),
            ],
        )
        found = bring(line, innocent)
        assert found.put_aside_at is not None
        assert "EntryConflictError" in found.last_error
        assert BalanceLine.objects.get(stripe_id=innocent.stripe_id).booked_at is not None

    def test_a_bug_costs_a_line_its_delay(self, donation: CardDonation) -> None:
        good, bad = line_of(donation), a_line("stripe_fee", gbp(-2))

        def stumble(line: BalanceLine, accounts: Accounts) -> list[Draft]:
            if line.stripe_id == bad.stripe_id:
                raise RuntimeError("a bug")
            return drafts(line, accounts)

        drafts = booking._drafts  # noqa: SLF001 - a bug is planted there
        with mock.patch.object(booking, "_drafts", stumble):
            found = bring(bad, good)
        assert found.last_error == "RuntimeError: a bug"
        assert fees() == gbp("0.58")
        try_again()
        assert fees() == gbp("2.58")

    def test_the_database_s_trouble_marks_nothing(self, donation: CardDonation) -> None:
        take([line_of(donation)])
        with (
            mock.patch.object(booking, "post_entries", side_effect=OperationalError),
            pytest.raises(OperationalError),
        ):
            book_due_lines()
        assert BalanceLine.objects.get().attempts == 0


def test_a_line_says_what_it_is() -> None:
    line = bring(a_line("charge", gbp(25), fee=gbp(1), stripe_id="txn_x"))
    assert str(line) == "charge txn_x"
    assert (line.amount, line.fee, line.net) == (gbp(25), gbp(1), gbp(24))
    assert line.source_amount is None
    bring(payout_line(a_payout()))
    assert str(Payout.objects.get()) == "po_1"
