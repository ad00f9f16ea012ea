"""The reconciliation: both sides of a period, and why they differ, to the penny."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from unittest import mock

import pytest
from django.utils import timezone

from funds import chart
from funds.ledger import Kind, credit, debit, post_entry, reverse_entry
from funds.models import JournalEntry
from funds.money import Money
from payments.audit import audit_till
from payments.balance.allocation import (
    AllocationRefusedError,
    book_as_unallocated,
    reallocate,
)
from payments.balance.booking import due_lines
from payments.balance.matching import Part, Reason, Scope
from payments.balance.reconciliation import (
    Reconciliation,
    Row,
    read_currencies,
    read_reconciliation,
)
from payments.booking import book_facts
from payments.models import BalanceLine, BalanceWindow, CardDonation, Payout, StripeBalance
from payments.stripe_gateway.facts import PayoutState, Refunded, RefundState
from tests.factories import gbp, make_account, make_card_donation, make_organisation, make_user
from tests.payments.test_balance_lines import bring, make_euro_donation, try_again
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

NOVEMBER = Scope("GBP", date(2026, 11, 1), date(2026, 11, 30))
OCTOBER = Scope("GBP", date(2026, 10, 1), date(2026, 10, 31))
EVER = Scope("GBP", date.min, date.max)


@pytest.fixture(autouse=True)
def _organisation() -> None:
    make_organisation()


@pytest.fixture
def donation() -> CardDonation:
    return make_card_donation(gbp(25))


@pytest.fixture(autouse=True)
def _months_are_read() -> None:
    """Stripe's lines were read long past the days of these tests."""
    BalanceWindow.objects.create(
        since=WRITTEN - timedelta(days=90),
        until=WRITTEN + timedelta(days=300),
        finished_at=timezone.now(),
    )


def reconciled(scope: Scope) -> Reconciliation:
    """Asked anew: a scope remembers what it looked up."""
    return read_reconciliation(replace(scope))


def rows(report: Reconciliation) -> dict[str, tuple[Money, Money]]:
    return {row.part.value: (row.stripe, row.books) for row in each_row(report) if row.lines}


def each_row(report: Reconciliation) -> Iterator[Row]:
    yield from report.rows
    yield from report.paid_out


def reasons(scope: Scope = NOVEMBER) -> dict[Reason, Money]:
    """Why the sides differ; that the reasons add up to the difference is judged each time."""
    report = reconciled(scope)
    total = sum((why.amount for why in report.reasons), Money(0, scope.currency))
    assert total == report.change.difference
    return {why.reason: why.amount for why in report.reasons}


def test_a_month_in_which_everything_went_well(donation: CardDonation) -> None:
    refund = Refunded("re_1", payment_of(donation), gbp(5), RefundState.GONE, WRITTEN, WRITTEN)
    book_facts([received(donation), refund])
    payout = a_payout(gbp(10), state=PayoutState.PAID)
    bring(
        line_of(donation),
        refund_line(donation, gbp(5)),
        a_line("stripe_fee", gbp(-1)),
        a_line("charge", gbp(40), payment_intent_id="pi_theirs"),
        payout_line(payout),
    )
    report = reconciled(NOVEMBER)
    assert {part: stripe for part, (stripe, books) in rows(report).items() if stripe == books} == {
        "donation": gbp(25),
        "refund": gbp(-5),
        "fee": gbp("-0.58"),
        "account-fee": gbp(-1),
        "not-ours": gbp(40),
        "payout": gbp(-10),
    }
    assert report.earned.stripe == gbp("58.42")
    assert report.change.stripe == report.closing.stripe == gbp("48.42")
    assert report.opening.books == gbp(0)
    assert report.reasons == []
    assert report.is_right
    assert not report.needs_a_person
    assert list(audit_till()) == []


def test_a_month_opens_with_what_the_last_one_left(donation: CardDonation) -> None:
    before = WRITTEN - timedelta(days=30)
    bring(a_line("charge", gbp(40), created_at=before))
    report = reconciled(NOVEMBER)
    assert (report.opening.stripe, report.opening.books) == (gbp(40), gbp(40))
    assert report.change.stripe == gbp(0)
    assert reconciled(OCTOBER).closing.books == gbp(40)


class TestWhy:
    """Every difference has its reasons, and they add up."""

    def test_a_donation_of_which_nobody_told_us(self, donation: CardDonation) -> None:
        bring(line_of(donation))
        assert reasons() == {Reason.WAITING: gbp(25)}
        report = reconciled(NOVEMBER)
        assert report.is_right
        assert not report.needs_a_person
        assert list(audit_till()) == [], "it waits, which is no difference yet"

    def test_whose_it_is_is_being_asked(self) -> None:
        bring(a_line("charge", gbp(9), payment_intent_id="pi_1", has_customer=True))
        assert reasons() == {Reason.UNDECIDED: gbp(9)}

    def test_a_type_put_aside(self) -> None:
        bring(a_line("topup", gbp(9)))
        assert reasons() == {Reason.ASIDE: gbp(9)}
        assert reconciled(NOVEMBER).needs_a_person

    def test_a_line_that_is_not_read_yet(self, donation: CardDonation) -> None:
        BalanceWindow.objects.update(until=timezone.now())
        bring(a_line("stripe_fee", gbp(0), created_at=WRITTEN - timedelta(days=20)))
        book_facts([received(donation)])
        assert reasons() == {Reason.NOT_READ: gbp(-25)}

    def test_a_line_that_never_came(self, donation: CardDonation) -> None:
        bring(a_line("stripe_fee", gbp(0), created_at=WRITTEN - timedelta(days=20)))
        book_facts([received(donation)])
        assert reasons() == {Reason.ABSENT: gbp(-25)}
        report = reconciled(NOVEMBER)
        assert (report.remainder, report.is_right) == (gbp(-25), False)
        (difference,) = audit_till()
        assert str(difference) == (
            f"entries have Stripe's line: stripe:{payment_of(donation)}:received: "
            "no line of Stripe's moved this, -25.00 GBP"
        )

    def test_before_stripe_s_first_line_nothing_can_be_missed(self, donation: CardDonation) -> None:
        """Test data may be deleted at Stripe, and a stand-in forgets."""
        book_facts([received(donation)])
        assert reasons() == {Reason.NOT_READ: gbp(-25)}
        assert list(audit_till()) == []

    def test_midnight_lay_between_the_two(self, donation: CardDonation) -> None:
        book_facts([received(donation)])
        bring(line_of(donation, created_at=WRITTEN - timedelta(days=30)))
        assert reasons(NOVEMBER) == {Reason.OTHER_DAY: gbp(-25)}
        assert reasons(OCTOBER) == {Reason.OTHER_DAY: gbp(25)}
        assert reasons(EVER) == {}
        assert list(audit_till()) == []

    def test_booked_with_another_amount(self, donation: CardDonation) -> None:
        book_facts([received(donation)])
        line = bring(line_of(donation))
        BalanceLine.objects.filter(pk=line.pk).update(amount_minor=2700, net_minor=2642)
        assert reasons() == {Reason.UNEQUAL: gbp(2)}
        (difference,) = audit_till()
        assert "Stripe's line moved 2.00 GBP more than its entries" in str(difference)

    def test_an_entry_that_vanished_is_told_by_the_audit(self, donation: CardDonation) -> None:
        line = bring(a_line("stripe_fee", gbp(-3)))
        BalanceLine.objects.filter(pk=line.pk).update(principal_key="stripe:gone:stripe-fee")
        assert reasons() == {Reason.WAITING: gbp(-3), Reason.ABSENT: gbp(3)}
        assert [difference.check for difference in audit_till()] == [
            "entries have Stripe's line",
            "Stripe's lines are booked",
        ]

    def test_what_was_posted_by_hand(self) -> None:
        bring(a_line("stripe_fee", gbp(0)))
        clearing = chart.account(chart.STRIPE_CLEARING, currency="GBP")
        post_entry(
            source_key="by-hand:1",
            kind=Kind.TRANSFER_RECEIVED,
            occurred_on=date(2026, 11, 23),
            memo="",
            lines=[debit(clearing, gbp(7)), credit(make_account("x"), gbp(7))],
        )
        assert reasons() == {Reason.ABSENT: gbp(-7)}
        report = reconciled(NOVEMBER)
        assert {row.part: row.books for row in report.rows}[Part.OTHER] == gbp(7)

    def test_several_at_once(self, donation: CardDonation) -> None:
        other = make_card_donation(gbp(8))
        book_facts([received(other)])
        bring(
            line_of(donation, fee="0.58"),
            a_line("topup", gbp(9), fee=gbp(1)),
            a_line("stripe_fee", gbp(-2)),
        )
        assert reasons() == {
            Reason.WAITING: gbp(25),
            Reason.ASIDE: gbp(9),
            Reason.ABSENT: gbp(-8),
        }


class TestOtherCurrencies:
    """A donation in euros that Stripe holds in pounds stands in both."""

    @pytest.fixture
    def changed(self) -> CardDonation:
        donation = make_euro_donation()
        bring(
            a_line(
                "charge",
                gbp("25.50"),
                fee=gbp(1),
                payment_intent_id=payment_of(donation),
                is_marked=True,
                paid=Money("30.00", "EUR"),
            )
        )
        return donation

    def test_comes_and_is_changed_in_the_one(self, changed: CardDonation) -> None:
        book_facts([received(changed)])
        try_again()
        euros = reconciled(Scope("EUR", NOVEMBER.since, NOVEMBER.until))
        thirty = Money("30.00", "EUR")
        assert rows(euros) == {"donation": (thirty, thirty), "exchange": (-thirty, -thirty)}
        assert rows(reconciled(NOVEMBER)) == {
            "exchange": (gbp("25.50"), gbp("25.50")),
            "fee": (gbp(-1), gbp(-1)),
        }
        assert read_currencies() == ["GBP", "EUR"]
        assert list(audit_till()) == []

    def test_its_donation_is_awaited_in_the_one(self, changed: CardDonation) -> None:
        euros = Scope("EUR", NOVEMBER.since, NOVEMBER.until)
        assert reasons(euros) == {Reason.WAITING: Money("30.00", "EUR")}
        assert reasons(NOVEMBER) == {}


class TestHeld:
    """What Stripe itself says that it holds."""

    def test_stands_beside_the_lines_and_the_books(self) -> None:
        bring(a_line("charge", gbp(40)))
        held = reconciled(NOVEMBER).held
        assert (held.told, held.before_the_first_line) == (None, None)
        StripeBalance.objects.create(
            currency="GBP", available_minor=1000, pending_minor=3500, told_at=WRITTEN
        )
        held = reconciled(NOVEMBER).held
        assert (held.told, held.by_lines, held.by_books) == (gbp(45), gbp(40), gbp(40))
        assert held.before_the_first_line == gbp(5)
        assert str(StripeBalance.objects.get()) == "GBP 4500"

    def test_nothing_was_ever_moved(self) -> None:
        report = reconciled(Scope("USD", NOVEMBER.since, NOVEMBER.until))
        assert report.held.by_books == report.change.stripe == Money(0, "USD")


class TestAPersonDecides:
    """Where the site does not, or decided before it knew better."""

    def test_a_line_put_aside_goes_to_unallocated_receipts(self) -> None:
        user = make_user()
        line = bring(a_line("topup", gbp(9), fee=gbp(1)))
        book_as_unallocated(line, decided_by=user)
        assert reasons() == {}
        settled = BalanceLine.objects.get()
        assert (settled.decided_by, settled.put_aside_at) == (user, None)
        assert settled.booked_at is not None
        with pytest.raises(AllocationRefusedError):
            book_as_unallocated(settled, decided_by=user)

    def test_what_was_not_ours_and_is(self, donation: CardDonation) -> None:
        """An old backup was restored: the line was read before the donation was known again."""
        line = bring(line_of(donation, is_marked=False))
        assert line.category == BalanceLine.Category.NOT_OURS
        book_facts([received(donation)])
        assert reasons() == {Reason.TWICE: gbp(-25)}
        assert reconciled(NOVEMBER).needs_a_person
        (difference,) = audit_till()
        assert "booked as a donation, and its line as not ours" in str(difference)

        with mock.patch("payments.balance.allocation.local_today", return_value=date(2026, 11, 28)):
            reallocate(line, decided_by=make_user())
        assert reasons() == {Reason.REVERSED: gbp(0)}
        assert due_lines().count() == 0
        assert list(audit_till()) == []

    def test_only_a_donation_s_payment_is_ours(self) -> None:
        line = bring(a_line("charge", gbp(40), payment_intent_id="pi_theirs"))
        with pytest.raises(AllocationRefusedError):
            reallocate(line, decided_by=make_user())


class TestAudit:
    """What only tampering or a bug would do."""

    def test_a_payout_whose_lines_do_not_come_to_it(self) -> None:
        line = bring(payout_line(a_payout()))
        payout = Payout.objects.get()
        Payout.objects.update(contents_known_at=timezone.now())
        BalanceLine.objects.filter(pk=line.pk).update(payout=payout)
        (difference,) = audit_till()
        assert str(difference) == "payouts are their lines: po_1: a remainder of -100.00 GBP"

    def test_money_at_the_bank_of_no_payout(self) -> None:
        bring(payout_line(a_payout(state=PayoutState.PAID)))
        assert list(audit_till()) == []
        Payout.objects.update(paid_at=None)
        (difference,) = audit_till()
        assert "stripe:po_1:paid: no payout that was paid" in str(difference)

    def test_a_fee_reversed_by_hand(self, donation: CardDonation) -> None:
        book_facts([received(donation)])
        line = bring(line_of(donation))
        entry = JournalEntry.objects.get(source_key=line.key("fee"))
        reverse_entry(entry, reason="by hand", occurred_on=date(2026, 11, 24))
        assert reasons() == {Reason.ABSENT: gbp("-0.58")}
