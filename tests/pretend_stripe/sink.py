"""A webhook endpoint that remembers what came, and answers as it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Arrival:
    """One POST: its signature header, its raw body, and when it came (monotonic seconds)."""

    signature: str
    body: str
    at: float

    @property
    def event(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass
class Sink:
    """What came so far; ``statuses`` are answered first, one each, then 200."""

    url: str
    arrivals: list[Arrival] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    slow_seconds: float = 0.0

    def types(self) -> list[str]:
        return [arrival.event["type"] for arrival in self.arrivals]

    def of_type(self, event_type: str) -> list[dict[str, Any]]:
        return [one.event for one in self.arrivals if one.event["type"] == event_type]

    def clear(self) -> None:
        self.arrivals.clear()
        self.statuses.clear()
        self.slow_seconds = 0.0


@contextmanager
def running_sink() -> Iterator[Sink]:
    """An endpoint on a free loopback port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            came = Arrival(self.headers["Stripe-Signature"], body, time.monotonic())
            sink.arrivals.append(came)
            status = sink.statuses.pop(0) if sink.statuses else 200
            time.sleep(sink.slow_seconds)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A sender that has gone is no matter."""

    with Server(("127.0.0.1", 0), Handler) as server:
        sink = Sink(f"http://127.0.0.1:{server.server_port}/hook")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
