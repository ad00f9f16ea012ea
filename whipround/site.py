"""The live streams of the hub, beside whatever answers everything else."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    LifespanScope,
    Scope,
)

from appeals.live.hub import Hub
from appeals.live.route import LIVE_PREFIX, serve_stream


class Site:
    """The ASGI application: streams from the hub, everything else from ``pages``."""

    def __init__(self, *, hub: Hub, pages: ASGI3Application) -> None:
        self._hub = hub
        self._pages = pages

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer one request, or live the server's life."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(LIVE_PREFIX):
            await serve_stream(self._hub, scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _live(
        self, _scope: LifespanScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        await receive()
        self._hub.start()
        restore_signals = self._end_streams_on_signal()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        restore_signals()
        await self._hub.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _end_streams_on_signal(self) -> Callable[[], None]:
        """End the streams as soon as the server is told to stop.

        The server waits for its connections before it ends the lifespan, and streams never end by
        themselves. Its own handlers are called as before.
        """
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        loop = asyncio.get_running_loop()
        formerly: dict[int, Any] = {}

        def handle(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._hub.end_streams)
            if callable(formerly[number]):
                formerly[number](number, frame)

        def restore() -> None:
            for number, handler in formerly.items():
                signal.signal(number, handler)

        for number in (signal.SIGTERM, signal.SIGINT):
            formerly[number] = signal.signal(number, handle)
        return restore
