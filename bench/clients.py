"""Processes full of viewers, one for each server, and what they tell together."""

import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from whipround.embedded import PROJECT_ROOT

PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Told:
    """What came of some updates. ``lasts``: seconds to each update's last viewer.

    ``receipts``: how many (viewer, update) pairs arrived after how many milliseconds, by an event
    of their own or by a newer one; ``frames``: how many events brought them.
    """

    updates: int
    viewers: int
    lasts: list[float]
    receipts: Counter[int]
    frames: int
    connections: int
    most_connections: int
    refused: int
    lower: int
    wrong: int

    @property
    def delivered(self) -> float:
        """The share of all pairs of viewer and update that arrived."""
        return self.receipts.total() / self.viewers / self.updates

    def last_ms(self) -> tuple[float, float]:
        """Milliseconds to the last viewer: the median update's, the slowest's."""
        return statistics.median(self.lasts) * 1000, max(self.lasts) * 1000

    def receipt_ms(self, share: float) -> int:
        """Milliseconds within which this share of all that arrived had."""
        wanted, counted = share * self.receipts.total(), 0
        for milliseconds in sorted(self.receipts):
            counted += self.receipts[milliseconds]
            if counted >= wanted:
                return milliseconds
        return 0


class Clients:
    """Viewers in as many processes as there are ports."""

    def __init__(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        self._processes = processes
        self._viewers = 0

    def open(self, viewers: int, *, stalled: int = 0) -> dict[str, Any]:
        """Open so many streams, evenly; of each process's first, some never read."""
        self._viewers += viewers
        share = viewers // len(self._processes)
        return self._order(order="open", viewers=share, stalled=stalled)

    def reconnect(self) -> dict[str, Any]:
        """Cut all, and open all anew at once."""
        return self._order(order="reconnect")

    def forget(self) -> None:
        """Count from here on."""
        self._order(order="forget")

    def let_read(self) -> None:
        """Let the stalled viewers read."""
        self._order(order="read")

    def wait_for(self, sequence: int, *, seconds: float = PATIENCE_SECONDS) -> int:
        """Go on until each that reads has that reading; how many have not, in this time."""
        return int(
            self._order(order="until", sequence=sequence, timeout_seconds=seconds)["missing"]
        )

    def tell(self, announced: Sequence[tuple[int, float]]) -> Told:
        """What was received of the updates: each a sequence, and its moment (monotonic clock)."""
        answers = self._ask(order="tell", announced=announced)
        lasts = [answer["last_seconds"] for answer in answers]
        receipts: Counter[int] = Counter()
        for answer in answers:
            receipts.update({int(ms): count for ms, count in answer["receipts"].items()})
        return Told(
            updates=max(1, len(announced)),
            viewers=self._viewers,
            lasts=[max(ends) for ends in zip(*lasts, strict=True)],
            receipts=receipts,
            most_connections=max(one["most_connections"] for one in answers),
            **{
                name: sum(one[name] for one in answers)
                for name in ("frames", "connections", "refused", "lower", "wrong")
            },
        )

    @property
    def pids(self) -> list[int]:
        """Of the processes, for what they cost."""
        return [process.pid for process in self._processes]

    def _order(self, **order: object) -> dict[str, Any]:
        """Sums over the processes; of the seconds, the longest."""
        answers = self._ask(**order)
        sums = {name: sum(one[name] for one in answers) for name in answers[0]}
        return sums | {"seconds": max(one["seconds"] for one in answers)}

    def _ask(self, **order: object) -> list[dict[str, Any]]:
        line = json.dumps(order).encode() + b"\n"
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(line)
            process.stdin.flush()
        return [json.loads(self._answer(process)) for process in self._processes]

    @staticmethod
    def _answer(process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the viewers ended, and said why above")
        return line


@contextmanager
def running_clients(ports: Sequence[int], path: str) -> Iterator[Clients]:
    """A process of viewers for each port."""
    with running_children([("bench.viewers", str(port), path) for port in ports]) as processes:
        yield Clients(processes)


@contextmanager
def running_children(commands: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Modules in processes of their own, ended by their ids."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for module, *arguments in commands:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", module, *arguments],
                    cwd=PROJECT_ROOT,
                    env=os.environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()
