"""The till's worker: threads that act on kept events and do the chores.

They run the same functions that a person runs by hand (``manage.py sweep_inbox``). A worker may
die at any moment: things are late then, and never lost.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from django.db import InterfaceError, OperationalError, connection

from payments.chores import CHORES, Chore
from payments.inbox import DOORBELL
from payments.inbox.turns import TURNS
from payments.timekeeping import do_chore

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 0.25
_AFTER_TROUBLE_SECONDS: Final = 0.5


class InboxWorker:
    """Two threads: one books what the inbox holds, one does the chores, most of which ask Stripe.

    Slow answers of Stripe never hold up booking. Each thread has a database connection of its
    own, and replaces it when the database cuts it. Other processes may do the same work.

    Args:
        does_chores: False where somebody else keeps the time for the chores.
        look_every_seconds: The longest time between two looks at the inbox.
    """

    def __init__(
        self, *, does_chores: bool = True, look_every_seconds: float = LOOK_EVERY_SECONDS
    ) -> None:
        self._stop = threading.Event()
        self._look_every_seconds = look_every_seconds
        self._threads = [threading.Thread(target=self._act, name="inbox-acts", daemon=True)]
        if does_chores:
            self._threads.append(
                threading.Thread(target=self._do_chores, name="till-chores", daemon=True)
            )
        self._due_at = dict.fromkeys((chore.name for chore in CHORES), 0.0)

    def start(self) -> None:
        """Begin. What was kept before is acted upon at once."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, timeout_seconds: float = 5.0) -> bool:
        """End after the batch in hand; a question to Stripe is not waited for longer than that.

        Answers whether both threads have ended.
        """
        self._stop.set()
        DOORBELL.set()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _act(self) -> None:
        while not self._stop.is_set():
            DOORBELL.wait(self._look_every_seconds)
            DOORBELL.clear()
            self._guard(lambda: TURNS.act(until=self._stop.is_set))
        connection.close()

    def _do_chores(self) -> None:
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            for chore in CHORES:
                if not self._stop.is_set() and time.monotonic() >= self._due_at[chore.name]:
                    self._guard(partial(self._do, chore))
        connection.close()

    def _do(self, chore: Chore) -> None:
        self._due_at[chore.name] = time.monotonic() + chore.tick_seconds
        do_chore(chore)

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
