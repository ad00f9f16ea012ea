"""What happens some time later: one thread that keeps appointments."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Later:
    """Does each action when its time has come, one after the other.

    Args:
        name: Of the thread.
        on_error: Told of what an action raised; the others go on.
    """

    def __init__(self, name: str, *, on_error: Callable[[Exception], object]) -> None:
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._is_ending = False
        self._on_error = on_error
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, seconds: float, action: Callable[[], object]) -> None:
        """Do it in so many seconds; at once when the end has been called for."""
        with self._changed:
            due = time.monotonic() + seconds
            heapq.heappush(self._heap, (due, next(self._numbers), action))
            self._changed.notify()

    def finish(self) -> None:
        """Do all that is left at once, and end."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception as error:  # noqa: BLE001 - it is told, and the others go on
                self._on_error(error)

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            while True:
                if self._heap and (self._is_ending or self._heap[0][0] <= time.monotonic()):
                    return heapq.heappop(self._heap)[2]
                if self._is_ending:
                    return None
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                self._changed.wait(wait)
