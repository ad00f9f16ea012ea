"""Monthly donations: what Stripe tells of them, told at the wire, in any order."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from appeals.models import Appeal, Promise
from appeals.progress import read_reading
from funds.models import Branch, JournalEntry
from funds.money import Money
from payments import inbox
from payments.models import (
    CardDonation,
    CardRefund,
    MonthlyDonation,
    MonthlyInvoice,
    WebhookEvent,
)
from tests.factories import gbp, make_appeal, make_branch, make_monthly
from tests.monthly_events import (
    MONTH,
    beginning,
    customer_of,
    invoice_event,
    invoice_of,
    invoice_payment_event,
    month_events,
    payment_of_month,
    session_event,
    subscription_event,
    subscription_of,
)
from tests.payments.books import held_by_stripe, raised_by_card
from tests.stripe_events import NOON, Event, charge_event, deliver, make_event, refund_event

pytestmark = pytest.mark.django_db

DAY = 24 * 60 * 60


@pytest.fixture
def leeds() -> Branch:
    return make_branch("Leeds")


@pytest.fixture
def monthly(leeds: Branch) -> MonthlyDonation:
    return make_monthly(gbp(10), appeal=make_appeal("rally"), branch=leeds)


def tell(*events: Event) -> None:
    for event in events:
        assert deliver(Client(), event) == 200
    inbox.act_on_everything_due()


def outcomes() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("outcome", flat=True))


def the_months(monthly: MonthlyDonation) -> list[CardDonation]:
    return list(CardDonation.objects.filter(monthly=monthly).order_by("pk"))


def fresh(monthly: MonthlyDonation) -> MonthlyDonation:
    return MonthlyDonation.objects.get(pk=monthly.pk)


def promised(appeal: Appeal) -> Money:
    return read_reading(Appeal.objects.get(pk=appeal.pk)).promised_monthly


def month_refund(monthly: MonthlyDonation, month: int = 1, **changes: Any) -> Event:
    """A refund as Stripe tells of a month's: with no mark of ours on it."""
    stand_in = CardDonation(reference=monthly.reference, amount=monthly.amount)
    return refund_event(stand_in, payment_intent=payment_of_month(monthly, month), **changes)


def month_charge(monthly: MonthlyDonation, kind: str, **changes: Any) -> Event:
    stand_in = CardDonation(reference=monthly.reference, amount=monthly.amount)
    told = {
        "payment_intent": payment_of_month(monthly),
        "metadata": {},
        "customer": customer_of(monthly),
    }
    return charge_event(stand_in, kind, **(told | changes))


class TestMonths:
    def test_each_paid_month_is_a_donation_of_its_own(
        self, monthly: MonthlyDonation, leeds: Branch
    ) -> None:
        tell(*beginning(monthly), *month_events(monthly, 2, created=NOON + MONTH))

        first, second = the_months(monthly)
        assert raised_by_card(monthly.appeal) == held_by_stripe() == gbp(20)
        assert (first.amount, first.branch, first.appeal) == (gbp(10), leeds, monthly.appeal)
        assert first.reference != second.reference
        assert first.payment_intent_id == payment_of_month(monthly)
        assert first.invoice_id == invoice_of(monthly)
        assert first.received_entry is not None
        key = f"stripe:{payment_of_month(monthly)}:received"
        assert first.received_entry.source_key == key
        (row,) = read_reading(Appeal.objects.get()).league
        assert (row.branch, row.raised) == ("leeds", gbp(20))

    @pytest.mark.parametrize("comes_first", [0, 1], ids=["the invoice", "its payment"])
    def test_the_second_of_its_two_events_books_it(
        self, monthly: MonthlyDonation, comes_first: int
    ) -> None:
        events = month_events(monthly)
        first, second = events[comes_first], events[1 - comes_first]
        tell(first)
        assert the_months(monthly) == []
        assert not JournalEntry.objects.exists()
        tell(second)
        assert raised_by_card(monthly.appeal) == gbp(10)
        assert outcomes() == ["noted", "booked"]

    def test_told_again_and_again_it_is_booked_once(self, monthly: MonthlyDonation) -> None:
        for _ in range(3):
            tell(*month_events(monthly))
        assert JournalEntry.objects.count() == len(the_months(monthly)) == 1
        assert outcomes()[-2:] == ["known", "known"]

    def test_it_is_dated_by_the_day_on_which_the_payment_succeeded(
        self, monthly: MonthlyDonation
    ) -> None:
        """Not by the news of it, and by the organisation's clock."""
        late = int(datetime(2026, 7, 31, 23, 30, tzinfo=UTC).timestamp())  # 1 August in London
        tell(
            invoice_event(monthly, created=late + 5 * DAY),
            invoice_payment_event(monthly, paid_at=late, created=late + 5 * DAY),
        )
        assert JournalEntry.objects.get().occurred_on == date(2026, 8, 1)

    def test_a_month_of_another_amount_is_booked_as_it_came(self, monthly: MonthlyDonation) -> None:
        tell(*month_events(monthly), *month_events(monthly, 2, amount=gbp("12.50")))
        assert [month.amount for month in the_months(monthly)] == [gbp(10), gbp("12.50")]
        assert raised_by_card(monthly.appeal) == gbp("22.50")

    def test_an_invoice_that_asked_for_nothing_books_nothing(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(invoice_event(monthly, amount=gbp(0)))
        assert outcomes() == ["noted"]
        assert the_months(monthly) == []
        assert not MonthlyInvoice.objects.exists()

    def test_what_was_paid_outside_stripe_is_not_stripes_money(
        self, monthly: MonthlyDonation
    ) -> None:
        by_hand = invoice_payment_event(monthly)
        by_hand["data"]["object"]["payment"] = {"payment_record": "pr_1", "type": "payment_record"}
        tell(invoice_event(monthly, amount_paid_off_stripe=1000), by_hand)
        assert outcomes() == ["noted", "noted"]
        assert not MonthlyInvoice.objects.exists()

    def test_a_second_payment_of_one_month_waits_for_a_person(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(*month_events(monthly), invoice_payment_event(monthly, payment="pi_again"))
        waits = WebhookEvent.objects.get(processed_at__isnull=True)
        assert "PaidTwiceError" in waits.last_error
        assert "pi_again must be refunded" in waits.last_error
        assert held_by_stripe() == gbp(10)

    def test_another_currency_than_the_appeals_waits_for_a_person(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(*month_events(monthly, amount=Money("10.00", "EUR"), currency="eur"))
        waits = WebhookEvent.objects.get(processed_at__isnull=True)
        assert "AmountMismatchError" in waits.last_error
        assert not JournalEntry.objects.exists()

    def test_an_unknown_reference_of_ours_waits_for_a_person(
        self, monthly: MonthlyDonation
    ) -> None:
        events = [*beginning(monthly), invoice_event(monthly, "invoice.payment_failed")]
        monthly.delete()
        tell(*events)
        waiting = WebhookEvent.objects.filter(processed_at__isnull=True)
        assert {event.type for event in waiting} == {
            "checkout.session.completed",
            "customer.subscription.created",
            "invoice.paid",
            "invoice.payment_failed",
        }
        assert all("UnknownDonationError" in event.last_error for event in waiting)


class TestOthers:
    """Other subscriptions on the same Stripe account are left alone."""

    @pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
    def test_months_of_others_are_not_ours(self, monthly: MonthlyDonation, step: int) -> None:
        theirs = make_monthly(appeal=monthly.appeal)
        events = [
            invoice_event(theirs, subscription_metadata={}),
            invoice_payment_event(theirs),
            subscription_event(theirs, metadata={}),
            session_event(theirs, metadata={}),
            invoice_event(theirs, "invoice.payment_failed", subscription_metadata=None),
        ]
        for event in events[::step]:
            tell(event)
        assert not CardDonation.objects.exists()
        assert not JournalEntry.objects.exists()
        assert not MonthlyInvoice.objects.filter(monthly__isnull=False).exists()
        assert fresh(theirs).subscription_id is None
        assert inbox.count_waiting() == 0

    def test_an_invoice_of_no_subscription_is_not_ours(self, monthly: MonthlyDonation) -> None:
        tell(invoice_event(monthly, parent=None), invoice_event(monthly, month=2, parent={}))
        assert outcomes() == ["not-ours", "not-ours"]

    def test_our_mark_taken_off_in_the_dashboard_loses_no_month(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(session_event(monthly))
        tell(
            subscription_event(monthly, metadata={}, amount=gbp(15)),
            invoice_event(monthly, subscription_metadata={}),
            invoice_payment_event(monthly),
        )
        assert raised_by_card(monthly.appeal) == gbp(10)
        assert fresh(monthly).amount == gbp(15)

    def test_the_payments_of_months_bear_no_mark_and_book_nothing(
        self, monthly: MonthlyDonation
    ) -> None:
        intent = {
            "id": payment_of_month(monthly),
            "object": "payment_intent",
            "amount": 1000,
            "amount_received": 1000,
            "currency": "gbp",
            "metadata": {},
        }
        tell(
            make_event("payment_intent.succeeded", intent),
            month_charge(monthly, "charge.succeeded"),
            month_charge(monthly, "charge.updated"),
        )
        assert outcomes() == ["not-ours"] * 3
        tell(*month_events(monthly))
        assert held_by_stripe() == gbp(10)


class TestRefunds:
    def test_a_refund_finds_its_month_by_the_payment(self, monthly: MonthlyDonation) -> None:
        tell(*beginning(monthly), month_refund(monthly, amount=400))
        assert raised_by_card(monthly.appeal) == held_by_stripe() == gbp(6)
        assert CardRefund.objects.get().donation == the_months(monthly)[0]

    def test_a_refund_that_comes_first_waits_for_its_month(self, monthly: MonthlyDonation) -> None:
        tell(month_refund(monthly), month_charge(monthly, "charge.refunded", amount_refunded=1000))
        assert inbox.count_waiting() == 2
        tell(*month_events(monthly))
        inbox.act_on_everything_due()
        assert raised_by_card(monthly.appeal) == gbp(0)
        assert inbox.count_waiting() == 0

    def test_a_total_that_was_given_back_asks_for_the_refunds_that_are_missing(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(
            *month_events(monthly),
            month_charge(monthly, "charge.refunded", amount_refunded=1000),
        )
        waits = WebhookEvent.objects.get(processed_at__isnull=True)
        assert "OutOfOrderError" in waits.last_error


class TestLife:
    def test_the_checkout_links_subscription_and_customer(self, monthly: MonthlyDonation) -> None:
        tell(session_event(monthly))
        begun = fresh(monthly)
        assert begun.subscription_id == subscription_of(monthly)
        assert begun.customer_id == customer_of(monthly)

    def test_any_of_its_events_links_them(self, monthly: MonthlyDonation) -> None:
        for event in (
            invoice_event(monthly),
            subscription_event(monthly),
            invoice_event(monthly, "invoice.payment_failed"),
        ):
            MonthlyDonation.objects.update(subscription_id=None, customer_id="")
            tell(event)
            assert fresh(monthly).subscription_id == subscription_of(monthly)

    def test_an_expired_checkout_is_over(self, monthly: MonthlyDonation) -> None:
        tell(session_event(monthly, "checkout.session.expired"))
        ended_at = fresh(monthly).checkout_ended_at
        assert ended_at == datetime.fromtimestamp(NOON, UTC)
        tell(session_event(monthly, "checkout.session.expired", created=NOON + 60))
        assert fresh(monthly).checkout_ended_at == ended_at

    def test_a_session_of_no_subscription_tells_nothing(self, monthly: MonthlyDonation) -> None:
        tell(session_event(monthly, subscription=None))
        assert fresh(monthly).subscription_id is None
        assert outcomes() == ["noted"]

    def test_the_newest_state_is_copied(self, monthly: MonthlyDonation) -> None:
        tell(subscription_event(monthly, status="past_due", cancel_at=NOON + 2 * MONTH))
        state = fresh(monthly)
        assert state.status == "past_due"
        assert state.is_failing
        assert state.next_at == datetime.fromtimestamp(NOON + MONTH, UTC)
        assert state.cancel_at == datetime.fromtimestamp(NOON + 2 * MONTH, UTC)
        assert state.started_at == state.told_at == datetime.fromtimestamp(NOON, UTC)

    def test_a_late_event_never_overwrites_a_newer_state(self, monthly: MonthlyDonation) -> None:
        tell(subscription_event(monthly, status="past_due", created=NOON + 60))
        tell(subscription_event(monthly, status="active", amount=gbp(99), created=NOON))
        assert (fresh(monthly).status, fresh(monthly).amount) == ("past_due", gbp(10))

    def test_what_has_ended_never_begins_again(self, monthly: MonthlyDonation) -> None:
        tell(
            subscription_event(monthly, "customer.subscription.deleted", status="canceled"),
            subscription_event(monthly, status="active", created=NOON + DAY),
        )
        assert fresh(monthly).status == "canceled"

    def test_an_end_stands_even_when_our_clock_ran_ahead_of_stripes(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(subscription_event(monthly, created=NOON + 30))
        tell(subscription_event(monthly, "customer.subscription.deleted", status="canceled"))
        assert fresh(monthly).is_over

    @pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
    def test_two_changes_of_one_second_end_the_same_and_are_doubted(
        self, monthly: MonthlyDonation, step: int
    ) -> None:
        events = [subscription_event(monthly, amount=gbp(amount)) for amount in (5, 20)]
        for event in events[::step]:
            tell(event)
        assert fresh(monthly).amount == gbp(20)  # which of the two is true, Stripe is asked
        assert fresh(monthly).is_doubtful
        tell(subscription_event(monthly, amount=gbp(5), created=NOON + 1))
        assert (fresh(monthly).amount, fresh(monthly).is_doubtful) == (gbp(5), False)

    @pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
    def test_a_beginning_and_a_change_of_one_second_are_no_doubt(
        self, monthly: MonthlyDonation, step: int
    ) -> None:
        events = [
            subscription_event(monthly, "customer.subscription.created", status="incomplete"),
            subscription_event(monthly),
        ]
        for event in events[::step]:
            tell(event)
        assert fresh(monthly).status == "active"
        assert not fresh(monthly).is_doubtful

    def test_a_second_subscription_waits_for_a_person_and_its_money_is_booked(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(session_event(monthly))
        second = invoice_event(monthly, month=9)
        second["data"]["object"]["parent"]["subscription_details"]["subscription"] = "sub_2"
        tell(
            subscription_event(monthly, id="sub_2"),
            session_event(monthly, subscription="sub_2"),
            second,
            invoice_payment_event(monthly, month=9),
        )
        waiting = WebhookEvent.objects.filter(processed_at__isnull=True)
        assert len(waiting) == 2
        assert all("sub_2 must be cancelled" in event.last_error for event in waiting)
        assert raised_by_card(monthly.appeal) == gbp(10)

    def test_failed_months_are_noted_and_follow_stripes_retries(
        self, monthly: MonthlyDonation
    ) -> None:
        for attempt, at in enumerate((NOON + 3 * DAY, NOON, NOON + 8 * DAY)):
            failed = invoice_event(
                monthly, "invoice.payment_failed", created=at, attempt_count=attempt
            )
            tell(failed)
        invoice = MonthlyInvoice.objects.get()
        assert invoice.first_failed_at == datetime.fromtimestamp(NOON, UTC)
        assert invoice.last_failed_at == datetime.fromtimestamp(NOON + 8 * DAY, UTC)
        assert invoice.next_attempt_at == datetime.fromtimestamp(NOON + 11 * DAY, UTC)
        assert the_months(monthly) == []
        tell(*month_events(monthly, created=NOON + 11 * DAY))
        assert raised_by_card(monthly.appeal) == gbp(10)

    def test_a_failure_that_is_told_after_the_money_books_it_too(
        self, monthly: MonthlyDonation
    ) -> None:
        """The payment is known, and whose it is only by the failure: the money is there."""
        tell(invoice_payment_event(monthly))
        tell(invoice_event(monthly, "invoice.payment_failed", created=NOON - DAY))
        assert raised_by_card(monthly.appeal) == gbp(10)


class TestPromise:
    def test_a_running_one_is_promised_every_month_apart_from_what_was_raised(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(*beginning(monthly))
        reading = read_reading(Appeal.objects.get())
        assert reading.promised_monthly == gbp(10)
        assert (reading.promised, reading.raised) == (gbp(0), gbp(10))
        assert Promise.objects.get().branch == monthly.branch

    def test_it_changes_with_the_amount(self, monthly: MonthlyDonation) -> None:
        tell(subscription_event(monthly))
        revision = Appeal.objects.get().revision
        tell(subscription_event(monthly, amount=gbp(25), created=NOON + 60))
        assert promised(monthly.appeal) == gbp(25)
        assert Appeal.objects.get().revision > revision  # open pages hear of it
        revision = Appeal.objects.get().revision
        tell(subscription_event(monthly, amount=gbp(25), created=NOON + 120))
        assert Appeal.objects.get().revision == revision

    @pytest.mark.parametrize(
        ("status", "amount"),
        [
            ("active", 10),
            ("trialing", 10),
            ("past_due", 10),
            ("unpaid", 0),
            ("paused", 0),
            ("canceled", 0),
            ("incomplete", 0),
            ("incomplete_expired", 0),
        ],
    )
    def test_it_ends_when_no_month_is_to_be_expected(
        self, monthly: MonthlyDonation, status: str, amount: int
    ) -> None:
        tell(
            subscription_event(monthly),
            subscription_event(monthly, status=status, created=NOON + 60),
        )
        assert promised(monthly.appeal) == gbp(amount)

    def test_one_that_is_to_end_before_the_next_month_is_promised_no_more(
        self, monthly: MonthlyDonation
    ) -> None:
        tell(subscription_event(monthly, cancel_at=NOON + 3 * MONTH))
        assert promised(monthly.appeal) == gbp(10)
        tell(subscription_event(monthly, cancel_at=NOON + MONTH, created=NOON + 60))
        assert promised(monthly.appeal) == gbp(0)
        tell(subscription_event(monthly, created=NOON + 120))  # taken back in the portal
        assert promised(monthly.appeal) == gbp(10)

    def test_given_up_by_stripe_and_paid_after_all_it_is_promised_again(
        self, monthly: MonthlyDonation
    ) -> None:
        for second, status in enumerate(("active", "unpaid", "active")):
            tell(subscription_event(monthly, status=status, created=NOON + second))
        assert promised(monthly.appeal) == gbp(10)


class TestWhichAppeal:
    NOW = int(timezone.now().timestamp())

    def pay(self, monthly: MonthlyDonation, *, month: int = 1, at: int = NOW) -> CardDonation:
        tell(*month_events(monthly, month, created=at))
        return CardDonation.objects.get(invoice_id=invoice_of(monthly, month))

    def close(self, appeal: Appeal, *, ago: timedelta) -> None:
        Appeal.objects.filter(pk=appeal.pk).update(
            status=Appeal.Status.CLOSED, closes_at=timezone.now() - ago
        )

    def standing(self, **fields: Any) -> Appeal:
        return make_appeal("fighting-fund", is_standing=True, **fields)

    def test_while_it_is_open_the_months_go_to_their_own(self, monthly: MonthlyDonation) -> None:
        self.standing()
        assert self.pay(monthly).appeal == monthly.appeal

    def test_once_it_has_closed_they_go_to_its_funds_standing_appeal(
        self, monthly: MonthlyDonation, leeds: Branch
    ) -> None:
        standing = self.standing()
        self.close(monthly.appeal, ago=timedelta(days=1))
        month = self.pay(monthly)
        assert (month.appeal, month.branch) == (standing, leeds)
        assert raised_by_card(standing) == gbp(10)
        assert raised_by_card(monthly.appeal) == gbp(0)

    def test_money_that_came_before_it_closed_is_its_own_however_late_we_hear(
        self, monthly: MonthlyDonation
    ) -> None:
        self.standing()
        self.close(monthly.appeal, ago=timedelta(days=1))
        before = self.NOW - 2 * DAY
        assert self.pay(monthly, at=before).appeal == monthly.appeal

    def test_a_closing_time_closes_as_a_hand_does(self, monthly: MonthlyDonation) -> None:
        standing = self.standing()
        Appeal.objects.filter(slug="rally").update(closes_at=timezone.now() - timedelta(days=1))
        assert self.pay(monthly).appeal == standing

    @pytest.mark.parametrize(
        "fields",
        [
            None,
            {"status": Appeal.Status.DRAFT},
            {"status": Appeal.Status.CLOSED},
            {"opens_at": timezone.now() + timedelta(days=9)},
            {"target": Money(Decimal(100), "EUR")},
        ],
        ids=["none", "draft", "closed", "opens later", "another currency"],
    )
    def test_without_one_that_takes_money_it_is_booked_to_the_closed_one(
        self, monthly: MonthlyDonation, fields: dict[str, Any] | None
    ) -> None:
        if fields is not None:
            self.standing(**fields)
        self.close(monthly.appeal, ago=timedelta(days=1))
        assert self.pay(monthly).appeal == monthly.appeal

    def test_the_appeal_of_a_month_is_fixed_when_it_is_booked(
        self, monthly: MonthlyDonation
    ) -> None:
        self.standing()
        month = self.pay(monthly)
        self.close(monthly.appeal, ago=timedelta(days=1))
        tell(*month_events(monthly, created=self.NOW))
        month.refresh_from_db()
        assert month.appeal == monthly.appeal

    def test_the_promise_moves_with_the_next_month(self, monthly: MonthlyDonation) -> None:
        standing = self.standing()
        tell(subscription_event(monthly))
        self.close(monthly.appeal, ago=timedelta(days=1))
        tell(subscription_event(monthly, created=NOON + MONTH, next_at=NOON + 2 * MONTH))
        assert (promised(monthly.appeal), promised(standing)) == (gbp(0), gbp(10))
