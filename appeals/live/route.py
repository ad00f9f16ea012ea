"""``/live/appeals/<slug>``: the stream of an appeal's readings, mounted before Django.

``/live/appeals/<slug>/hall`` is that of what its hall sees.
"""

import random
import re
from typing import Final

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from appeals.live.hub import Hub, NoSeatError, UnknownAppealError
from appeals.live.plain import send_plain
from appeals.live.readings import Kind
from appeals.live.topic import Viewer

LIVE_PREFIX: Final = "/live/"

_PATH: Final = re.compile(r"/live/appeals/(?P<slug>[-a-zA-Z0-9_]{1,50})(?P<hall>/hall)?")
_OPEN_TO_ALL: Final = (b"access-control-allow-origin", b"*")
_STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # No proxy may hold the stream back, or compress it chunk by chunk.
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    _OPEN_TO_ALL,
]


async def serve_stream(
    hub: Hub, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Answer with the current reading and all that follow, until either side ends it.

    404 for an appeal that is unknown or a draft, 405 for all but GET and HEAD, 503 with
    ``Retry-After`` when no further stream can be opened: the client then polls the JSON API.
    """
    if scope["method"] not in {"GET", "HEAD"}:
        await send_plain(
            send,
            status=405,
            text="Only GET and HEAD are answered here.",
            headers=[(b"allow", b"GET, HEAD"), _OPEN_TO_ALL],
        )
        return
    found = _PATH.fullmatch(scope["path"])
    if found is None:
        await _refuse_unknown(send)
        return
    try:
        async with hub.seat(found["slug"], Kind.HALL if found["hall"] else Kind.PUBLIC) as topic:
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": _STREAM_HEADERS,
                    "trailers": False,
                }
            )
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            viewer = Viewer(topic, send, cursor=topic.version)
            await send(topic.first_event())
            hub.welcome(viewer)
            try:
                while (await receive())["type"] != "http.disconnect":
                    pass
            finally:
                topic.viewers.discard(viewer)
    except UnknownAppealError:
        await _refuse_unknown(send)
    except NoSeatError:
        # Jittered, so that the hall does not come back in one second.
        retry_after = str(random.randint(10, 30)).encode()  # noqa: S311 - no secret
        await send_plain(
            send,
            status=503,
            text="No live stream is free. The figures are at /api/v1/appeals/<slug>/ too.",
            headers=[(b"retry-after", retry_after), _OPEN_TO_ALL],
        )


async def _refuse_unknown(send: ASGISendCallable) -> None:
    await send_plain(send, status=404, text="There is no such appeal.", headers=[_OPEN_TO_ALL])
