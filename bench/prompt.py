"""How soon a donation is booked and announced, at a hundred a second: what the hall waits for.

From the answer to its first event to the NOTIFY after which its entry can be read.
"""

import os
import statistics
from typing import Final

from bench.announce import Announcements
from bench.donations import make_waiting
from bench.wire import post_paced
from bench.workers import running_with, ways

PER_SECOND: Final = 100
_DONATIONS: Final = 1500
_WARM: Final = 100
_CONNECTIONS: Final = 8
_PATIENCE_SECONDS: Final = 60


def run() -> None:
    """Print the median and the 99th percentile, in both ways."""
    for way in ways():
        with running_with(way) as site:
            time_bookings(site.port, os.environ["DATABASE_URL"], _WARM)
            took = time_bookings(site.port, os.environ["DATABASE_URL"], _DONATIONS)
        print(f"   {way}, {PER_SECOND} donations/s: {say(took)}; to reach: p99 1,000 ms")


def time_bookings(port: int, database_url: str, donations: int) -> list[float]:
    """Post so many donations at an even pace; milliseconds from posted to announced, of each."""
    waiting = make_waiting(donations)
    with Announcements(database_url, [one.key for one in waiting]) as announced:
        posted_at = post_paced(
            port,
            [one.messages for one in waiting],
            per_second=PER_SECOND,
            connections=_CONNECTIONS,
        )
        announced.wait(seconds=_PATIENCE_SECONDS)
    return [
        (announced.heard_at[one.key] - at) * 1000
        for one, at in zip(waiting, posted_at, strict=True)
    ]


def say(took: list[float]) -> str:
    """The figures in words."""
    cuts = statistics.quantiles(took, n=100)
    return f"posted to announced p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms"
