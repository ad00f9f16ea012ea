"""The least that a broadcast costs in Python: one selector loop that writes one frame to all.

``python -m bench.floor HOW_MANY`` says its port, answers so many requests with the first line of
its input, and sends every further line to all of them. No HTTP is parsed, no slow client minded.
"""

import selectors
import socket
import sys
from typing import Final

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


def main() -> None:
    """Serve until the input ends."""
    how_many = int(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    first = _chunk(sys.stdin.buffer.readline())
    viewers: list[socket.socket] = []
    for _ in range(how_many):
        viewer, _ = listener.accept()
        viewer.recv(65536)
        viewer.send(_HEAD + first)
        viewer.settimeout(0)
        viewers.append(viewer)
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin.buffer, selectors.EVENT_READ)
    while True:
        selector.select()
        line = sys.stdin.buffer.readline()
        if not line:
            return
        chunk = _chunk(line)
        for viewer in viewers:
            viewer.send(chunk)


def _chunk(line: bytes) -> bytes:
    """A line as an HTTP chunk; ``|`` stands for the line breaks of the frame."""
    frame = line.rstrip(b"\n").replace(b"|", b"\n")
    return b"%x\r\n%b\r\n" % (len(frame), frame)


if __name__ == "__main__":
    main()
