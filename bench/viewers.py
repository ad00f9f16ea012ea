"""Many viewers of one stream in a process of their own.

``python -m bench.viewers PORT PATH HOW_MANY`` says ``ready`` when each has its first reading. Then,
for every line on its input, it waits until each viewer has received that text, and says when the
middle one and the last one had, in seconds on the machine's monotonic clock.
"""

import json
import selectors
import socket
import sys
import time
from typing import Final

_READ_BYTES: Final = 262_144
_FIRST: Final = b"event: reading"


class Viewers:
    """Open streams, watched by one selector."""

    def __init__(self, *, port: int, path: str, how_many: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._tails: dict[socket.socket, bytes] = {}
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        for _ in range(how_many):
            viewer = socket.create_connection(("127.0.0.1", port))
            viewer.sendall(request)
            viewer.settimeout(0)
            self._selector.register(viewer, selectors.EVENT_READ)
            self._tails[viewer] = b""

    def wait_for(self, text: bytes) -> list[float]:
        """The moments at which each viewer had received the text."""
        moments: list[float] = []
        missing = set(self._tails)
        while missing:
            for key, _ in self._selector.select():
                viewer = key.fileobj
                assert isinstance(viewer, socket.socket)
                data = viewer.recv(_READ_BYTES)
                if not data:
                    raise EOFError("the server ended a stream")
                received = self._tails[viewer] + data
                self._tails[viewer] = received[-len(text) :]
                if viewer in missing and text in received:
                    missing.discard(viewer)
                    moments.append(time.monotonic())
        return moments


def main() -> None:
    """Open the streams, then answer each line."""
    port, path, how_many = sys.argv[1:]
    viewers = Viewers(port=int(port), path=path, how_many=int(how_many))
    viewers.wait_for(_FIRST)
    print("ready", flush=True)
    for line in sys.stdin.buffer:
        moments = viewers.wait_for(line.rstrip(b"\n"))
        print(json.dumps({"middle": moments[len(moments) // 2], "last": moments[-1]}), flush=True)


if __name__ == "__main__":
    main()
