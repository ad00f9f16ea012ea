"""What the site is made of: processes that may be killed, and start again by themselves."""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx

from whipround.embedded import PROJECT_ROOT

_FELL_PAUSE_SECONDS: Final = 1.0
_END_SECONDS: Final = 20.0
_LEAST_LIFE_SECONDS: Final = 2.0


class Part:
    """A process with a log. Whoever wants it dead says for how long.

    Args:
        name: Of its log.
        kind: What it is: web, worker, beat, redis.
        command: How it is started.
        environment: The whole of it.
        folder: For the log.
        address: Where it answers visitors; "" when it does not.
    """

    def __init__(
        self,
        name: str,
        *,
        kind: str,
        command: Sequence[str],
        environment: dict[str, str],
        folder: Path,
        address: str = "",
    ) -> None:
        self.name, self.kind, self.address = name, kind, address
        self.fell = 0
        """How often it ended though nobody had killed it."""

        self.log_file = folder / f"{name}.log"
        self._command, self._environment = list(command), environment
        self._process: subprocess.Popen[bytes] | None = None
        self._start_at: float | None = None
        self._started_at = 0.0
        self._lock = threading.RLock()  # against the supervisor, which starts it again

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_up(self) -> bool:
        """Whether it has begun its work: it answers, or has had the time to begin."""
        if not self.is_running or time.monotonic() < self._started_at + _LEAST_LIFE_SECONDS:
            return False
        return not self.address or ask_status(f"{self.address}/healthz") != 0

    def start(self) -> None:
        """Start it, whatever it was before."""
        with self._lock, self.log_file.open("ab") as log:
            self._start_at = None
            self._started_at = time.monotonic()
            self._process = subprocess.Popen(
                self._command,
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def die(self, number: signal.Signals, *, for_seconds: float) -> bool:
        """Send it a signal that ends it; False when it was dead already."""
        with self._lock:
            if not self.is_running or self._process is None:
                return False
            self._start_at = time.monotonic() + for_seconds
            self._process.send_signal(number)
            return True

    def look(self) -> None:
        """Start it again if it is time, as a service manager does."""
        with self._lock:
            if self.is_running:
                return
            if self._start_at is None:  # nobody killed it
                self.fell += 1
                self._start_at = time.monotonic() + _FELL_PAUSE_SECONDS
            if time.monotonic() >= self._start_at:
                self.start()

    def end(self) -> None:
        """End it for good."""
        with self._lock:
            if self._process is None:
                return
            with suppress(ProcessLookupError):
                self._process.terminate()
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def log(self) -> str:
        """What it has said, over all its lives."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


class Supervisor:
    """Starts parts again when they have ended, until it is told to rest."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the dead lie."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            for part in self._parts:
                part.look()


def environment_of(**changes: str) -> dict[str, str]:
    """This process's environment with changes; nothing measures coverage in what is killed."""
    kept = {name: value for name, value in os.environ.items() if name != "COVERAGE_PROCESS_START"}
    return kept | changes


def ask_status(url: str) -> int:
    """The status of an answer; 0 when there is none."""
    try:
        return httpx.get(url, timeout=10, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def count_fell(parts: Sequence[Part]) -> Counter[str]:
    """How often parts ended by themselves, by kind."""
    return Counter({part.kind: part.fell for part in parts if part.fell})
