"""Reads each request's body whole, on the event loop, before a page's thread is taken.

Otherwise a few half-sent requests would each hold one of the few threads, and freeze every page.
"""

import asyncio
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
_DISCARDED_BODIES: Final = 8


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
    """

    def __init__(
        self, app: ASGI3Application, *, max_bytes: int = 1_048_576, timeout_seconds: float = 15.0
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await self._read_body(receive)
        except TimeoutError:
            text = "The request did not arrive in time."
            await send_plain(send, status=408, text=text, headers=[_CLOSE])
        except BodyTooLargeError:
            text = f"The request is larger than {self._max_bytes} bytes."
            await send_plain(send, status=413, text=text, headers=[_CLOSE])
        except ClientGoneError:
            return
        else:
            await self._app(_with_length(scope, len(body)), _Replay(body, receive), send)

    async def _read_body(self, receive: ASGIReceiveCallable) -> bytes:
        body = bytearray()
        received = 0
        more_body = True
        while more_body and received <= _DISCARDED_BODIES * self._max_bytes:
            event = await receive()
            if event["type"] != "http.request":
                raise ClientGoneError
            received += len(event["body"])
            if received <= self._max_bytes:
                body += event["body"]
            more_body = event["more_body"]
        if received > self._max_bytes:
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
