"""Reads each request's body whole, on the event loop, before a page's thread is taken.

Otherwise a few half-sent requests would each hold one of the few threads, and freeze every page.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

from appeals.live.plain import send_plain

_CLOSE: Final = (b"connection", b"close")
# A client that sends too much is listened to for a while, so that it reads our answer and not a
# broken connection.
_DISCARDED_BODIES: Final = 7
_FILES_AT_ONCE: Final = 2
_FILE_TIMEOUT_SECONDS: Final = 120.0


class BodyTooLargeError(ValueError):
    """More bytes than are taken."""


class ClientGoneError(ConnectionError):
    """The client hung up before its request was whole."""


class WholeBodies:
    """Hands ``app`` only requests that have arrived whole.

    Answers 413 for a body that is too large and 408 for one that takes too long, and closes the
    connection after either. Headers with underscores, which a WSGI server cannot tell from those
    with hyphens, are dropped, so that nobody can forge what a proxy sets.

    Args:
        app: What answers whole requests.
        max_bytes: The largest body that is taken.
        timeout_seconds: The longest time from the end of the headers to the end of the body.
        files: Paths to which files are posted, with the largest body that each takes. So few of
            these are listened to at once that memory stays bounded; others are told to wait.
    """

    def __init__(
        self,
        app: ASGI3Application,
        *,
        max_bytes: int = 1_048_576,
        timeout_seconds: float = 15.0,
        files: Mapping[str, int] | None = None,
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds
        self._files = files or {}
        self._file_turns = asyncio.Semaphore(_FILES_AT_ONCE)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] != "POST" or scope["path"] not in self._files:
            await self._answer(scope, receive, send, self._max_bytes, self._timeout_seconds)
        elif self._file_turns.locked():
            text = "Other files are being sent. Wait a minute, and send yours again."
            await send_plain(send, status=503, text=text, headers=[_CLOSE, (b"retry-after", b"60")])
        else:
            async with self._file_turns:
                most = self._files[scope["path"]]
                await self._answer(scope, receive, send, most, _FILE_TIMEOUT_SECONDS)

    async def _answer(
        self,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        max_bytes: int,
        timeout_seconds: float,
    ) -> None:
        try:
            async with asyncio.timeout(timeout_seconds):
                body = await self._read_body(receive, max_bytes)
        except TimeoutError:
            text = "The request did not arrive in time."
            await send_plain(send, status=408, text=text, headers=[_CLOSE])
        except BodyTooLargeError:
            text = f"The request is larger than {max_bytes} bytes."
            await send_plain(send, status=413, text=text, headers=[_CLOSE])
        except ClientGoneError:
            return
        else:
            await self._app(_with_length(scope, len(body)), _Replay(body, receive), send)

    async def _read_body(self, receive: ASGIReceiveCallable, max_bytes: int) -> bytes:
        body = bytearray()
        received = 0
        more_body = True
        while more_body and received <= max_bytes + _DISCARDED_BODIES * self._max_bytes:
            event = await receive()
            if event["type"] != "http.request":
                raise ClientGoneError
            received += len(event["body"])
            if received <= max_bytes:
                body += event["body"]
            more_body = event["more_body"]
        if received > max_bytes:
            raise BodyTooLargeError
        return bytes(body)


class _Replay:
    """A ``receive`` that gives the whole body once, and then what the client does next."""

    def __init__(self, body: bytes, receive: ASGIReceiveCallable) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> ASGIReceiveEvent:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _with_length(scope: HTTPScope, length: int) -> HTTPScope:
    """The scope with the body's true length, also when it came in chunks and none was told."""
    dropped = (b"content-length", b"transfer-encoding")
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in dropped and b"_" not in name
    ]
    if length or scope["method"] in {"POST", "PUT", "PATCH"}:
        headers.append((b"content-length", str(length).encode()))
    return {**scope, "headers": headers}
