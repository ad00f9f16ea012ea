"""The real server, started for a benchmark and ended by its process id."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from whipround.embedded import PROJECT_ROOT


@dataclass(frozen=True, slots=True)
class Site:
    """A running site. ``address`` has no trailing slash."""

    address: str
    port: int
    pid: int


@contextmanager
def running_site(*options: str, port: int | str = 0, **environment: str) -> Iterator[Site]:
    """``manage.py serve`` on a loopback port (0: a free one), on the benchmark's database."""
    port = int(port) or free_port()
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), *options],
        cwd=PROJECT_ROOT,
        env=os.environ | {"BASE_URL": address} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_up(address)
        yield Site(address, port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(address: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()  # noqa: S310 - loopback
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the site at {address} did not come up within {seconds} seconds")
