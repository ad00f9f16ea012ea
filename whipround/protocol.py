"""Uvicorn's HTTP/1.1, with a shorter way for streams.

An update for ten thousand viewers is ten thousand times the same chunk. Uvicorn's ``send`` would
make it anew for each, in a coroutine for each: that is half of what an update costs.
"""

import socket
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from appeals.live.route import LIVE_PREFIX, WRITE_EXTENSION

# For a page that does not read, the system would keep some 4 MB: more than a thousand readings, of
# which it needs the newest. Linux takes this number twice.
_UNREAD_BYTES: Final = 131_072


class SiteProtocol(HttpToolsProtocol):
    """Gives each request for a stream a ``write`` beside the server's ``send``."""

    def on_headers_complete(self) -> None:
        """The application is called after this, with what is put into the scope here."""
        super().on_headers_complete()
        if self.scope["path"].startswith(LIVE_PREFIX):
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD_BYTES)
            write = ChunkWriter(self.cycle).write
            self.scope["extensions"] = {WRITE_EXTENSION: {"write": write}}


class ChunkWriter:
    """Writes chunks of a response that uvicorn has begun."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def write(self, chunk: bytes) -> bool:
        """Write a whole chunk at once; False, with nothing written, when the client lags.

        One for whom nothing can be written any more does not lag.
        """
        cycle = self._cycle
        if cycle.disconnected or cycle.response_complete:
            return True
        if cycle.flow.write_paused:
            return False
        cycle.transport.write(chunk)
        return True
