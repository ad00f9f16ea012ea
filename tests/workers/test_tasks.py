"""What is sent to Celery's workers, over a real Redis; and what the tasks do when told."""

import base64
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest import mock

import pytest
from celery import Celery
from django.db import OperationalError
from django.test import Client
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from payments import tasks
from payments.chores import CHORES, Chore
from payments.inbox import DOORBELL, turns
from payments.inbox.act import act_on_everything_due
from payments.models import ChoreOutcome, WebhookEvent
from tests.factories import make_card_donation
from tests.payments.books import raised_by_card
from tests.stripe_events import checkout_event, deliver
from tests.workers.servers import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(broker: RedisServer, queue: str) -> int:
    return int(broker.client.llen(f"whipround:{queue}"))


def message(broker: RedisServer, queue: str) -> dict[str, Any]:
    """The newest message of a queue, its body decoded."""
    raw = broker.client.lindex(f"whipround:{queue}", 0)
    assert raw is not None
    sent: dict[str, Any] = json.loads(raw)
    return sent | {"body": json.loads(base64.b64decode(sent["body"]))}


def test_a_ring_is_one_message_that_carries_nothing(app: Celery, broker: RedisServer) -> None:
    tasks.ring_at_workers()
    tasks.ring_at_workers()

    assert waiting(broker, "inbox") == 1, "one that has not begun will see all"
    sent = message(broker, "inbox")
    assert sent["headers"]["task"] == "payments.act_on_inbox"
    assert sent["content-type"] == "application/json"
    assert sent["body"][:2] == [[], {}]


def test_keeping_an_event_rings_at_the_workers_soon(
    app: Celery, broker: RedisServer, client: Client
) -> None:
    for _ in range(5):
        assert deliver(client, checkout_event(make_card_donation())) == 200

    wait_until(lambda: waiting(broker, "inbox") == 1)
    DOORBELL.clear()


def test_a_broker_that_is_away_is_said_at_once_and_is_rung_again_later(
    app: Celery, broker: RedisServer
) -> None:
    tasks.ring_at_workers()
    broker.kill()
    try:
        with pytest.raises((BrokerError, RedisError)):
            tasks.ring_at_workers()
    finally:
        broker.start()

    def is_heard() -> bool:
        with suppress(BrokerError, RedisError):  # a connection to the Redis that was
            tasks.ring_at_workers()
        return waiting(broker, "inbox") == 1

    wait_until(is_heard)


def test_a_dead_broker_costs_stripe_nothing(
    app: Celery, broker: RedisServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    broker.kill()
    try:
        for _ in range(3):
            assert deliver(client, checkout_event(make_card_donation())) == 200
        wait_until(lambda: any("the broker is away" in line for line in caplog.messages))
    finally:
        broker.start()
    DOORBELL.clear()
    assert WebhookEvent.objects.count() == 3


def test_the_database_s_trouble_is_tried_again_and_booked(app: Celery, client: Client) -> None:
    """Other systems dropped the retry as a duplicate, and the paid donation stayed pending."""
    donation = make_card_donation()
    assert deliver(client, checkout_event(donation)) == 200
    DOORBELL.clear()
    acting = mock.Mock(side_effect=_first(OperationalError("deadlock"), act_on_everything_due))
    with mock.patch.object(turns, "act_on_everything_due", acting):
        tasks.act_on_inbox.apply()

    assert acting.call_count == 2
    assert raised_by_card(donation.appeal) == donation.amount
    assert WebhookEvent.objects.get().attempts == 1, "the database's trouble is not the event's"


def _first(error: Exception, then: Callable[..., object]) -> Callable[..., object]:
    raised: list[Exception] = []

    def act(**asked: object) -> object:
        if not raised:
            raised.append(error)
            raise error
        return then(**asked)

    return act


def test_a_turn_ends_under_a_load_that_does_not(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_LONGEST_TURN_SECONDS", 0.0)
    acting = mock.Mock(side_effect=act_on_everything_due)
    monkeypatch.setattr(turns, "act_on_everything_due", acting)

    tasks.act_on_inbox()

    assert not acting.called


def test_a_chore_is_done_by_its_name(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    work = mock.Mock()
    monkeypatch.setattr(tasks, "CHORES", (Chore("other", 1.0, mock.Mock()), Chore("it", 1.0, work)))

    tasks.do_chore_named("it")

    assert work.call_count == 1
    assert ChoreOutcome.objects.get().name == "it"


def test_every_chore_is_kept_time_for_and_no_list_is_written_twice(app: Celery) -> None:
    kept = {
        name: entry["args"] for name, entry in app.conf.beat_schedule.items() if name != "inbox"
    }

    assert kept == {chore.name: (chore.name,) for chore in CHORES}
    assert app.conf.worker_concurrency > len(CHORES), "the inbox is never left without a thread"


def test_ticks_do_not_pile_up_while_no_worker_runs(app: Celery, broker: RedisServer) -> None:
    from whipround.beat import BoundedScheduler  # noqa: PLC0415 - as the app

    clock = BoundedScheduler(app=app)
    for _ in range(20):
        for entry in clock.schedule.values():
            clock.apply_entry(entry)
    clock.close()

    assert waiting(broker, "inbox") == 1
    assert waiting(broker, "chores") == 4 * len(CHORES)
    expires = message(broker, "chores")["headers"]["expires"]
    assert expires is not None, "and what is old by then is not done"


def test_the_clock_goes_on_while_the_broker_is_away(
    app: Celery, broker: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    from whipround.beat import BoundedScheduler  # noqa: PLC0415 - as the app

    clock = BoundedScheduler(app=app)
    entry = clock.schedule["inbox"]
    clock.apply_entry(entry)
    broker.kill()
    try:
        for _ in range(3):
            clock.apply_entry(entry)
    finally:
        broker.start()

    def is_sent() -> bool:
        clock.apply_entry(entry)
        return waiting(broker, "inbox") == 1

    wait_until(is_sent)
    clock.close()

    assert [line.split(",")[0] for line in caplog.messages if "broker" in line] == [
        "the broker is away",
        "the broker is back",
    ]


def test_a_message_whose_connection_is_gone_is_given_back_without_ending_the_worker(
    app: Celery, broker: RedisServer
) -> None:
    """Redis goes while a task is at work: found as a worker that ended by itself."""
    tasks.ring_at_workers()
    connection = app.connection_for_read()
    try:
        queue = next(queue for queue in app.conf.task_queues if queue.name == "inbox")
        held = queue(connection.default_channel).get()
        assert held is not None
        held.channel._disconnect_pools()  # noqa: SLF001 - as Kombu leaves it when the broker went
        connection.transport.client = None

        held.ack_log_error(logging.getLogger(__name__), connection.connection_errors)
        with pytest.raises(RedisError):
            held.channel.close()
    finally:
        connection.collect()
