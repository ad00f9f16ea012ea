"""Open streams by the thousand: what each costs, and how soon the last viewer has a posting.

The reference in the same run, beside each size, is ``bench.floor``: the same frames to as many
viewers from a loop that does nothing else. Postings are booked by this process at 1 and at 10 a
second; a viewer has received one with its own event or with a newer one's.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from appeals.live.frames import reading_frame
from appeals.models import Appeal
from appeals.progress import read_reading
from bench.clients import Clients, Told, running_children, running_clients
from bench.costs import cpu_seconds, resident_bytes
from bench.site import Site, running_site
from tests.factories import gbp, make_appeal, make_branch
from tests.live.posting import collect

SIZES: Final = (1_000, 5_000, 10_000, 19_500, 20_000)
ONE_PROCESS_HOLDS: Final = 19_500
BRANCHES: Final = 24
PATH: Final = "/live/appeals/live"

_PACES: Final = ((1, 10), (10, 50))  # updates a second, and how many of them
_IDLE_SECONDS: Final = 6
_HEADING: Final = (
    "   viewers on       connect   memory |   CPU µs each, 1/s  last viewer, 1/s"
    " |  CPU µs each, 10/s  all receipts, 10/s delivered\n"
    "         processes  ms CPU     KiB   |   server  client    p50 ms   max ms "
    " |   server  client    p50 ms   p99 ms"
)


@dataclass(frozen=True, slots=True)
class Pace:
    """What some updates at a steady pace cost: CPU seconds, without what idling costs anyway."""

    told: Told
    server_seconds: float
    client_seconds: float

    @property
    def server_micros(self) -> float:
        """Of the server's CPU time, for each event that a viewer received."""
        return self.server_seconds * 1e6 / self.told.frames

    @property
    def client_micros(self) -> float:
        """The same of the viewers' own."""
        return self.client_seconds * 1e6 / self.told.frames


class Source(Protocol):
    """Who sends updates."""

    pids: list[int]

    def send(self) -> tuple[int, float]:
        """Send one; its sequence, and the moment from which it was to be had."""


def run(sizes: Sequence[int] = SIZES) -> None:
    """Print the table: for each size the floor, then the site."""
    appeal = make_live_appeal()
    frame = reading_frame(read_reading(appeal))
    print(f"   one reading is {len(frame)} bytes, with {BRANCHES} branches")
    print(_HEADING)
    for viewers in sizes:
        processes = 1 if viewers <= ONE_PROCESS_HOLDS else 2
        with _floors(frame, processes) as (floor, ports):
            floor_paces = _row("floor", viewers, ports, floor)
        with _sites(appeal, processes) as (site, ports):
            site_paces = _row("site", viewers, ports, site)
        ratios = [
            one.server_micros / other.server_micros
            for one, other in zip(site_paces, floor_paces, strict=True)
        ]
        print(
            f"   {'':26} site / floor: {ratios[0]:.2f} at 1/s, {ratios[1]:.2f} at 10/s"
            "; to reach: 2",
            flush=True,
        )


def make_live_appeal() -> Appeal:
    """An appeal with branches, money, and a target for each."""
    targets = [(make_branch(f"Branch {number}"), gbp(1000)) for number in range(BRANCHES)]
    appeal = make_appeal("live", branch_targets=targets)
    for number, (branch, _) in enumerate(targets):
        collect(appeal, gbp(10 + number), branch=branch)
    return appeal


# --- one row ----------------------------------------------------------------------------


def _row(name: str, viewers: int, ports: Sequence[int], source: Source) -> list[Pace]:
    """Open the streams, send at both paces, print what it came to."""
    source.send()  # both have something to say, and what is made once is made
    idle = _idle_share(source.pids)
    cpu, memory = cpu_seconds(*source.pids), resident_bytes(*source.pids)
    with running_clients(ports, PATH) as clients:
        seconds = clients.open(viewers)["seconds"]
        cpu = cpu_seconds(*source.pids) - cpu - idle * seconds
        memory = resident_bytes(*source.pids) - memory
        paces = [_send(source, clients, idle, *pace) for pace in _PACES]
    slow, fast = paces
    middle, most = slow.told.last_ms()
    print(
        f"   {viewers:>7,} {len(ports)} {name:5}  {cpu * 1000 / viewers:8.2f} "
        f"{memory / 1024 / viewers:8.1f}   | {slow.server_micros:8.1f}{slow.client_micros:8.1f}"
        f"  {middle:8.0f} {most:8.0f}  | {fast.server_micros:8.1f}{fast.client_micros:8.1f}"
        f"  {fast.told.receipt_ms(0.5):8} {fast.told.receipt_ms(0.99):8} "
        f"{min(slow.told.delivered, fast.told.delivered):10.2%}",
        flush=True,
    )
    return paces


def _idle_share(pids: Sequence[int]) -> float:
    """CPU seconds that the servers cost each second without viewers, once they have settled."""
    shares: list[float] = []
    for _ in range(_IDLE_SECONDS):
        cpu = cpu_seconds(*pids)
        time.sleep(1)
        shares.append(cpu_seconds(*pids) - cpu)
    return min(shares)


def _send(source: Source, clients: Clients, idle: float, per_second: int, updates: int) -> Pace:
    """Send so many updates so often, and wait until the last viewer has the last one."""
    clients.forget()
    begun = time.monotonic()
    server, client = cpu_seconds(*source.pids), cpu_seconds(*clients.pids)
    announced: list[tuple[int, float]] = []
    for number in range(updates):
        time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
        announced.append(source.send())
    clients.wait_for(announced[-1][0])
    server = cpu_seconds(*source.pids) - server - idle * (time.monotonic() - begun)
    return Pace(clients.tell(announced), server, cpu_seconds(*clients.pids) - client)


# --- the floor --------------------------------------------------------------------------


class _Floors:
    """Bare loops, each told every frame."""

    def __init__(self, frame: bytes, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        self.pids = [process.pid for process in processes]
        self._processes = processes
        self._before, self._after = frame.split(b"-", 1)[0] + b"-", frame.split(b"\n", 2)[2]
        self._sequence = 0

    def send(self) -> tuple[int, float]:
        self._sequence += 2
        frame = b"%b%d\n%b" % (self._before, self._sequence, self._after)
        moment = time.monotonic()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(frame.replace(b"\n", b"|") + b"\n")
            process.stdin.flush()
        return self._sequence, moment


@contextmanager
def _floors(frame: bytes, how_many: int) -> Iterator[tuple[_Floors, list[int]]]:
    with running_children([("bench.floor",)] * how_many) as processes:
        ports = [int(process.stdout.readline()) for process in processes if process.stdout]
        yield _Floors(frame, processes), ports


# --- the site ---------------------------------------------------------------------------


class Booking:
    """The real servers, and this process, which books a pound at a time."""

    def __init__(self, appeal: Appeal, sites: Sequence[Site]) -> None:
        self.pids = [site.pid for site in sites]
        self._appeal = appeal
        self._sequence = read_reading(appeal).sequence

    def send(self) -> tuple[int, float]:
        """Book £1: two postings; the moment is that of the commit."""
        collect(self._appeal, gbp(1))
        self._sequence += 2
        return self._sequence, time.monotonic()


@contextmanager
def _sites(appeal: Appeal, processes: int) -> Iterator[tuple[Booking, list[int]]]:
    """The whole site in one process, or as many live processes."""
    options = [] if processes == 1 else ["--live-only"]
    with ExitStack() as stack:
        sites = [stack.enter_context(running_site(*options)) for _ in range(processes)]
        yield Booking(appeal, sites), [site.port for site in sites]
