"""The pretend clock, and the things that happen by themselves when their time has come."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field


class Clock:
    """The real time, moved on by as many seconds as a test asks for."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def now(self) -> float:
        """Unix time in seconds, UTC."""
        return time.time() + self.ahead_seconds

    def stamp(self) -> int:
        """Unix time in whole seconds, as Stripe writes ``created``."""
        return int(self.now())

    def reach(self, moment: float) -> None:
        """Move on to ``moment`` (Unix seconds); never back."""
        self.ahead_seconds += max(0.0, moment - self.now())


@dataclass(order=True)
class _Appointment:
    due: float
    number: int
    action: Callable[[], object] = field(compare=False)
    soon: bool = field(compare=False)


class Agenda:
    """What will happen by itself: late captures, failing refunds, payouts, sessions' ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[_Appointment] = []
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    def add(self, due: float, action: Callable[[], object], *, soon: bool) -> None:
        """Do ``action`` at ``due`` (Unix seconds on the pretend clock).

        Args:
            due: When.
            action: What; it must bear that its reason has gone meanwhile.
            soon: Whether ``hurry`` may do it at once; not so for a session's end.
        """
        heapq.heappush(self._heap, _Appointment(due, next(self._numbers), action, soon))
        self._changed.set()

    def hurry(self) -> None:
        """Do at once all that would happen soon, also what that brings in turn."""
        while waiting := [entry for entry in self._heap if entry.soon]:
            self._heap = [entry for entry in self._heap if not entry.soon]
            heapq.heapify(self._heap)
            for entry in sorted(waiting):
                entry.action()

    def run_due(self) -> None:
        """Do all whose time has come."""
        while self._heap and self._heap[0].due <= self._clock.now():
            heapq.heappop(self._heap).action()

    def run_until(self, moment: float) -> None:
        """Move the clock on to ``moment``, and do on the way all that comes due, at its time."""
        while self._heap and self._heap[0].due <= moment:
            self._clock.reach(self._heap[0].due)
            heapq.heappop(self._heap).action()
        self._clock.reach(moment)

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()

    async def run(self) -> None:
        """Keep the appointments until cancelled."""
        while True:
            self.run_due()
            self._changed.clear()
            wait = max(0.0, self._heap[0].due - self._clock.now()) if self._heap else None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait)
