"""The bell between whoever keeps an event and whoever acts on it. Losing a ring loses nothing.

Within a process it is an event that a worker's thread waits for. With Redis it rings at the
workers' as well, from a thread of its own: whoever rings never waits for a broker.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from django.conf import settings

logger = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 0.05
_AFTER_TROUBLE_SECONDS: Final = 1.0


class Messenger:
    """A thread that passes rings on: at most one every 50 ms, however many come.

    Begun by the first ring, also in a process that was forked from one that rang before. A ring
    that cannot be passed on is let go: workers look by themselves.

    Args:
        send: Passes a ring on. May take its time, and may fail.
    """

    def __init__(self, send: Callable[[], object]) -> None:
        self._send = send
        self._rung = threading.Event()
        self._beginning = threading.Lock()  # against another thread that rings first as well
        self._began_in_process = 0

    def ring(self) -> None:
        """Have a ring passed on soon."""
        if self._began_in_process != os.getpid():
            self._begin()
        self._rung.set()

    def _begin(self) -> None:
        with self._beginning:
            if self._began_in_process != os.getpid():
                self._rung = threading.Event()
                threading.Thread(target=self._run, name="doorbell", daemon=True).start()
                self._began_in_process = os.getpid()

    def _run(self) -> None:
        is_outage = False
        while True:
            self._rung.wait()
            self._rung.clear()
            try:
                self._send()
            except Exception as error:  # noqa: BLE001 - whatever ails the broker, the thread goes on
                if not is_outage:
                    logger.warning("the broker is away, workers look by themselves: %s", error)
                is_outage = True
                time.sleep(_AFTER_TROUBLE_SECONDS)
            else:
                if is_outage:
                    logger.info("the broker is back")
                is_outage = False
                time.sleep(_EVERY_SECONDS)


class Doorbell(threading.Event):
    """Set when something in the inbox is due; a worker clears it and looks."""

    def set(self) -> None:
        """Ring. Never waits."""
        super().set()
        if settings.REDIS_URL:
            _MESSENGER.ring()


def _ring_at_workers() -> None:
    from payments.tasks import ring_at_workers  # noqa: PLC0415 - Celery is loaded with Redis only

    ring_at_workers()


_MESSENGER: Final = Messenger(_ring_at_workers)

DOORBELL: Final = Doorbell()
"""The one bell of this process. Whoever waits for it looks by themselves as well."""
