"""The inbox and the books: every fact counts once, whatever happens on the way."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from appeals.models import Promise
from funds.ledger import Kind
from funds.models import JournalEntry
from payments import inbox
from payments.errors import UnknownDonationError
from payments.models import CardDonation, CardRefund, WebhookEvent
from payments.retrying import delay_seconds, describe_error
from tests.factories import gbp, make_appeal, make_branch, make_card_donation
from tests.payments.books import fresh, held_by_stripe, raised_by_card, the_event
from tests.stripe_events import (
    NOON,
    Event,
    charge_event,
    checkout_event,
    deliver,
    intent_event,
    make_event,
    payment_of,
    refund_event,
)

pytestmark = pytest.mark.django_db
Outcome = WebhookEvent.Outcome


@pytest.fixture
def donation() -> CardDonation:
    return make_card_donation(gbp(25), branch=make_branch("Leeds"))


def tell(client: Client, *events: Event) -> None:
    """Deliver, then act until nothing is due."""
    for event in events:
        assert deliver(client, event) == 200
    inbox.act_on_everything_due()


def outcomes() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("outcome", flat=True))


def make_due() -> None:
    WebhookEvent.objects.filter(processed_at__isnull=True).update(next_attempt_at=timezone.now())


class TestBooking:
    def test_a_paid_checkout_is_booked_for_its_branch(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation))

        entry = JournalEntry.objects.get()
        assert entry.source_key == f"stripe:{payment_of(donation)}:received"
        assert entry.kind == Kind.CARD_RECEIVED
        assert entry.occurred_on == date(2026, 11, 23)
        assert [posting.branch for posting in entry.postings.order_by("pk")] == [
            None,
            donation.branch,
        ]
        assert raised_by_card(donation.appeal) == held_by_stripe() == gbp(25)
        assert fresh(donation).received_entry == entry
        assert fresh(donation).payment_intent_id == payment_of(donation)
        assert outcomes() == [Outcome.BOOKED]

    def test_the_day_is_the_organisations_not_utcs(
        self, client: Client, donation: CardDonation
    ) -> None:
        half_past_eleven_utc_in_june = 1_782_862_200  # 2026-06-30 23:30 UTC: 1 July in London
        tell(client, checkout_event(donation, created=half_past_eleven_utc_in_june))
        assert JournalEntry.objects.get().occurred_on == date(2026, 7, 1)

    def test_two_events_about_one_payment_book_it_once(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation))
        tell(client, intent_event(donation), checkout_event(donation))
        assert raised_by_card(donation.appeal) == gbp(25)
        assert outcomes() == [Outcome.BOOKED, Outcome.KNOWN, Outcome.KNOWN]

    def test_two_events_about_one_payment_in_one_batch_book_it_once(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, intent_event(donation), checkout_event(donation))
        assert raised_by_card(donation.appeal) == gbp(25)
        assert sorted(outcomes()) == [Outcome.BOOKED, Outcome.KNOWN]

    def test_a_checkout_of_another_site_on_our_account_is_left_alone(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(
            client,
            checkout_event(donation, metadata={}, client_reference_id=None),
            checkout_event(donation, metadata=None),
            intent_event(donation, metadata={"order": "7"}),
            charge_event(donation, metadata={}),
            charge_event(donation, "charge.refunded", metadata={}),
            refund_event(donation, payment_intent=None),
        )
        assert set(outcomes()) == {Outcome.NOT_OURS}
        assert not JournalEntry.objects.exists()

    def test_an_event_of_another_kind_is_noted(self, client: Client) -> None:
        tell(client, make_event("customer.created", {"id": "cus_1", "object": "customer"}))
        assert outcomes() == [Outcome.NOTED]

    def test_what_the_donor_did_not_agree_to_is_not_booked(
        self, client: Client, donation: CardDonation
    ) -> None:
        """Nor is the yen ever times a hundred: 2500 of another currency is not £25."""
        tell(
            client,
            checkout_event(donation, amount_total=2400),
            intent_event(donation, currency="jpy"),
        )
        assert not JournalEntry.objects.exists()
        errors = WebhookEvent.objects.order_by("pk").values_list("last_error", flat=True)
        assert [error.split(":")[0] for error in errors] == ["AmountMismatchError"] * 2
        assert WebhookEvent.objects.filter(put_aside_at__isnull=False).count() == 2
        assert f"agreed to £25.00, and {payment_of(donation)} took £24.00" in errors[0]
        assert not inbox.is_stuck()

    def test_a_reference_that_nobody_knows_is_put_aside_after_some_attempts(
        self, client: Client, donation: CardDonation
    ) -> None:
        """It may be another installation's: the inbox is not stuck by it."""
        event = checkout_event(donation)
        CardDonation.objects.all().delete()
        tell(client, event)
        assert the_event().last_error.startswith("UnknownDonationError")
        for attempts in range(2, 9):
            assert the_event().put_aside_at is None
            make_due()
            inbox.act_on_everything_due()
            assert the_event().attempts == attempts
        assert the_event().put_aside_at is not None
        WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
        assert not inbox.is_stuck()

    def test_it_is_put_aside_before_it_would_count_as_stuck(self) -> None:
        longest = sum(
            min(2**attempts, 3600) for attempts in range(UnknownDonationError.most_attempts - 1)
        )
        assert timedelta(seconds=longest) < inbox.STUCK_AFTER

    def test_a_late_charge_tells_where_the_fee_is(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, charge_event(donation, "charge.succeeded", balance_transaction=None))
        assert fresh(donation).balance_transaction_id == ""
        tell(client, charge_event(donation), charge_event(donation))
        assert fresh(donation).balance_transaction_id.startswith("txn_")
        assert outcomes() == [Outcome.NOTED, Outcome.NOTED, Outcome.KNOWN]

    def test_a_declined_charge_has_no_fee(self, client: Client, donation: CardDonation) -> None:
        tell(client, charge_event(donation, paid=False))
        assert fresh(donation).balance_transaction_id == ""


class TestDelayed:
    """A payment that settles days later is promised, and raised when it comes."""

    def promise(self) -> str:
        return Promise.objects.get().state

    def test_it_is_promised_until_it_comes(self, client: Client, donation: CardDonation) -> None:
        revision = donation.appeal.revision
        tell(client, checkout_event(donation, payment_status="unpaid"))
        promise = Promise.objects.get()
        assert (promise.amount, promise.branch, promise.state) == (
            gbp(25),
            donation.branch,
            "open",
        )
        assert raised_by_card(donation.appeal) == gbp(0)
        assert fresh(donation).appeal.revision == revision + 1

        later = NOON + 5 * 86_400
        kind = "checkout.session.async_payment_succeeded"
        tell(client, checkout_event(donation, kind, created=later))
        assert self.promise() == "kept"
        assert raised_by_card(donation.appeal) == gbp(25)
        assert JournalEntry.objects.get().occurred_on == date(2026, 11, 28)
        assert fresh(donation).appeal.revision == revision + 2

    def test_it_lapses_when_it_fails(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation, payment_status="unpaid"))
        kind = "checkout.session.async_payment_failed"
        tell(client, checkout_event(donation, kind, payment_status="unpaid", created=NOON + 9))
        assert self.promise() == "lapsed"
        assert fresh(donation).processing_at is None

    def test_a_late_word_of_processing_does_not_undo_a_failure(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, intent_event(donation, "payment_intent.payment_failed", created=NOON + 9))
        tell(client, intent_event(donation, "payment_intent.processing"))
        assert not Promise.objects.exists()

    def test_a_late_word_of_failure_does_not_undo_a_second_attempt(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, intent_event(donation, "payment_intent.processing", created=NOON + 9))
        tell(client, intent_event(donation, "payment_intent.payment_failed"))
        assert self.promise() == "open"

    def test_a_late_word_of_processing_does_not_promise_what_has_come(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, intent_event(donation))
        tell(client, checkout_event(donation, payment_status="unpaid", created=NOON - 9))
        assert not Promise.objects.exists()

    def test_both_in_one_batch(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation, payment_status="unpaid"), intent_event(donation))
        assert not Promise.objects.filter(state="open").exists()
        assert raised_by_card(donation.appeal) == gbp(25)

    def test_a_second_attempt_opens_the_promise_again(
        self, client: Client, donation: CardDonation
    ) -> None:
        for kind, at in (("processing", 1), ("payment_failed", 2), ("processing", 3)):
            tell(client, intent_event(donation, f"payment_intent.{kind}", created=NOON + at))
        assert self.promise() == "open"

    def test_an_older_word_of_processing_changes_nothing(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, intent_event(donation, "payment_intent.processing", created=NOON + 9))
        told_at = fresh(donation).processing_at
        tell(client, checkout_event(donation, payment_status="unpaid"))
        assert fresh(donation).processing_at == told_at
        assert Promise.objects.count() == 1

    def test_an_older_word_of_failure_changes_nothing(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, intent_event(donation, "payment_intent.payment_failed", created=NOON + 9))
        told_at = fresh(donation).failed_at
        tell(client, intent_event(donation, "payment_intent.payment_failed"))
        assert fresh(donation).failed_at == told_at

    def test_another_amount_is_not_promised(self, client: Client, donation: CardDonation) -> None:
        tell(client, checkout_event(donation, payment_status="unpaid", amount_total=1))
        assert "AmountMismatchError" in the_event().last_error

    def test_an_expired_checkout_ended_when_that_was_first_told(
        self, client: Client, donation: CardDonation
    ) -> None:
        kind = "checkout.session.expired"
        for created in (NOON + 5, NOON, NOON + 9):
            tell(client, checkout_event(donation, kind, payment_status="unpaid", created=created))
        assert fresh(donation).checkout_ended_at == datetime.fromtimestamp(NOON, UTC)

    def test_what_is_told_of_the_way_there_once_it_has_come_leaves_no_trace(
        self, client: Client, donation: CardDonation
    ) -> None:
        """However late: it stands as though all had been told in order."""
        other = make_card_donation(gbp(25))
        way = [("processing", 1), ("payment_failed", 2), ("processing", 3), ("succeeded", 4)]
        for one, told in ((donation, way), (other, [*reversed(way)])):
            for kind, at in told:
                tell(client, intent_event(one, f"payment_intent.{kind}", created=NOON + at))
        ends = {
            (one.processing_at, one.failed_at, one.received_entry_id is None)
            for one in (fresh(donation), fresh(other))
        }
        assert ends == {(None, datetime.fromtimestamp(NOON + 2, UTC), False)}
        assert not Promise.objects.filter(state="open").exists()
        assert raised_by_card(donation.appeal) == gbp(50)

    def test_a_failure_told_after_the_money_came_takes_nothing_off(
        self, client: Client, donation: CardDonation
    ) -> None:
        """What is taken back later comes as a dispute or a refund, with a line of its own."""
        kind = "checkout.session.async_payment_failed"
        tell(client, intent_event(donation))
        tell(client, checkout_event(donation, kind, payment_status="unpaid", created=NOON + 9))
        assert raised_by_card(donation.appeal) == gbp(25)


class TestFailing:
    """What cannot be acted upon waits, alone, and is never lost."""

    def test_a_failing_event_waits_alone_with_its_error(self, client: Client) -> None:
        """HCB answered 200 to its own bug. Here it stays visible and is tried again."""
        donations = [make_card_donation(gbp(10)) for _ in range(9)]
        bad = donations[4]
        events = [checkout_event(one) for one in donations]
        del events[4]["data"]["object"]["amount_total"]
        tell(client, *events)

        assert raised_by_card(bad.appeal) == gbp(80)
        waits = WebhookEvent.objects.get(processed_at__isnull=True)
        assert (waits.attempts, waits.last_error) == (1, "KeyError: 'amount_total'")
        assert waits.next_attempt_at > timezone.now()

    def test_a_bug_costs_one_event_its_time_and_no_other(self, client: Client) -> None:
        donations = [make_card_donation(gbp(10)) for _ in range(9)]
        bad = donations[4]

        def stumble(batch: Any, one: CardDonation, **asked: Any) -> Any:
            if one.pk == bad.pk:
                raise RuntimeError("a bug")
            return real(batch, one, **asked)

        from payments.batch import Batch  # noqa: PLC0415

        real = Batch.received
        with mock.patch.object(Batch, "received", stumble):
            tell(client, *(checkout_event(one) for one in donations))
        assert raised_by_card(bad.appeal) == gbp(80)
        assert WebhookEvent.objects.get(processed_at__isnull=True).last_error == (
            "RuntimeError: a bug"
        )

        make_due()  # the bug is mended
        inbox.act_on_everything_due()
        assert raised_by_card(bad.appeal) == gbp(90)
        assert not WebhookEvent.objects.filter(processed_at__isnull=True).exists()

    def test_what_the_database_refuses_at_commit_costs_one_event_only(self, client: Client) -> None:
        donations = [make_card_donation(gbp(10)) for _ in range(3)]
        tell(client, *(checkout_event(one) for one in donations[:1]))
        # Somebody booked the second payment by hand, under its key, with another amount.
        from funds.ledger import credit, debit, post_entry  # noqa: PLC0415
        from tests.factories import make_account  # noqa: PLC0415

        post_entry(
            source_key=f"stripe:{payment_of(donations[1])}:received",
            kind=Kind.CARD_RECEIVED,
            occurred_on=date(2026, 11, 23),
            memo="",
            lines=[debit(make_account(), gbp(1)), credit(make_account(), gbp(1))],
        )
        tell(client, *(checkout_event(one) for one in donations[1:]))
        assert raised_by_card(donations[0].appeal) == gbp(20)
        assert "EntryConflictError" in WebhookEvent.objects.get(outcome="").last_error

    def test_each_failure_waits_longer_up_to_an_hour(self) -> None:
        for attempts, longest in ((0, 1), (1, 2), (5, 32), (11, 2048), (12, 3600), (500, 3600)):
            for _ in range(20):
                assert longest / 2 <= delay_seconds(attempts) <= longest

    def test_attempts_are_counted(self, client: Client, donation: CardDonation) -> None:
        tell(client, refund_event(donation))
        for _ in range(3):
            make_due()
            inbox.act_on_everything_due()
        assert the_event().attempts == 4

    def test_a_databases_details_stay_out_of_the_error(self) -> None:
        error = ValueError("duplicate key\nDETAIL: Key (name)=(A Donor) exists")
        assert describe_error(error) == "ValueError: duplicate key"

    def test_a_transient_database_error_marks_nothing_and_redelivery_books(
        self, client: Client, donation: CardDonation
    ) -> None:
        """GamesDoneQuick dropped the retry as a duplicate, and a paid donation stayed pending."""
        event = checkout_event(donation)
        assert deliver(client, event) == 200
        with (
            mock.patch("payments.batch.post_entries", side_effect=OperationalError("gone")),
            pytest.raises(OperationalError),
        ):
            inbox.act_on_due()
        assert (the_event().attempts, the_event().last_error) == (0, "")

        tell(client, event)
        assert raised_by_card(donation.appeal) == gbp(25)

    def test_what_is_put_aside_is_left_until_a_person_says_so(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation) | {"api_version": "2026-10-28.endive"})
        assert not JournalEntry.objects.exists()
        assert not inbox.is_stuck()

        assert inbox.try_again([the_event().pk]) == 1
        inbox.act_on_everything_due()
        assert raised_by_card(donation.appeal) == gbp(25)
        assert inbox.try_again([the_event().pk]) == 0

    def test_a_person_can_put_a_waiting_event_aside(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, refund_event(donation))
        assert inbox.put_aside([the_event().pk]) == 1
        make_due()
        assert inbox.act_on_due() == (0, 0)
        assert inbox.count_waiting() == 0

    def test_the_inbox_is_stuck_when_something_waits_for_five_minutes(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, refund_event(donation))
        assert not inbox.is_stuck()
        WebhookEvent.objects.update(received_at=timezone.now() - timedelta(minutes=5, seconds=1))
        assert inbox.is_stuck()
        tell(client, checkout_event(donation))
        assert not inbox.is_stuck()


@pytest.mark.django_db(transaction=True)
class TestThreeDefences:
    """Each defence holds alone, with the other two taken away."""

    def test_kept_once(self, client: Client, donation: CardDonation) -> None:
        event = checkout_event(donation)
        statuses = in_threads(8, lambda: deliver(Client(), event))
        assert statuses == [200] * 8
        assert WebhookEvent.objects.count() == 1

    def test_acted_upon_once(self, client: Client, donation: CardDonation) -> None:
        for _ in range(5):
            deliver(client, refund_event(donation))
        deliver(client, checkout_event(donation))
        acted = in_threads(8, lambda: inbox.act_on_due().claimed)
        assert sum(acted) == 6

    def test_booked_once(self, client: Client, donation: CardDonation) -> None:
        """Eight different events, eight workers, one payment."""
        for number in range(8):
            deliver(client, checkout_event(donation, event_id=f"evt_{number}"))
        in_threads(8, lambda: inbox.act_on_due(limit=1))
        while inbox.act_on_due().claimed:
            pass
        assert raised_by_card(donation.appeal) == gbp(25)
        assert sorted(outcomes()) == [Outcome.BOOKED] + [Outcome.KNOWN] * 7

    def test_booked_once_even_when_a_mark_is_lost(
        self, client: Client, donation: CardDonation
    ) -> None:
        tell(client, checkout_event(donation))
        WebhookEvent.objects.update(processed_at=None, outcome="")
        CardDonation.objects.update(received_entry=None, payment_intent_id=None)
        make_due()
        inbox.act_on_everything_due()
        assert raised_by_card(donation.appeal) == gbp(25)
        assert fresh(donation).received_entry is not None

    def test_workers_share_a_full_inbox_without_losing_or_doubling(self, client: Client) -> None:
        appeal = make_appeal()
        donations = [make_card_donation(gbp(1), appeal=appeal) for _ in range(60)]
        for one in donations:
            for event in (intent_event(one), checkout_event(one), charge_event(one)):
                deliver(client, event)
            refund = refund_event(one, amount=40, refund=f"re_{one.pk}")
            deliver(client, refund)

        def work() -> None:
            for _ in range(50):
                try:
                    if inbox.act_on_due(limit=7).claimed == 0:
                        return
                except OperationalError:
                    connection.close()  # a deadlock: the loser marks nothing and tries again

        in_threads(8, work)
        make_due()
        inbox.act_on_everything_due()
        assert not WebhookEvent.objects.filter(processed_at__isnull=True).exists()
        assert raised_by_card(appeal) == gbp(60 - 24) == held_by_stripe()
        assert CardRefund.objects.count() == 60


def in_threads(count: int, work: Any) -> list[Any]:
    """Run the same work at the same moment in real threads, each with its own connection."""
    barrier = threading.Barrier(count)
    results: list[Any] = []

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results
