"""Many viewers of one stream: a load client on raw epoll, in a process of its own.

``python -m bench.viewers PORT PATH`` takes orders as JSON, a line each, and answers each with a
line: see ``Viewers.obey``. It says what it cost itself, since it shares the machine with what it
measures. Linux only, as the figures are.
"""

import errno
import json
import os
import re
import resource
import select
import socket
import sys
import time
from collections import defaultdict, deque
from contextlib import suppress
from typing import Any, Final

from bench.receipts import Receipts

_READ_BYTES: Final = 65_536
_FRAME_ENDS: Final = b"\n\n\r\n"  # the frame's, and that of the chunk that it came in
_STREAM_ENDS: Final = b"0\r\n\r\n"
_MOST_KEPT_BYTES: Final = 1_048_576
_PORTS_OF_ONE_ADDRESS: Final = 14_000  # half of what a system gives, TIME_WAIT takes the rest
_ON_THEIR_WAY: Final = 1_500  # a listener's backlog is longer; what overflows it waits a second
_TRY_AGAIN_SECONDS: Final = 0.25
_IP_BIND_ADDRESS_NO_PORT: Final = 24  # Linux, ip(7): the port is chosen with the destination
_RETRY: Final = re.compile(rb"retry: (\d+)")


class Viewer:
    """One page's stream. ``kept`` is what came of a frame that is not whole yet."""

    __slots__ = ("connections", "due_at", "has_read", "is_stalled", "kept", "number", "sequence")

    def __init__(self, number: int, *, is_stalled: bool) -> None:
        self.number = number
        self.is_stalled = is_stalled
        self.kept = b""
        self.sequence = 0
        self.connections = 0
        self.has_read = False  # since it connected last
        self.due_at = 0.0


class Viewers:
    """All viewers of this process, and what each has received."""

    def __init__(self, *, port: int, path: str) -> None:
        self._address = ("127.0.0.1", port)
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        ).encode()
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._open: dict[int, Viewer] = {}
        self._viewers: list[Viewer] = []
        self._to_connect: deque[Viewer] = deque()
        self._coming: set[int] = set()  # on their way to a first byte
        self._later: list[Viewer] = []  # the server ended the stream: to come back as told
        self._retry_seconds: defaultdict[int, float] = defaultdict(lambda: 3.0)
        self._refused = 0
        self._receipts = Receipts()
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._epoll.register(sys.stdin.fileno(), select.EPOLLIN)

    # --- orders -----------------------------------------------------------------------------

    def serve(self) -> None:
        """Obey until the input ends."""
        for line in iter(self._next_order, b""):
            order = json.loads(line)
            cpu, begun = time.process_time(), time.monotonic()
            answer = self.obey(**order)
            answer |= {
                "seconds": time.monotonic() - begun,
                "cpu_seconds": time.process_time() - cpu,
            }
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    def obey(self, *, order: str, **terms: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Do what is ordered; its answer when it is done.

        ``open`` (``viewers``, ``stalled``): connect so many, until each has a reading.
        ``reconnect``: cut all and connect anew at once, until each has a reading again.
        ``forget``: count receipts from here on.
        ``until`` (``sequence``, ``timeout_seconds``): go on until each has that reading, or one
        that came later; ``missing`` says how many do not.
        ``tell`` (``announced``: sequence and moment of each update): what was received of them.
        ``read``: let the stalled ones read.
        """
        match order:
            case "open":
                self._add(terms["viewers"], stalled=terms.get("stalled", 0))
                self._until_all_have_read(terms.get("timeout_seconds", 120))
                return {"files": _soft_limit(), "refused": self._refused}
            case "reconnect":
                self._cut_all()
                self._until_all_have_read(terms.get("timeout_seconds", 120))
                return {"refused": self._refused}
            case "forget":
                self._receipts.forget()
                return {}
            case "until":
                return {"missing": self._until(terms["sequence"], terms["timeout_seconds"])}
            case "tell":
                connections = [viewer.connections for viewer in self._viewers]
                return self._receipts.tell(terms["announced"]) | {
                    "connections": sum(connections),
                    "most_connections": max(connections, default=0),
                    "refused": self._refused,
                }
            case "read":
                self._let_stalled_read()
                return {}
        raise ValueError(order)

    def _add(self, viewers: int, *, stalled: int) -> None:
        for number in range(len(self._viewers), len(self._viewers) + viewers):
            viewer = Viewer(number, is_stalled=number < stalled)
            self._viewers.append(viewer)
            self._to_connect.append(viewer)

    def _cut_all(self) -> None:
        for number in list(self._open):
            self._hang_up(number)
        self._to_connect.extend(self._viewers)

    def _until_all_have_read(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not all(viewer.has_read or viewer.is_stalled for viewer in self._viewers) or (
            self._coming or self._to_connect
        ):
            if time.monotonic() > deadline:
                lost = sum(not viewer.has_read for viewer in self._viewers)
                raise TimeoutError(f"{lost} viewers had no reading in {timeout_seconds} seconds")
            self._step()

    def _until(self, sequence: int, timeout_seconds: float) -> int:
        deadline = time.monotonic() + timeout_seconds
        awaited = [viewer for viewer in self._viewers if not viewer.is_stalled]
        while missing := [viewer for viewer in awaited if viewer.sequence < sequence]:
            if time.monotonic() > deadline:
                break
            awaited = missing
            rest = time.monotonic() + 0.02
            while time.monotonic() < rest:
                self._step()
        return len(missing)

    def _let_stalled_read(self) -> None:
        for number, viewer in self._open.items():
            if viewer.is_stalled:
                viewer.is_stalled = False
                self._epoll.modify(number, select.EPOLLIN)

    # --- the loop ---------------------------------------------------------------------------

    def _next_order(self) -> bytes:
        """Receive until an order comes."""
        while not self._step():
            pass
        return sys.stdin.buffer.readline()

    def _step(self) -> bool:
        """Connect, receive what is there; True when an order waits."""
        self._connect_some()
        has_order = False
        for number, event in self._epoll.poll(0.05, 4096):
            viewer = self._open.get(number)
            if viewer is None:
                has_order |= number == sys.stdin.fileno()
            elif event & select.EPOLLOUT:
                self._ask(number, viewer)
            else:
                self._receive(number, viewer)
        return has_order

    def _receive(self, number: int, viewer: Viewer) -> None:
        try:
            length = self._sockets[number].recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            length = 0
        now = time.monotonic()
        data = self._buffer[:length].tobytes()
        if number in self._coming and not self._is_welcome(number, viewer, data, now):
            return
        if viewer.kept:
            data = viewer.kept + data
        if not data.endswith(_FRAME_ENDS):
            if not length or data.endswith(_STREAM_ENDS):
                self._come_back(number, viewer, now, after=self._retry_seconds[viewer.number])
            else:
                viewer.kept = data[-_MOST_KEPT_BYTES:]
            return
        viewer.kept = b""
        if not viewer.has_read:
            viewer.has_read = True
            if found := _RETRY.search(data):
                self._retry_seconds[viewer.number] = int(found[1]) / 1000
        viewer.sequence = self._receipts.take(data, viewer.sequence, now)

    def _is_welcome(self, number: int, viewer: Viewer, data: bytes, now: float) -> bool:
        """The first bytes: False when no stream begins with them, and it is tried again later."""
        if not data.startswith(b"HTTP/1.1 200 "):
            self._refuse(number, viewer, now)
            return False
        self._coming.discard(number)
        viewer.connections += 1
        if viewer.is_stalled:
            self._epoll.modify(number, 0)
        return True

    # --- coming and going -------------------------------------------------------------------

    def _connect_some(self) -> None:
        if self._later:
            now = time.monotonic()
            self._to_connect.extend(viewer for viewer in self._later if viewer.due_at <= now)
            self._later = [viewer for viewer in self._later if viewer.due_at > now]
        while self._to_connect and len(self._coming) < _ON_THEIR_WAY:
            self._connect(self._to_connect.popleft())

    def _connect(self, viewer: Viewer) -> None:
        new = socket.socket()
        new.settimeout(0)
        new.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        new.bind((f"127.0.0.{2 + viewer.number // _PORTS_OF_ONE_ADDRESS}", 0))
        failed = new.connect_ex(self._address)
        viewer.has_read = False
        number = new.fileno()
        self._sockets[number] = new
        self._open[number] = viewer
        self._coming.add(number)
        self._epoll.register(number, select.EPOLLOUT)
        if failed not in {0, errno.EINPROGRESS}:
            self._refuse(number, viewer, time.monotonic())

    def _ask(self, number: int, viewer: Viewer) -> None:
        try:
            self._sockets[number].send(self._request)
        except OSError:
            self._refuse(number, viewer, time.monotonic())
            return
        self._epoll.modify(number, select.EPOLLIN)

    def _refuse(self, number: int, viewer: Viewer, now: float) -> None:
        """No stream came of it."""
        self._refused += 1
        self._come_back(number, viewer, now, after=_TRY_AGAIN_SECONDS)

    def _come_back(self, number: int, viewer: Viewer, now: float, *, after: float) -> None:
        """Connect again, so many seconds later: after a stream's end, when the server had said."""
        self._hang_up(number)
        viewer.due_at = now + after
        self._later.append(viewer)

    def _hang_up(self, number: int) -> None:
        viewer = self._open.pop(number)
        viewer.kept = b""
        viewer.has_read = False
        self._coming.discard(number)
        with suppress(OSError):
            self._epoll.unregister(number)
        self._sockets.pop(number).close()


def _soft_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def main() -> None:
    """Take all the open files that may be had, then obey."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.set_blocking(sys.stdin.fileno(), True)
    port, path = sys.argv[1:]
    Viewers(port=int(port), path=path).serve()


if __name__ == "__main__":
    main()
