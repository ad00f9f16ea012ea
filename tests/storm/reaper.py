"""The reaper: kills at random, by seed, one kind of death after the other."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from tests.storm.parts import Part
from tests.storm.plan import Plan
from tests.storm.site import Site

_LONGEST_DEATH_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.2

Death = Callable[[], bool]
"""Brings it about; False when there was nobody to kill."""


class Reaper:
    """Two threads, so that PostgreSQL may be away while a process is: each deals its own pack.

    Kinds are shuffled like cards and dealt out before any comes again.
    """

    def __init__(self, plan: Plan, site: Site) -> None:
        self._site = site
        self._stop = threading.Event()
        self.deaths: Counter[str] = Counter()
        self._packs = (
            _Pack(self._deaths_of_processes(plan), plan.process_dies_every, plan.dice("processes")),
            _Pack(self._deaths_of_database(plan), plan.database_dies_every, plan.dice("database")),
        )
        self._threads = [
            threading.Thread(target=self._run, args=[pack], name="reaper", daemon=True)
            for pack in self._packs
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Rest. What is dead is started again by its supervisor; PostgreSQL is running."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def rounds(self) -> int:
        """How often each kind of death came, at least."""
        kinds = [kind for pack in self._packs for kind in pack.deaths]
        return min(self.deaths[kind] for kind in kinds)

    def _run(self, pack: "_Pack") -> None:
        while not self._stop.wait(pack.dice.uniform(*pack.every)):
            kind = pack.deal()
            self.deaths[kind] += pack.deaths[kind]()

    def _deaths_of_processes(self, plan: Plan) -> dict[str, Death]:
        dice = plan.dice("victims")
        by_kind: dict[str, list[Part]] = {}
        for part in self._site.parts:
            by_kind.setdefault(part.kind, []).append(part)
        deaths: dict[str, Death] = {}
        for kind, parts in by_kind.items():
            deaths[f"{kind} killed"] = self._killing(parts, signal.SIGKILL, dice)
            if kind in {"web", "worker"}:  # as when a new version is brought out
                deaths[f"{kind} told to end"] = self._killing(parts, signal.SIGTERM, dice)
        return deaths

    def _killing(self, parts: Sequence[Part], number: signal.Signals, dice: random.Random) -> Death:
        """One of its kind dies once all of them are up: a slow machine is not to kill unborn."""

        def kill() -> bool:
            victim = dice.choice(parts)
            for_seconds = dice.uniform(0.0, _LONGEST_DEATH_SECONDS)
            while not all(part.is_up for part in parts):
                if self._stop.wait(_LOOK_SECONDS):
                    return False
            return victim.die(number, for_seconds=for_seconds)

        return kill

    def _deaths_of_database(self, plan: Plan) -> dict[str, Death]:
        dice = plan.dice("shutdowns")

        def shutting(mode: str) -> Death:
            def shut() -> bool:
                self._site.database.stop(mode=mode)
                time.sleep(dice.uniform(0.1, _LONGEST_DEATH_SECONDS))
                self._site.database.start_again()
                return True

            return shut

        return {f"PostgreSQL, {mode}": shutting(mode) for mode in ("fast", "immediate")}


class _Pack:
    """Kinds of death in a shuffled order."""

    def __init__(
        self, deaths: dict[str, Death], every: tuple[float, float], dice: random.Random
    ) -> None:
        self.deaths, self.every, self.dice = deaths, every, dice
        self._left: list[str] = []

    def deal(self) -> str:
        """The next kind."""
        if not self._left:
            self._left = list(self.deaths)
            self.dice.shuffle(self._left)
        return self._left.pop()
