"""The ASGI application: the API, the pay page, the portal, the controls and the index, by path."""

import asyncio
from contextlib import suppress

from payments.pretend_stripe.api import answer_api
from payments.pretend_stripe.control import answer_control
from payments.pretend_stripe.index_page import answer_index
from payments.pretend_stripe.pay_page import answer_pay_page
from payments.pretend_stripe.portal_page import answer_portal
from payments.pretend_stripe.templates import answer_stylesheet, plain
from payments.pretend_stripe.web import (
    BodyTooLargeError,
    HttpAnswer,
    HttpRequest,
    Receive,
    Scope,
    Send,
    read_request,
    send_answer,
)
from payments.pretend_stripe.world import World

_DOORS = (
    ("/v1/", answer_api),
    ("/c/pay/", answer_pay_page),
    ("/p/session/", answer_portal),
    ("/_pretend/", answer_control),
)
"""What answers under which path."""


class App:
    """Pretend Stripe as an ASGI application. It needs the lifespan protocol.

    Args:
        world: What it shows and changes.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's worth of ASGI messages."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                answer = await self._answer(await read_request(scope, receive))
            except BodyTooLargeError:
                answer = plain(413, "That is too much.")
            await send_answer(answer, send)

    async def _answer(self, request: HttpRequest) -> HttpAnswer:
        path = request.path
        for prefix, answer in _DOORS:
            if path.startswith(prefix):
                return await answer(self._world, request)
        if request.method == "GET" and path == "/":
            return answer_index(self._world)
        if request.method == "GET" and path == "/pretend.css":
            return answer_stylesheet()
        return plain(404, "There is nothing here.")

    async def _live(self, receive: Receive, send: Send) -> None:
        """Run the courier and the agenda from start-up to shut-down."""
        await receive()
        work = [
            asyncio.create_task(self._world.courier.run()),
            asyncio.create_task(self._world.agenda.run()),
        ]
        for task in work:
            task.add_done_callback(_complain)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in work:
            task.remove_done_callback(_complain)
            task.cancel()
        for task in work:
            with suppress(asyncio.CancelledError):
                await task
        await send({"type": "lifespan.shutdown.complete"})


def _complain(task: asyncio.Task[None]) -> None:
    """The courier or the agenda has ended by itself: a fault of the stand-in, said at once."""
    task.get_loop().call_exception_handler(
        {"message": "Pretend Stripe's own work has stopped", "exception": task.exception()}
    )
