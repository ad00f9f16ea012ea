"""The worker's threads: prompt, and not to be killed by trouble."""

import threading
import time
from collections.abc import Callable, Iterator
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client

from payments import worker as worker_module
from payments.chores import Chore
from payments.inbox import act_on_everything_due
from payments.inbox import turns as turns_module
from payments.models import CardDonation, WebhookEvent
from payments.stripe_gateway.client import StripeUnavailableError
from payments.worker import InboxWorker
from tests.factories import gbp, make_card_donation
from tests.payments.books import raised_by_card
from tests.pretend_stripe.process import PretendStripe
from tests.stripe_events import checkout_event, deliver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(stripe: PretendStripe) -> Iterator[InboxWorker]:
    running = InboxWorker()
    yield running
    assert running.stop(timeout_seconds=90), "it would note its chores among the next test's"


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_booked(donation: CardDonation) -> Callable[[], bool]:
    return lambda: raised_by_card(donation.appeal) == donation.amount


def test_it_books_what_was_kept_before_and_what_comes(client: Client, worker: InboxWorker) -> None:
    before, after = make_card_donation(gbp(10)), make_card_donation(gbp(20))
    deliver(client, checkout_event(before))
    worker.start()
    wait_until(is_booked(before))
    deliver(client, checkout_event(after))
    wait_until(lambda: raised_by_card(after.appeal) == gbp(30))


def test_it_goes_on_after_the_database_cut_it_off(client: Client, worker: InboxWorker) -> None:
    donation = make_card_donation()
    worker.start()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    deliver(client, checkout_event(donation))
    wait_until(is_booked(donation))


@pytest.mark.parametrize("error", [OperationalError("gone"), RuntimeError("a bug")])
def test_it_goes_on_after_any_error(client: Client, worker: InboxWorker, error: Exception) -> None:
    donation = make_card_donation()
    with mock.patch.object(
        turns_module, "act_on_everything_due", _first(error, then=act_on_everything_due)
    ):
        worker.start()
        deliver(client, checkout_event(donation))
        wait_until(is_booked(donation))


def _first(error: Exception, *, then: Callable[..., object]) -> Callable[..., object]:
    raised: list[Exception] = []

    def act(**asked: object) -> object:
        if not raised:
            raised.append(error)
            raise error
        return then(**asked)

    return act


def test_stripe_away_holds_up_no_booking(
    client: Client, worker: InboxWorker, stripe: PretendStripe
) -> None:
    donation = make_card_donation()
    away = StripeUnavailableError("away", was_answered=False)
    asking = mock.Mock(side_effect=away)
    with mock.patch.object(worker_module, "CHORES", (Chore("balance", 0.0, asking),)):
        worker.start()
        wait_until(lambda: asking.called)
        deliver(client, checkout_event(donation))
        wait_until(is_booked(donation))
        time.sleep(0.5)
        assert asking.call_count == 1, "it asks again after a pause only"


def test_it_does_every_chore_when_it_is_due(worker: InboxWorker) -> None:
    often, seldom = mock.Mock(), mock.Mock()
    chores = (Chore("balance", 0.0, often), Chore("sweep", 3600.0, seldom))
    with mock.patch.object(worker_module, "CHORES", chores):
        worker.start()
        wait_until(lambda: often.call_count >= 3)
    assert seldom.call_count == 1


def test_it_stops_promptly(worker: InboxWorker) -> None:
    worker.start()
    started_at = time.monotonic()
    assert worker.stop()
    assert time.monotonic() - started_at < 3
    assert not WebhookEvent.objects.exists()


def test_a_question_to_stripe_holds_up_no_end_and_is_said_to_be_going_on(
    worker: InboxWorker,
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def ask() -> None:
        asked.set()
        assert answered.wait(timeout=30)

    with mock.patch.object(worker_module, "CHORES", (Chore("balance", 0.0, ask),)):
        worker.start()
        assert asked.wait(timeout=30)
        assert not worker.stop(timeout_seconds=0.1)
        answered.set()
        assert worker.stop(timeout_seconds=30)
