"""Real servers for the tests: Redis, Celery's workers and beat, each ended by its process id."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.apt import install
from tests.site import database_url, free_port
from whipround.embedded import PROJECT_ROOT

WAIT_SECONDS: Final = 60  # generous: a machine under test is a busy one

_NAMES: Final = ("redis-server", "valkey-server")


@cache
def find_redis() -> str | None:
    """The path of a Redis or Valkey server; None when there is none to be had."""
    if _on_path() is None:
        install("redis-server")
    return _on_path()


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def wait_until(
    is_so: Callable[[], bool],
    *,
    seconds: float = WAIT_SECONDS,
    why: Callable[[], object] = lambda: "",
) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


class RedisServer:
    """A Redis on a free loopback port, that keeps nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port, socket_timeout=5, retry=Retry(NoBackoff(), 0))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, or start again on the same port and empty; returns once it answers."""
        program = find_redis()
        assert program is not None
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--save": "",
            "--appendonly": "no",
            "--dir": tempfile.gettempdir(),
        }
        self._process = subprocess.Popen(
            [program, *(part for option in options.items() for part in option)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=WAIT_SECONDS)
        self.client.connection_pool.disconnect()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.client.close()


class CeleryProcess:
    """``celery -A whipround …`` on the test's database, with a log of its own.

    Args:
        name: Also what the database is told, so that a test sees who did what.
        arguments: Such as ``worker`` or ``beat``.
        environment: Overrides what the tests' own environment says.
    """

    def __init__(self, name: str, *arguments: str, folder: Path, **environment: str) -> None:
        self.name = name
        self._arguments = arguments
        self._log = folder / f"{name}.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; a worker is ready when ``says`` tells so."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "whipround", *self._arguments],
                cwd=PROJECT_ROOT,
                env=os.environ
                | {"DATABASE_URL": database_url(), "PGAPPNAME": self.name}
                | self._environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL: it learns nothing of it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=WAIT_SECONDS)

    def stop(self) -> int:
        """SIGTERM, as a service manager would; the exit status."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(timeout=WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self.stop()


def worker(name: str, *, folder: Path, **environment: str) -> CeleryProcess:
    """A Celery worker of its own name, as docs/deploy.md starts it."""
    arguments = ("worker", "-n", f"{name}@%h", "--without-gossip", "--without-mingle")
    return CeleryProcess(name, *arguments, "--loglevel", "INFO", folder=folder, **environment)


def beat(*, folder: Path, **environment: str) -> CeleryProcess:
    """Celery's beat."""
    return CeleryProcess("beat", "beat", "--loglevel", "INFO", folder=folder, **environment)
