"""The real server in a process of its own, on the test's database, and readers of its streams."""

import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection

from whipround.embedded import PROJECT_ROOT

START_SECONDS = 60
_NOTED_BY_CHORES = (
    "choreoutcome",
    "chorerun",
    "alarm",
    "balancewindow",
    "stripebalance",
    "matchingrun",
)
WAIT_SECONDS = 15  # generous: a machine under test is a busy one


def database_url() -> str:
    """The test's database, as another process must be told."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    return urlunsplit(parts._replace(path=f"/{name}"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class SiteProcess:
    """``manage.py serve`` on a free port. Ended by its process id.

    ``options`` are the command's; ``environment`` overrides what the tests' own environment says.
    """

    def __init__(self, *options: str, **environment: str) -> None:
        self.environment = environment
        self._options = options
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, or start again on the same port; returns once visitors can come."""
        command = ["manage.py", "serve", "--no-migrate", "--port", str(self.port), *self._options]
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=PROJECT_ROOT,
            env=os.environ
            | {"DATABASE_URL": database_url(), "BASE_URL": self.url}
            | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read_output, args=(lines,), daemon=True).start()
        said: list[str] = []
        deadline = time.monotonic() + START_SECONDS
        while not any("Whip-round is at" in line for line in said):
            try:
                said.append(lines.get(timeout=max(0.1, deadline - time.monotonic())))
            except queue.Empty:
                self.kill()
                raise AssertionError("the server did not start: " + "".join(said)) from None
            if said[-1] == "":
                raise AssertionError("the server ended: " + "".join(said))

    def _read_output(self, lines: "queue.Queue[str]") -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                lines.put(line)
        lines.put("")

    def stop(self) -> float:
        """SIGTERM; the seconds until it has ended."""
        assert self._process is not None
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=WAIT_SECONDS)
        return time.monotonic() - begun

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=WAIT_SECONDS)

    @property
    def exit_status(self) -> int | None:
        assert self._process is not None
        return self._process.poll()

    def threads(self) -> int:
        return int(self._status("Threads"))

    def resident_kib(self) -> int:
        return int(self._status("VmRSS").removesuffix(" kB"))

    def _status(self, name: str) -> str:
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as status:  # noqa: PTH123 - no file
            return next(line.split(":", 1)[1].strip() for line in status if line.startswith(name))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.exit_status is None:
                self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            _forget_chores()


def _forget_chores() -> None:
    """What a server that served many tests noted since the last one's tables were emptied.

    Whoever came next would find that Stripe was away just now, and put off what asks it.
    """
    with psycopg.connect(database_url(), autocommit=True) as session:
        for table in _NOTED_BY_CHORES:
            session.execute(f"DELETE FROM payments_{table}")


@dataclass(frozen=True)
class Event:
    """One Server-Sent Event."""

    name: str
    id: str
    data: Any
    retry_milliseconds: int | None


class EventStream:
    """An open stream, read one event at a time."""

    def __init__(self, url: str, slug: str, *, timeout_seconds: float = WAIT_SECONDS) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._connection = http.client.HTTPConnection(
            parts.hostname, parts.port, timeout=timeout_seconds
        )
        self._connection.request("GET", f"/live/appeals/{slug}")
        self.response = self._connection.getresponse()

    def next(self) -> Event:
        """The next event. EOFError when the server ended the stream."""
        fields: dict[str, str] = {}
        while True:
            line = self.response.readline().decode()
            if line == "":
                raise EOFError
            if line == "\n":
                break
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        retry = fields.get("retry")
        return Event(
            name=fields["event"],
            id=fields.get("id", ""),
            data=json.loads(fields["data"]),
            retry_milliseconds=int(retry) if retry else None,
        )

    def reading_where(self, key: str, value: object) -> Event:
        """Read on until a reading says so."""
        deadline = time.monotonic() + WAIT_SECONDS
        seen: list[object] = []
        while time.monotonic() < deadline:
            event = self.next()
            if event.name != "reading":
                continue
            seen.append(event.data[key])
            if event.data[key] == value:
                return event
        raise AssertionError(f"no reading with {key} {value}, but {seen}")

    def close(self) -> None:
        with suppress(OSError):
            self.response.close()
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
