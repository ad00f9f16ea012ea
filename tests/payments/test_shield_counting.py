"""Counting attempts: shared, once where it must be, forgotten in a day, naming nobody."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from payments import inbox
from payments.models import AttemptCount, CheckoutOrigin
from payments.shield.counting import (
    EVERYBODY,
    Counted,
    Kind,
    Opened,
    Whose,
    count,
    digest_of,
    forget_old_attempts,
    mark,
    read_counts,
    read_opened,
)
from payments.shield.judging import note_opened
from tests.factories import make_appeal, make_card_donation
from tests.payments.shield import attempt, declined, opened
from tests.stripe_events import Event, deliver, intent_event

SOMEBODY = Counted(Kind.POSTED, digest_of(Whose.SESSION, "somebody"))
HOUR = timedelta(hours=1)


@pytest.mark.django_db
class TestCounts:
    def test_each_is_counted_for_itself(self) -> None:
        another = Counted(Kind.DECLINED, SOMEBODY.key_digest)
        count([SOMEBODY])
        count([SOMEBODY, another])
        assert read_counts([SOMEBODY, another], within=HOUR) == {SOMEBODY: 2, another: 1}

    def test_nobody_is_not_counted(self) -> None:
        count([Counted(Kind.POSTED, digest_of(Whose.EMAIL, ""))])
        assert not AttemptCount.objects.exists()
        assert read_counts([Counted(Kind.POSTED, "")], within=HOUR) == {}

    def test_only_the_last_hour_counts(self) -> None:
        now = timezone.now()
        count([SOMEBODY], at=now - timedelta(minutes=59))
        count([SOMEBODY], at=now - timedelta(minutes=62))
        assert read_counts([SOMEBODY], within=HOUR) == {SOMEBODY: 1}

    def test_counting_and_reading_take_one_statement_each(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        many = [Counted(Kind.POSTED, digest_of(Whose.SESSION, n)) for n in range(50)]
        with django_assert_num_queries(1):
            count(many)
        with django_assert_num_queries(1):
            assert sum(read_counts(many, within=HOUR).values()) == 50

    def test_an_address_is_the_same_however_it_is_written(self) -> None:
        assert digest_of(Whose.EMAIL, " Some.Body@Example.org") == digest_of(
            Whose.EMAIL, "some.body@example.org"
        )
        assert digest_of(Whose.EMAIL, "a") != digest_of(Whose.SESSION, "a")

    def test_what_stands_in_the_table_names_nobody(self) -> None:
        appeal = make_appeal()
        donation = opened(appeal, email="some.body@example.org")[0]
        declined(donation)
        rows = [*AttemptCount.objects.values(), *CheckoutOrigin.objects.values()]
        assert rows
        assert "some" not in str(rows)
        assert "example" not in str(rows)

    def test_a_mark_is_one_row_whenever_it_is_used(self) -> None:
        until = timezone.now() + timedelta(minutes=20, microseconds=1)
        assert [mark([SOMEBODY], until=until)[SOMEBODY] for _ in range(3)] == [1, 2, 3]

    def test_what_is_a_day_old_is_forgotten_and_nothing_else(self) -> None:
        appeal = make_appeal()
        opened(appeal, ago=timedelta(hours=25))
        opened(appeal, ago=timedelta(hours=23))
        count([SOMEBODY], at=timezone.now() - timedelta(hours=25))
        count([SOMEBODY], at=timezone.now() - timedelta(hours=23))
        assert forget_old_attempts() == 2
        assert CheckoutOrigin.objects.count() == 1
        assert AttemptCount.objects.filter(kind=Kind.POSTED).count() == 1
        assert appeal.card_donations.count() == 2


@pytest.mark.django_db(transaction=True)
def test_simultaneous_counts_are_all_counted() -> None:
    """Eight threads, two rows each, named in opposite orders: none is lost, none waits forever."""
    another = Counted(Kind.DECLINED, EVERYBODY)
    start = threading.Barrier(8)

    def race(number: int) -> None:
        start.wait()
        for _ in range(10):
            count([SOMEBODY, another] if number % 2 else [another, SOMEBODY])
        connection.close()

    threads = [threading.Thread(target=race, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_counts([SOMEBODY, another], within=HOUR) == {SOMEBODY: 80, another: 80}


@pytest.mark.django_db
class TestOpened:
    def test_a_checkout_counts_once_however_often_the_form_is_sent(self) -> None:
        appeal = make_appeal()
        donation = opened(appeal, session="tablet", email="a@example.org")[0]
        note_opened(attempt(appeal, session="tablet"), donation.reference)
        everybody = Counted(Kind.OPENED, EVERYBODY)
        assert read_counts([everybody], within=HOUR) == {everybody: 1}
        assert self.read("tablet", "a@example.org") == Opened(1, 0, 1)

    def test_what_is_paid_or_on_its_way_is_not_unpaid(self) -> None:
        appeal = make_appeal()
        donations = opened(appeal, times=3, session="tablet", email="a@example.org")
        donations[0].processing_at = timezone.now()
        donations[0].save()
        assert self.read("tablet", "a@example.org") == Opened(2, 1, 2)
        assert self.read("tablet", "") == Opened(2, 1, 0)
        assert self.read("", "") == Opened(0, 0, 0)

    def test_an_hour_ago_is_long_ago(self) -> None:
        opened(make_appeal(), session="tablet", ago=timedelta(minutes=61))
        assert self.read("tablet", "") == Opened(0, 0, 0)

    def read(self, session: str, email: str) -> Opened:
        return read_opened(
            session_digest=digest_of(Whose.SESSION, session),
            email_digest=digest_of(Whose.EMAIL, email),
            within=HOUR,
        )


class TestDeclines:
    """Counted where Stripe's word of a failure is acted upon, once for each failure."""

    everybody = Counted(Kind.DECLINED, EVERYBODY)

    def tell(
        self, client: Client, on_commit: DjangoCaptureOnCommitCallbacks, *events: Event
    ) -> None:
        with on_commit(execute=True):
            for event in events:
                assert deliver(client, event) == 200
            inbox.act_on_everything_due()

    def count(self) -> int:
        return read_counts([self.everybody], within=HOUR).get(self.everybody, 0)

    @pytest.mark.django_db
    def test_a_failure_told_twice_counts_once(
        self, client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        now = int(timezone.now().timestamp())
        donation = opened(make_appeal(), session="tester")[0]
        first, again, second = (
            intent_event(donation, "payment_intent.payment_failed", created=now - seconds)
            for seconds in (9, 9, 4)
        )
        assert first["id"] != again["id"]
        self.tell(client, django_capture_on_commit_callbacks, first)
        self.tell(client, django_capture_on_commit_callbacks, again, second)
        assert self.count() == 2
        assert CheckoutOrigin.objects.get().declined == 2

    @pytest.mark.django_db
    def test_a_debit_that_fails_days_later_is_no_card_that_was_tried(
        self, client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        now = timezone.now()
        donation = make_card_donation(checkout_expires_at=now - timedelta(days=3))
        event = intent_event(
            donation, "payment_intent.payment_failed", created=int(now.timestamp())
        )
        self.tell(client, django_capture_on_commit_callbacks, event)
        assert self.count() == 0

    @pytest.mark.django_db
    def test_a_failure_told_late_counts_for_when_it_happened(self) -> None:
        donation = opened(make_appeal())[0]
        declined(donation, at=timezone.now() - timedelta(hours=3))
        assert self.count() == 0
        assert AttemptCount.objects.filter(kind=Kind.DECLINED).exists()

    @pytest.mark.django_db
    def test_a_donation_whose_origin_is_forgotten_still_counts_for_all(self) -> None:
        declined(make_card_donation())
        assert self.count() == 1
