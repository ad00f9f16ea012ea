"""The same work in small books and in big ones: a donation costs no more after a million postings.

Two sites on one server, one on either database, asked by turns: five interleaved pairs, of which
the ratio is told, since the machine is never quite the same twice.
"""

import os
import statistics
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from bench.booking import sustain
from bench.books import make_books, turned_to
from bench.donations import make_waiting
from bench.prompt import PER_SECOND, say, time_bookings
from bench.site import running_site

_BOOKS: Final = {"grown_small": 10_000, "grown_big": 1_000_000}
_PAIRS: Final = 5
_DONATIONS: Final = 1000
_PACED: Final = 500


def run() -> None:
    """Print rates, their ratio and its spread; and how promptly the big books are written."""
    for name, postings in _BOOKS.items():
        make_books(name, postings=postings)
    with (
        running_site(DATABASE_URL=_url("grown_small")) as small,
        running_site(DATABASE_URL=_url("grown_big")) as big,
    ):
        ports = {"grown_small": small.port, "grown_big": big.port}
        for name, port in ports.items():
            _rate(name, port, donations=200)  # warm
        pairs = [
            {name: _rate(name, port, donations=_DONATIONS) for name, port in ports.items()}
            for _ in range(_PAIRS)
        ]
        took = {name: _time(name, port) for name, port in ports.items()}
    for name, postings in _BOOKS.items():
        middle = statistics.median(pair[name] for pair in pairs)
        print(f"   donations booked while events arrive, {postings:>9,} postings: {middle:.0f} /s")
    ratios = sorted(pair["grown_big"] / pair["grown_small"] for pair in pairs)
    print(
        f"   big / small, {_PAIRS} interleaved pairs: median {statistics.median(ratios):.2f}"
        f"   from {ratios[0]:.2f} to {ratios[-1]:.2f}"
    )
    for name, postings in _BOOKS.items():
        print(f"   {postings:>9,} postings, {PER_SECOND} donations/s: {say(took[name])}")


def _rate(name: str, port: int, *, donations: int) -> float:
    with turned_to(name):
        _, seconds = sustain(port, make_waiting(donations))
    return donations / seconds


def _time(name: str, port: int) -> list[float]:
    with turned_to(name):
        return time_bookings(port, _url(name), _PACED)


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
