"""Uvicorn as we run it: one process, ended within a second also with streams open."""

import asyncio
import errno
import math
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from asgiref.typing import ASGI3Application
from uvicorn import Config, Server

from appeals.live.route import LIVE_PREFIX
from whipround.protocol import SiteProtocol

_GRACE_SECONDS: Final = 8  # for a page that is still being made, or read by a slow phone
FILES_FOR_PAGES: Final = 256
_BACKLOG: Final = 2048  # a hall that comes back at once


class AddressError(OSError):
    """The address cannot be listened on; the message says why."""


def listen(*, host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        AddressError: The port is taken or not allowed, or the host is not ours.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "something else listens there; stop it, or choose another with --port"
        elif error.errno == errno.EACCES:
            reason = "only the system's administrator may; choose one above 1023 with --port"
        else:
            reason = error.strerror or str(error)
        raise AddressError(f"Cannot listen on {host}, port {port}: {reason}.") from error
    return listener


def read_file_limit() -> float:
    """The most files that a process may open here; infinite where there is no limit."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return math.inf
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if hard == resource.RLIM_INFINITY else hard


def room_for_streams(most: int) -> int:
    """How many streams this process may hold open, after asking the system for all it gives.

    Every stream is a socket, and so an open file; some files are left for the pages.

    Args:
        most: As many as are wanted, however many the system would give.
    """
    try:
        import resource  # noqa: PLC0415 - Windows has none, nor this limit
    except ImportError:
        return most
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + FILES_FOR_PAGES
    allowed = int(min(wanted, read_file_limit()))
    with suppress(ValueError, OSError):  # macOS may allow less than it says
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(0, min(wanted, soft) - FILES_FOR_PAGES)


class SiteServer(Server):
    """Serves the site until SIGINT or SIGTERM.

    Args:
        application: ``whipround.asgi.application``, or one like it.
        on_started: Called once visitors can come.
    """

    def __init__(self, application: ASGI3Application, *, on_started: Callable[[], None]) -> None:
        super().__init__(
            Config(
                application,
                lifespan="on",
                http=SiteProtocol,
                ws="none",
                backlog=_BACKLOG,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and tell."""
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, and cuts off streams whose clients do not read.

        All others were ended when the signal came; these would keep us waiting for ever.
        """
        cutting = asyncio.create_task(self._cut_off_streams())
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    async def _cut_off_streams(self) -> None:
        await asyncio.sleep(0.2)
        for connection in tuple(self.server_state.connections):
            scope: Any = getattr(connection, "scope", None)
            transport: Any = getattr(connection, "transport", None)
            if scope and transport and scope["path"].startswith(LIVE_PREFIX):
                transport.abort()
