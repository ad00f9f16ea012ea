"""Webhooks accepted (verified, kept, answered 200), beside the least that could be done."""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Final
from uuid import uuid4

from bench.stripe_traffic import Message, donation_messages
from bench.wire import post_all
from whipround.embedded import PROJECT_ROOT

_CONNECTIONS: Final = 8
_ROUNDS: Final = 5
_EVENTS: Final = 1500


def run() -> None:
    """Five interleaved rounds of each on one database and the same server stack."""
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    with _server("ours") as ours, _server("bare") as bare:
        ports = {"ours": ours, "bare": bare}
        for port in ports.values():
            post_all(port, _messages(200), connections=_CONNECTIONS)  # warm
        for _ in range(_ROUNDS):
            for name, port in ports.items():
                seconds = post_all(port, _messages(_EVENTS), connections=_CONNECTIONS)
                rates[name].append(_EVENTS / seconds)
    ratios = [ours / bare for ours, bare in zip(rates["ours"], rates["bare"], strict=True)]
    print(f"   webhooks accepted, {_CONNECTIONS} connections: {_spread(rates['ours'])} /s")
    print(f"   a bare verify-and-insert view, same server:    {_spread(rates['bare'])} /s")
    print(
        f"   ratio {statistics.median(ratios):.0%} ({min(ratios):.0%} to {max(ratios):.0%}); "
        "to reach: 60%, and 1,000 /s"
    )


def _messages(count: int) -> list[Message]:
    some = (donation_messages(uuid4(), amount_minor=2500) for _ in range(count // 3 + 1))
    return list(chain.from_iterable(some))[:count]


def _spread(rates: list[float]) -> str:
    return f"{statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f})"


@contextmanager
def _server(which: str) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.endpoint_server", which],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(timeout=15)
