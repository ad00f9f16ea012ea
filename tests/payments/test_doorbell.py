"""Whoever rings never waits, and a broker that is away costs nothing but promptness."""

import threading
import time
from collections.abc import Callable, Iterator
from unittest import mock

import pytest
from django.test import Client
from pytest_django import Settings

from payments.inbox import DOORBELL, doorbell
from payments.inbox.doorbell import Messenger
from tests.factories import make_card_donation
from tests.stripe_events import checkout_event, deliver


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_AFTER_TROUBLE_SECONDS", 0.01)


@pytest.fixture
def messenger(monkeypatch: pytest.MonkeyPatch) -> Iterator[mock.Mock]:
    """In the place of the messenger of this process."""
    fake = mock.Mock()
    monkeypatch.setattr(doorbell, "_MESSENGER", fake)
    yield fake
    DOORBELL.clear()


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_without_redis_it_rings_in_this_process_alone(messenger: mock.Mock) -> None:
    DOORBELL.set()

    assert DOORBELL.is_set()
    assert not messenger.ring.called


@pytest.mark.django_db
def test_with_redis_an_event_that_is_kept_rings_at_the_workers(
    client: Client, settings: Settings, messenger: mock.Mock
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9"
    event = checkout_event(make_card_donation())

    assert deliver(client, event) == 200
    assert deliver(client, event) == 200, "kept already"

    assert messenger.ring.call_count == 1


def test_many_rings_are_few_messages_and_nobody_waits() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def send() -> None:
        begun.set()
        assert go_on.wait(timeout=30)

    sending = mock.Mock(side_effect=send)
    messenger = Messenger(sending)
    messenger.ring()
    assert begun.wait(timeout=30)
    for _ in range(1000):
        messenger.ring()  # while the broker does not answer
    go_on.set()

    wait_until(lambda: sending.call_count == 2)
    time.sleep(0.2)
    assert sending.call_count == 2, "a thousand rings are one more message"


def test_it_goes_on_after_the_broker_was_away(caplog: pytest.LogCaptureFixture) -> None:
    sending = mock.Mock(side_effect=[OSError("refused"), OSError("refused"), None, None])
    messenger = Messenger(sending)
    with caplog.at_level("INFO", logger="payments.inbox.doorbell"):
        for count in range(1, 5):
            messenger.ring()
            wait_until(lambda count=count: sending.call_count == count)  # type: ignore[misc]
        wait_until(lambda: len(caplog.messages) == 2)

    assert caplog.messages == [
        "the broker is away, workers look by themselves: refused",
        "the broker is back",
    ], "an outage is said once, and its end"


def test_a_process_that_was_forked_has_a_messenger_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread does not live on in a forked process: the first ring there must begin it anew."""
    sending = mock.Mock()
    messenger = Messenger(sending)
    messenger.ring()
    wait_until(lambda: sending.call_count == 1)
    threads = threading.active_count()

    monkeypatch.setattr("payments.inbox.doorbell.os.getpid", lambda: 1)
    messenger.ring()

    wait_until(lambda: sending.call_count == 2)
    assert threading.active_count() == threads + 1
