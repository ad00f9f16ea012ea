"""The layer that reads each body whole, before a page's thread is taken."""

import asyncio
from collections.abc import Iterable

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
)

from whipround.bodies import WholeBodies

LIMIT = 100


def make_scope(method: str = "POST", headers: Iterable[tuple[bytes, bytes]] = ()) -> HTTPScope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": None,
        "server": None,
        "extensions": None,
    }


class Page:
    """Answers 200, and remembers what it was given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: dict[bytes, bytes] = {}

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        assert scope["type"] == "http"
        self.headers = dict(scope["headers"])
        event = await receive()
        assert event["type"] == "http.request"
        assert not event["more_body"]
        self.bodies.append(event["body"])
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def ask(
    page: Page,
    chunks: Iterable[bytes],
    *,
    scope: HTTPScope | None = None,
    is_half_sent: bool = False,
    hangs_up: bool = False,
    timeout_seconds: float = 5.0,
) -> list[ASGISendEvent]:
    """What is answered to a body that comes in chunks, and ends, or does not."""
    waiting = list(chunks)
    sent: list[ASGISendEvent] = []

    async def receive() -> ASGIReceiveEvent:
        if not waiting and hangs_up:
            return {"type": "http.disconnect"}
        if not waiting:
            await asyncio.Event().wait()
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting) or is_half_sent}

    async def send(event: ASGISendEvent) -> None:
        sent.append(event)

    layer = WholeBodies(page, max_bytes=LIMIT, timeout_seconds=timeout_seconds)
    asyncio.run(layer(scope or make_scope(), receive, send))
    return sent


def status_of(sent: list[ASGISendEvent]) -> int:
    assert sent[0]["type"] == "http.response.start"
    return sent[0]["status"]


def test_a_body_in_pieces_reaches_the_page_whole_and_with_its_length() -> None:
    page = Page()
    chunked = make_scope(headers=[(b"transfer-encoding", b"chunked")])

    assert status_of(ask(page, [b"amount=", b"25"], scope=chunked)) == 200

    assert page.bodies == [b"amount=25"]
    assert page.headers == {b"content-length": b"9"}


def test_a_request_without_a_body_is_told_no_length() -> None:
    page = Page()

    assert status_of(ask(page, [b""], scope=make_scope("GET"))) == 200

    assert page.bodies == [b""]
    assert page.headers == {}


def test_a_half_sent_body_is_refused_in_time_and_never_takes_a_page() -> None:
    page = Page()

    sent = ask(page, [b"amount="], is_half_sent=True, timeout_seconds=0.05)

    assert status_of(sent) == 408
    assert (b"connection", b"close") in sent[0]["headers"]  # type: ignore[typeddict-item]
    assert page.bodies == []


def test_the_largest_body_is_taken_and_one_byte_more_is_not() -> None:
    page = Page()

    assert status_of(ask(page, [b"x" * LIMIT])) == 200
    assert status_of(ask(page, [b"x" * LIMIT, b"x"])) == 413

    assert page.bodies == [b"x" * LIMIT]


def test_an_endless_body_is_refused_without_being_kept() -> None:
    page = Page()

    sent = ask(page, [b"x" * LIMIT] * 1000, is_half_sent=True)

    assert status_of(sent) == 413
    assert page.bodies == []


def test_a_client_that_hangs_up_is_not_answered() -> None:
    page = Page()

    assert ask(page, [b"amount="], is_half_sent=True, hangs_up=True) == []
    assert page.bodies == []


def test_headers_that_a_wsgi_server_would_confuse_are_dropped() -> None:
    page = Page()
    forged = make_scope(headers=[(b"x_forwarded_proto", b"https"), (b"x-other", b"1")])

    ask(page, [b""], scope=forged)

    assert b"x_forwarded_proto" not in page.headers
    assert page.headers[b"x-other"] == b"1"


def scope_of(path: str) -> HTTPScope:
    return {**make_scope(), "path": path}


def answered(sent: list[ASGISendEvent]) -> int:
    assert sent[0]["type"] == "http.response.start"
    return sent[0]["status"]


def test_larger_bodies_are_taken_where_files_are_posted_and_nowhere_else() -> None:
    async def send_to(path: str, size: int) -> int:
        return answered(await post(site, path, [b"x" * size]))

    site = WholeBodies(Page(), max_bytes=LIMIT, files={"/files/": 10 * LIMIT})

    async def sizes() -> list[int]:
        return [
            await send_to("/files/", 10 * LIMIT),
            await send_to("/files/", 10 * LIMIT + 1),
            await send_to("/other/", LIMIT + 1),
            await send_to("/files/", 5 * LIMIT),  # its turn was given back
        ]

    assert asyncio.run(sizes()) == [200, 413, 413, 200]


def test_only_a_few_files_are_listened_to_at_once() -> None:
    async def crowd() -> list[int]:
        site = WholeBodies(Page(), max_bytes=LIMIT, files={"/files/": 10 * LIMIT})
        gate = asyncio.Event()
        slow = [asyncio.create_task(post(site, "/files/", [b"x"], gate=gate)) for _ in range(2)]
        await asyncio.sleep(0)
        third = await post(site, "/files/", [b"x"])
        other = await post(site, "/other/", [b"x"])
        gate.set()
        done = await asyncio.gather(*slow)
        later = await post(site, "/files/", [b"x"])
        return [answered(one) for one in (third, other, *done, later)]

    assert asyncio.run(crowd()) == [503, 200, 200, 200, 200]


async def post(
    site: WholeBodies, path: str, chunks: list[bytes], *, gate: asyncio.Event | None = None
) -> list[ASGISendEvent]:
    """What is answered to a body that begins to come once the gate is open."""
    waiting = list(chunks)
    sent: list[ASGISendEvent] = []

    async def receive() -> ASGIReceiveEvent:
        if gate is not None:
            await gate.wait()
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(event: ASGISendEvent) -> None:
        sent.append(event)

    await site(scope_of(path), receive, send)
    return sent
