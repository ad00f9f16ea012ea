"""Half-sent requests: a page's speed while many clients send half a form and wait.

The reference is the same page with nobody in the way, just before.
"""

import socket
import statistics
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Final

from bench.site import Site, running_site

HALF_SENT: Final = 50
REQUESTS: Final = 200
_HALF: Final = (
    b"POST /stripe/webhook/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


def run() -> None:
    """Print the page's median and slowest answer without and with half-sent requests."""
    with running_site() as site, ExitStack() as stack:
        _time_page(site)  # warms the server up
        before = _time_page(site)
        for _ in range(HALF_SENT):
            half = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            half.sendall(_HALF)
        during = _time_page(site)
    print(f"   readiness page, ms          p50 {before[0]:6.2f}   slowest {before[1]:6.2f}   alone")
    print(
        f"   the same                    p50 {during[0]:6.2f}   slowest {during[1]:6.2f}"
        f"   beside {HALF_SENT} half-sent requests"
    )


def _time_page(site: Site) -> tuple[float, float]:
    """Median and slowest answer of a page that queries the database, in milliseconds."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
    took: list[float] = []
    for _ in range(REQUESTS):
        started_at = time.perf_counter()
        connection.request("GET", "/readyz")
        connection.getresponse().read()
        took.append((time.perf_counter() - started_at) * 1000)
    connection.close()
    return statistics.median(took), max(took)
