"""A thousand open streams: how soon the last viewer has a posting, and what a viewer costs.

The reference in the same run is ``bench.floor``: the same frames to as many viewers from a loop
that does nothing else.
"""

import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psutil
from django.db import connection

from appeals.live.frames import reading_frame
from appeals.models import Appeal
from appeals.progress import read_reading
from bench.site import Site, running_site
from tests.factories import gbp, make_appeal, make_branch
from tests.live.posting import collect
from whipround.embedded import PROJECT_ROOT

VIEWERS: Final = 1000
UPDATES: Final = 20
PAUSE_SECONDS: Final = 0.5
BRANCHES: Final = 24
_SLUG: Final = "live"


@dataclass(frozen=True, slots=True)
class Fanout:
    """Seconds from the commit to the last viewer, and the server's CPU seconds for all updates."""

    lasts: list[float]
    cpu_seconds: float

    @property
    def cpu_micros(self) -> float:
        """Per viewer and update."""
        return self.cpu_seconds * 1e6 / VIEWERS / UPDATES

    def line(self, name: str) -> str:
        """One printed line."""
        middle, slowest = statistics.median(self.lasts) * 1000, max(self.lasts) * 1000
        return (
            f"   {name:25} last of {VIEWERS} viewers: p50 {middle:5.1f} ms, slowest {slowest:5.1f}"
            f" ms, CPU {self.cpu_micros:5.1f} µs per viewer-update"
        )


def run() -> None:
    """Print latency, cost and the time to end, beside the floor."""
    targets = [(make_branch(f"Branch {number}"), gbp(1000)) for number in range(BRANCHES)]
    appeal = make_appeal(_SLUG, branch_targets=targets)
    for number, (branch, _) in enumerate(targets):
        collect(appeal, gbp(10 + number), branch=branch)
    frame = reading_frame(read_reading(appeal))
    print(f"   one reading is {len(frame)} bytes, with {BRANCHES} branches")
    print(_measure_floor(frame).line("a bare loop (the floor)"))
    _measure_site(appeal)


# --- the floor --------------------------------------------------------------------------


def _measure_floor(frame: bytes) -> Fanout:
    line = frame.replace(b"\n", b"|") + b"\n"
    with _child("bench.floor", str(VIEWERS)) as floor:
        assert floor.stdin is not None
        assert floor.stdout is not None
        port = int(floor.stdout.readline())
        floor.stdin.write(line)
        floor.stdin.flush()
        with _viewers(port) as ask:

            def send(number: int) -> bytes:
                assert floor.stdin is not None
                mark = b"mark-%04d" % number
                floor.stdin.write(line.replace(b"event: reading", b"event: " + mark))
                floor.stdin.flush()
                return mark

            return _measure(psutil.Process(floor.pid), ask, send)


# --- the site ---------------------------------------------------------------------------


def _measure_site(appeal: Appeal) -> None:
    with running_site() as site:
        _warm_pages(site)
        server = psutil.Process(site.pid)
        time.sleep(1)
        threads, connections = server.num_threads(), _count_connections()
        memory, cpu = server.memory_info().rss, _cpu_seconds(server)
        with _viewers(site.port) as ask:
            connect_cpu = _cpu_seconds(server) - cpu
            memory = server.memory_info().rss - memory
            raised = itertools.count(int(read_reading(appeal).raised.amount) + 1)

            def post(_number: int) -> bytes:
                collect(appeal, gbp(1))
                return b'"raised":{"amount":"%d.00"' % next(raised)

            fanout = _measure(server, ask, post)
            print(fanout.line("commit to the last page"))
            print(
                f"   a viewer costs {memory / 1024 / VIEWERS:.1f} KiB and "
                f"{connect_cpu * 1000 / VIEWERS:.2f} ms CPU to connect; {VIEWERS} viewers cost "
                f"{server.num_threads() - threads:+d} threads and "
                f"{_count_connections() - connections:+d} database connections"
            )
            begun = time.monotonic()
            server.terminate()
            server.wait(timeout=30)
            print(
                f"   SIGTERM with {VIEWERS} streams open: {time.monotonic() - begun:.2f} s to end"
            )


def _warm_pages(site: Site) -> None:
    """Let every page thread take the connection that it keeps."""

    def look() -> None:
        for _ in range(20):
            urllib.request.urlopen(f"{site.address}/api/v1/appeals/", timeout=30).close()  # noqa: S310

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    urllib.request.urlopen(f"{site.address}/live/appeals/{_SLUG}", timeout=30).close()  # noqa: S310


def _count_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (count,) = cursor.fetchone()
    return int(count)


# --- measuring --------------------------------------------------------------------------


def _measure(
    server: psutil.Process, ask: Callable[[bytes], float], send: Callable[[int], bytes]
) -> Fanout:
    """Send updates, one each half second; what the idle server costs anyway is taken off."""
    idle_cpu = _cpu_seconds(server)
    time.sleep(UPDATES * PAUSE_SECONDS)
    idle_cpu = _cpu_seconds(server) - idle_cpu
    lasts: list[float] = []
    cpu = _cpu_seconds(server)
    for number in range(UPDATES):
        begun = time.monotonic()
        mark = send(number)
        sent_at = time.monotonic()
        lasts.append(ask(mark) - sent_at)
        time.sleep(max(0.0, PAUSE_SECONDS - (time.monotonic() - begun)))
    return Fanout(lasts, max(0.0, _cpu_seconds(server) - cpu - idle_cpu))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _viewers(port: int) -> Iterator[Callable[[bytes], float]]:
    """Open the streams; the function gives the moment at which the last viewer had a text."""
    with _child("bench.viewers", str(port), f"/live/appeals/{_SLUG}", str(VIEWERS)) as viewers:
        assert viewers.stdin is not None
        assert viewers.stdout is not None
        source, sink = viewers.stdout, viewers.stdin
        assert source.readline() == b"ready\n"

        def ask(text: bytes) -> float:
            sink.write(text + b"\n")
            sink.flush()
            return float(json.loads(source.readline())["last"])

        yield ask


@contextmanager
def _child(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
