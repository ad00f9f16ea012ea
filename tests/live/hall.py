"""A hub on a loop in a thread of its own, and the browsers that ask it for streams."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from asgiref.typing import ASGIReceiveEvent, ASGISendEvent

from appeals.live.hub import Hub
from appeals.live.route import serve_stream
from tests.live.test_bodies import make_scope
from tests.site import WAIT_SECONDS, database_url


class Browser:
    """A request for a stream, and what came of it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.events: list[tuple[str, Any]] = []
        self.is_ended = False
        self.task: Future[None] = Future()
        self._news = threading.Condition()
        self._gone = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(self, hub: Hub, path: str, *, method: str) -> None:
        """The server's side of the request."""
        self._loop = asyncio.get_running_loop()
        scope = make_scope(method)
        scope["path"] = path
        await serve_stream(hub, scope, self._receive, self._send)

    async def _receive(self) -> ASGIReceiveEvent:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: ASGISendEvent) -> None:
        with self._news:
            if event["type"] == "http.response.start":
                self.status = event["status"]
                self.headers = dict(event["headers"])
            elif event["type"] == "http.response.body":
                if self.headers[b"content-type"].startswith(b"text/event-stream"):
                    self._take(event["body"].decode())
                if not event["more_body"]:
                    self.is_ended = True
                    self._gone.set()
            self._news.notify_all()

    def _take(self, text: str) -> None:
        for block in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if fields:
                self.events.append((fields["event"], json.loads(fields["data"])))

    @property
    def readings(self) -> list[Any]:
        return [data for name, data in self.events if name == "reading"]

    @property
    def heartbeats(self) -> list[Any]:
        return [data for name, data in self.events if name == "heartbeat"]

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what the server sends to make it so."""
        with self._news:
            assert self._news.wait_for(condition, WAIT_SECONDS), self.events

    def until_raised(self, amount: str) -> None:
        self.until(lambda: self.readings and self.readings[-1]["raised"]["amount"] == amount)

    def until_titled(self, title: str) -> None:
        self.until(lambda: self.readings and self.readings[-1]["title"] == title)

    def leave(self) -> None:
        """Close the page."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._gone.set)
        self.task.result(WAIT_SECONDS)


class Hall:
    """Opens streams of a running hub."""

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self._hub = hub
        self._loop = loop

    def open(self, path: str, *, method: str = "GET") -> Browser:
        browser = Browser()
        asking = browser.ask(self._hub, path, method=method)
        browser.task = asyncio.run_coroutine_threadsafe(asking, self._loop)
        return browser

    def refused(self, path: str, *, method: str = "GET") -> Browser:
        """As ``open``, when the whole answer is waited for."""
        browser = self.open(path, method=method)
        browser.task.result(WAIT_SECONDS)
        assert browser.is_ended
        return browser

    @property
    def streams(self) -> int:
        return self._hub.streams

    def end_streams(self) -> None:
        async def end() -> None:
            self._hub.end_streams()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(WAIT_SECONDS)


@contextmanager
def running_hub(**options: Any) -> Iterator[Hall]:
    """A hub on the test's database."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    hub = Hub(database_url(), **options)

    async def start() -> None:
        hub.start()

    asyncio.run_coroutine_threadsafe(start(), loop).result(WAIT_SECONDS)
    try:
        yield Hall(hub, loop)
    finally:
        asyncio.run_coroutine_threadsafe(hub.stop(), loop).result(WAIT_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_SECONDS)
        loop.close()
