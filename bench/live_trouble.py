"""What open pages live through: a hall that comes back, pages that never read, a deploy, an outage.

Every figure that a page shows meanwhile is looked at: none may be wrong, or lower than before.
"""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from django.db import connection

from appeals.models import Appeal, BranchTarget
from bench.clients import Clients, Told, running_clients
from bench.costs import cpu_seconds, resident_bytes, socket_bytes
from bench.live import PATH, Booking, make_live_appeal
from bench.site import Site, free_port, running_site
from tests.factories import gbp, make_appeal, make_branch
from whipround.embedded import EmbeddedDatabase

SIZES: Final = (1_000, 10_000)
STALLED: Final = 100
OUTAGE_SECONDS: Final = 15.0

_BIG: Final = "big"
_BIG_BRANCHES: Final = 300  # a reading of some 60 KB, so that a pipe is soon full
_BIG_UPDATES: Final = 150
_UPDATES: Final = 10


def run(sizes: Sequence[int] = SIZES) -> None:
    """Print what each trouble cost. The storm is of the largest size, all else of the smallest."""
    appeal = make_live_appeal()
    _storm(max(sizes))
    _slow_readers(min(sizes))
    _deploy(appeal, min(sizes))
    _outage(appeal, min(sizes))


def _storm(viewers: int) -> None:
    with running_site() as site, running_clients([site.port], PATH) as clients:
        clients.open(viewers)
        cpu = cpu_seconds(site.pid)
        back = clients.reconnect()
        cpu = cpu_seconds(site.pid) - cpu
        print(
            f"   {viewers:,} pages reconnect at once: all have a reading after "
            f"{back['seconds']:.2f} s; {cpu * 1000 / viewers:.2f} ms CPU each, the viewers' own "
            f"{back['cpu_seconds'] * 1000 / viewers:.2f}; {back['refused']:.0f} refused"
            "; to reach: 10,000 in 4 s",
            flush=True,
        )


# --- pages that do not read -----------------------------------------------------------------


def _slow_readers(viewers: int) -> None:
    appeal = make_appeal(_BIG)
    BranchTarget.objects.bulk_create(
        BranchTarget(appeal=appeal, branch=make_branch(f"Big {number}"), target=gbp(100))
        for number in range(_BIG_BRANCHES)
    )
    with running_site() as site:
        alone = _watch_big(appeal, site, viewers - STALLED, stalled=0)
        beside = _watch_big(appeal, site, viewers, stalled=STALLED)
    print(
        f"   {STALLED} of {viewers:,} pages never read: the last of the others p50 "
        f"{beside[0]:.0f}, slowest {beside[1]:.0f} ms; without them p50 {alone[0]:.0f}, slowest "
        f"{alone[1]:.0f} ms",
        flush=True,
    )


def _watch_big(appeal: Appeal, site: Site, viewers: int, *, stalled: int) -> tuple[float, float]:
    """Milliseconds to the last of those that read: the median update's, the slowest's."""
    with running_clients([site.port], f"/live/appeals/{_BIG}") as clients:
        clients.open(viewers, stalled=stalled)
        booking = Booking(appeal, [site])
        clients.wait_for(booking.send()[0])
        memory, sockets = resident_bytes(site.pid), socket_bytes()
        clients.forget()
        announced = [_send_and_wait(booking, clients) for _ in range(_BIG_UPDATES)]
        told = clients.tell(announced)
        if stalled:
            memory = resident_bytes(site.pid) - memory
            sockets = socket_bytes() - sockets
            clients.let_read()
            missing = clients.wait_for(announced[-1][0])
            print(
                f"   a page that never reads costs {memory / 1024 / stalled:.0f} KiB of ours, and "
                f"{sockets / 1024 / stalled:.0f} KiB of the system's at both ends, after "
                f"{_BIG_UPDATES} updates of {_BIG_BRANCHES} branches; to reach: 1,024 KiB; "
                f"{stalled - missing} of {stalled} have the newest once they read",
                flush=True,
            )
        return told.last_ms()


def _send_and_wait(booking: Booking, clients: Clients) -> tuple[int, float]:
    sent = booking.send()
    clients.wait_for(sent[0])
    return sent


# --- a deploy, and an outage ------------------------------------------------------------------


def _deploy(appeal: Appeal, viewers: int) -> None:
    port = free_port()
    with running_clients([port], PATH) as clients, ExitStack() as after:
        with ExitStack() as before:
            booking = Booking(appeal, [before.enter_context(running_site(port=port))])
            clients.open(viewers)
            announced = [booking.send() for _ in range(_UPDATES)]
            begun = time.monotonic()
        ended = time.monotonic()
        announced.append(booking.send())
        after.enter_context(running_site(port=port))
        up = time.monotonic()
        announced.append(booking.send())
        missing = clients.wait_for(announced[-1][0])
        back = time.monotonic()
        told = clients.tell(announced)
    print(
        f"   a deploy with {viewers:,} pages: ended in {ended - begun:.2f} s, up after "
        f"{up - begun:.2f} s, the last page is back after {back - begun:.2f} s; at most "
        f"{told.most_connections - 1} reconnects each, {told.refused} tries before it was up; "
        f"{_say_truth(told, missing)}",
        flush=True,
    )


def _outage(appeal: Appeal, viewers: int) -> None:
    database = EmbeddedDatabase(Path(os.environ["BENCH_DATABASE_FOLDER"]))
    with running_site() as site, running_clients([site.port], PATH) as clients:
        booking = Booking(appeal, [site])
        clients.open(viewers)
        announced = [booking.send()]
        clients.wait_for(announced[0][0])
        connection.close()
        database.stop(mode="immediate")
        time.sleep(OUTAGE_SECONDS)
        database.start_again()
        announced.append(booking.send())  # announced to nobody: nobody listens yet
        missing = clients.wait_for(announced[-1][0])
        told = clients.tell(announced)
    print(
        f"   PostgreSQL away for {OUTAGE_SECONDS:.0f} s with {viewers:,} pages: the right figure "
        f"on the last {told.lasts[-1]:.2f} s after the first posting; "
        f"{told.connections - viewers} reconnects; {_say_truth(told, missing)}; to reach: 2 s, 0",
        flush=True,
    )


def _say_truth(told: Told, missing: int) -> str:
    return f"{told.wrong} wrong and {told.lower} lower figures, {missing} pages without the newest"
