"""The till's worker: threads that act on kept events, learn fees and sweep.

They run the same functions that a person runs by hand (``manage.py sweep_inbox``). A worker may
die at any moment: things are late then, and never lost.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, connection

from payments.fees import book_due_fees
from payments.inbox import DOORBELL, act_on_everything_due
from payments.inbox.sweep import STRIPE_KEEPS_EVENTS, sweep
from payments.stripe_gateway.client import StripeUnavailableError

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 0.25
FEES_EVERY_SECONDS: Final = 1.0
SWEEP_EVERY_SECONDS: Final = 60.0
_SWEEP_BACK: Final = timedelta(hours=2)
_AFTER_TROUBLE_SECONDS: Final = 0.5
_STRIPE_PAUSE_SECONDS: Final = 15.0


class InboxWorker:
    """Two threads: one books what the inbox holds, one asks Stripe for fees and what is missing.

    Slow answers of Stripe never hold up booking. Each thread has a database connection of its
    own, and replaces it when the database cuts it.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._act, name="inbox-acts", daemon=True),
            threading.Thread(target=self._ask, name="inbox-asks", daemon=True),
        ]
        self._fees_at = self._sweep_at = 0.0
        self._sweep_within = STRIPE_KEEPS_EVENTS  # the first one: we may have been away for long

    def start(self) -> None:
        """Begin. What was kept before is acted upon at once."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, timeout_seconds: float = 5.0) -> None:
        """End after the batch in hand; a question to Stripe is not waited for longer than that."""
        self._stop.set()
        DOORBELL.set()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _act(self) -> None:
        while not self._stop.is_set():
            DOORBELL.wait(LOOK_EVERY_SECONDS)
            DOORBELL.clear()
            self._guard(lambda: act_on_everything_due(until=self._stop.is_set))
        connection.close()

    def _ask(self) -> None:
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            self._guard(self._ask_stripe)
        connection.close()

    def _ask_stripe(self) -> None:
        now = time.monotonic()
        try:
            if now >= self._fees_at:
                self._fees_at = now + FEES_EVERY_SECONDS
                book_due_fees()
            if now >= self._sweep_at:
                self._sweep_at = now + SWEEP_EVERY_SECONDS
                if sweep(within=self._sweep_within) is not None:
                    self._sweep_within = _SWEEP_BACK
        except StripeUnavailableError as error:
            logger.warning("Stripe does not answer: %s", error)
            self._fees_at = self._sweep_at = time.monotonic() + _STRIPE_PAUSE_SECONDS

    def _guard(self, work: Callable[[], object]) -> None:
        """Whatever happens, the thread goes on; the database's trouble gets a new connection."""
        try:
            work()
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database failed the inbox's worker: %s", type(error).__name__)
            self._renew_connection()
        except Exception:
            logger.exception("the inbox's worker stumbled")
            self._renew_connection()

    def _renew_connection(self) -> None:
        connection.close()
        self._stop.wait(_AFTER_TROUBLE_SECONDS)
