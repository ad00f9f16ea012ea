"""What the demo started: found again, also by the run after one that was killed."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

import psutil

from whipround.embedded import PROJECT_ROOT

WAIT_SECONDS: Final = 60
_RECORD: Final = "processes"


class DemoError(RuntimeError):
    """A part of the demo did not start; the message says which, and where its log is."""


class _Started(NamedTuple):
    """A process, and when it started: a process id alone may be somebody else's by now."""

    pid: int
    created_at: float

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The process, while it runs."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            is_it = process.create_time() == self.created_at
            return process if is_it and process.status() != psutil.STATUS_ZOMBIE else None
        return None


class DemoProcesses:
    """What the demo runs: each with a log of its own in ``folder``, each ended by us."""

    def __init__(self, environment: dict[str, str], *, folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        """Run Python with these arguments."""
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-u", *arguments],
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
            )
        self._running[name] = process
        remember(self._folder, pid=process.pid)
        return process

    def log(self, name: str) -> str:
        """What it has written so far."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def require_running(self, *names: str) -> None:
        """Raise ``DemoError`` with the end of its log when one has ended."""
        for name in names:
            if self._running[name].poll() is not None:
                raise DemoError(f"{name} ended:\n{self.log(name)[-2000:]}")

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> None:
        """Wait, while all but the seeding run; raise ``DemoError`` when it takes longer."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.require_running(*(name for name in self._running if name != "seed"))
            if time.monotonic() > deadline:
                raise DemoError(f"not ready after {seconds:.0f} seconds; see the logs in var/demo/")
            time.sleep(0.1)

    def end(self) -> None:
        """End all, the last one first."""
        for process in reversed(self._running.values()):
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        (self._folder / _RECORD).unlink(missing_ok=True)


def remember(folder: Path, *, pid: int) -> None:
    """Note a process in the demo's folder; the first one is the demo itself."""
    with suppress(psutil.NoSuchProcess), (folder / _RECORD).open("a") as record:
        record.write("{} {!r}\n".format(*_Started.of(pid)))


def clear_away(folder: Path) -> None:
    """End what a killed demo left running: it would hold the ports, and find the new database.

    Raises:
        DemoError: The demo that uses the folder still runs. Nothing is ended.
    """
    started = _read_record(folder)
    if started and started[0].find() is not None:
        raise DemoError(
            f"one runs here already, as process {started[0].pid}: end it with Ctrl-C in its window"
        )
    left = [process for each in started[1:] if (process := each.find()) is not None]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=10)


def _read_record(folder: Path) -> list[_Started]:
    with suppress(OSError, ValueError):
        lines = (folder / _RECORD).read_text().splitlines()
        return [_Started(int(pid), float(at)) for pid, at in map(str.split, lines)]
    return []
