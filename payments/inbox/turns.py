"""Turns: however many threads of a process are told to act on the inbox, one does."""

import threading
from collections.abc import Callable
from typing import Final

from payments.inbox.act import Acted, act_on_everything_due


class Turns:
    """Lets one thread act at a time; who comes meanwhile has it look once more, and goes on.

    Two threads at once would claim each other's halves, and wait for each other at the balances.
    """

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._acting = threading.Lock()

    def act(self, *, until: Callable[[], bool] = lambda: False) -> Acted:
        """Act on everything due, or leave it to the thread that is at it. Answers what this did.

        Ends early when ``until`` says so; the rest is for the next one who is told.

        Raises:
            OperationalError, InterfaceError: The database's trouble. Nothing is marked, and the
                caller is to try again, since others may rely on this turn.
        """
        claimed = processed = 0
        self._wanted.set()
        # Asked again after each turn is given up: somebody may have come in between.
        while self._wanted.is_set() and not until() and self._acting.acquire(blocking=False):
            try:
                self._wanted.clear()
                acted = act_on_everything_due(until=until)
            finally:
                self._acting.release()
            claimed, processed = claimed + acted.claimed, processed + acted.processed
        return Acted(claimed, processed)


TURNS: Final = Turns()
"""Of this process."""
