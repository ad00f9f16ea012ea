"""Card donations booked: from a full inbox, and sustained while their webhooks arrive."""

import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from bench.donations import Waiting, all_messages, make_waiting
from bench.wire import post_all
from bench.workers import running_with, ways
from whipround.embedded import PROJECT_ROOT

_DONATIONS: Final = 3000
_CONNECTIONS: Final = 8
_BATCH: Final = 50
_PATIENCE_SECONDS: Final = 120


def run() -> None:
    """Three events a donation, as Stripe sends them; one worker books."""
    print(f"   entries posted by the ledger alone, batches of {_BATCH}: {_post():.0f} /s")
    for workers in (1, 2):
        rate, deadlocks = _drain(workers)
        print(
            f"   donations booked from a full inbox, 3 events each, {workers} "
            f"worker{'s' if workers > 1 else ''}: {rate:.0f} /s, {deadlocks} deadlocks"
        )
    for way in ways():
        _sustain(way)


def _post() -> float:
    """Reference: the same entries without inbox, Stripe or donations."""
    from funds.ledger import Draft, Kind, credit, debit, post_entries  # noqa: PLC0415
    from tests.factories import gbp, make_account  # noqa: PLC0415 - Django is set up by now

    asset, income = make_account(), make_account()
    today = datetime.now(UTC).date()
    started_at = time.perf_counter()
    for _ in range(_DONATIONS // _BATCH):
        post_entries(
            [
                Draft(
                    f"bench:{uuid4()}",
                    Kind.CARD_RECEIVED,
                    today,
                    "",
                    [debit(asset, gbp(25)), credit(income, gbp(25))],
                )
                for _ in range(_BATCH)
            ]
        )
    return _DONATIONS / (time.perf_counter() - started_at)


def _drain(workers: int) -> tuple[float, int]:
    """Keep everything first; then let workers loose, each a process.

    Donations a second, and how often two workers waited for each other crosswise.
    """
    from django.db import connection  # noqa: PLC0415 - Django is set up by now

    from payments import inbox  # noqa: PLC0415
    from payments.stripe_gateway.events import verify_event  # noqa: PLC0415

    for message in all_messages(make_waiting(_DONATIONS)):
        inbox.keep(verify_event(message.body, message.signature))
    command = [sys.executable, "-m", "bench.drain"]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=PROJECT_ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(workers)
        ]
        for process in processes:
            _read_line(process)
        started_at = time.perf_counter()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            _read_line(process)
        rate = _DONATIONS / (time.perf_counter() - started_at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        (deadlocks,) = cursor.fetchone()
    return rate, deadlocks


def _read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def sustain(port: int, waiting: list[Waiting]) -> tuple[float, float]:
    """Post their events as fast as they are taken; seconds until all are kept, and booked."""
    from payments.models import CardDonation, WebhookEvent  # noqa: PLC0415 - as above

    unbooked = CardDonation.objects.filter(received_entry=None)
    waits = WebhookEvent.objects.filter(processed_at=None)
    messages = all_messages(waiting)
    started_at = time.perf_counter()
    keeping_seconds = post_all(port, messages, connections=_CONNECTIONS)
    while unbooked.exists() or waits.exists():
        if time.perf_counter() - started_at > _PATIENCE_SECONDS:
            raise RuntimeError(f"{unbooked.count()} donations were not booked")
        time.sleep(0.02)
    return keeping_seconds, time.perf_counter() - started_at


def _sustain(way: str) -> None:
    """The whole way on the real server: donations and events a second, to the last one booked."""
    from django.db import connection  # noqa: PLC0415 - Django is set up by now

    waiting = make_waiting(_DONATIONS)
    with running_with(way) as site:
        keeping_seconds, seconds = sustain(site.port, waiting)
    connection.close()
    print(
        f"   donations booked while their events arrive, {way}: {_DONATIONS / seconds:.0f} /s "
        f"({3 * _DONATIONS / keeping_seconds:.0f} events kept /s); to reach: 300"
    )
