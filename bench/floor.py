"""The least that a broadcast costs in Python: one epoll loop that writes one frame to all.

``python -m bench.floor`` says its port, answers every request with the newest line of its input
(``|`` stands for a line break), and sends every further line to all viewers. No HTTP is parsed, no
slow client minded, nothing is read from anywhere: what remains is the kernel's work, and a loop's.
"""

import os
import resource
import select
import socket
import sys
from typing import Final

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_RETRY: Final = b"retry: 2000\n"


def main() -> None:
    """Serve until the input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.settimeout(0)
    print(listener.getsockname()[1], flush=True)
    epoll = select.epoll()
    epoll.register(sys.stdin.fileno(), select.EPOLLIN)
    epoll.register(listener.fileno(), select.EPOLLIN)
    visitors: dict[int, socket.socket] = {}
    viewers: list[socket.socket] = []
    frame, begun = b"", b""
    while True:
        for number, _ in epoll.poll(-1, 4096):
            if number == sys.stdin.fileno():
                given = os.read(number, 1_048_576)
                if not given:
                    return
                *lines, begun = (begun + given).split(b"\n")
                for line in lines:
                    frame = line.replace(b"|", b"\n")
                    chunk = _chunk(frame)
                    for viewer in viewers:
                        viewer.sendall(chunk)
            elif number == listener.fileno():
                _accept(listener, epoll, visitors)
            else:
                viewer = visitors.pop(number)
                epoll.unregister(number)
                viewer.recv(65_536)
                viewer.sendall(_HEAD + _chunk(_RETRY + frame))
                viewers.append(viewer)


def _accept(
    listener: socket.socket, epoll: select.epoll, visitors: dict[int, socket.socket]
) -> None:
    for _ in range(256):
        try:
            visitor, _ = listener.accept()
        except BlockingIOError:
            return
        visitor.settimeout(None)
        visitors[visitor.fileno()] = visitor
        epoll.register(visitor.fileno(), select.EPOLLIN)


def _chunk(frame: bytes) -> bytes:
    """A frame as an HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(frame), frame)


if __name__ == "__main__":
    main()
