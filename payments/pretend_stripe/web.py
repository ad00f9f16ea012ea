"""HTTP as the rest of the stand-in sees it, over ASGI."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LARGEST_BODY = 1_000_000


class BodyTooLargeError(Exception):
    """More than a megabyte was sent; nothing of it was looked at."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request with its whole body. Header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """An answer. ``cut`` ends the connection in the middle of it."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


async def read_request(scope: Scope, receive: Receive) -> HttpRequest:
    """Read a request.

    Raises:
        BodyTooLargeError: The body is larger than a megabyte.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > _LARGEST_BODY:
            raise BodyTooLargeError
        parts.append(part)
        if not message.get("more_body", False):
            break
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        body=b"".join(parts),
    )


async def send_answer(answer: HttpAnswer, send: Send) -> None:
    """Send an answer, or half of it when it is to be cut."""
    headers = {
        "content-type": answer.content_type,
        "content-length": str(len(answer.body)),
        "cache-control": "no-store",
    } | {name.lower(): value for name, value in answer.headers.items()}
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
            ],
        }
    )
    body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": answer.cut})
