"""Stripe's door: verify, keep, answer. Acting on events is a worker's business.

Three ways in, one answer: a Django view; and for the same address a WSGI and an ASGI application
that go around the middleware, of which a signed message from a machine needs nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from appeals.live.plain import send_plain
from payments import inbox
from payments.alarms.refusals import record_refusal
from payments.stripe_gateway.events import NotFromOurStripeError, verify_event

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

PATH: Final = "/stripe/webhook/"
MOST_BYTES: Final = 256 * 1024
"""Stripe's events are far smaller; a stranger's flood stops here."""

REFUSALS_KEPT_SECONDS: Final = 24 * 60 * 60
_LOGGED_EVERY_SECONDS: Final = 60


class Answer(NamedTuple):
    """What Stripe is told; the text is for a person who reads Stripe's log of deliveries."""

    status: HTTPStatus
    text: str


_SIGNED_REASONS: Final = frozenset({"mode", "account"})
"""Signed with our secret, and yet not ours: somebody must look at the endpoint in Stripe."""

_WRONG_METHOD: Final = Answer(HTTPStatus.METHOD_NOT_ALLOWED, "Stripe posts here")


@csrf_exempt  # Stripe signs the body instead
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 kept (or here already) · 400 not from our Stripe · 413 too large · 405.

    Anything else is a 500, and Stripe tries again for up to three days.
    """
    answer = _answer(
        request.method or "",
        request.META.get("CONTENT_LENGTH", ""),
        request.META.get("HTTP_STRIPE_SIGNATURE", ""),
        request.read,
    )
    response = HttpResponse(answer.text, status=answer.status, content_type="text/plain")
    if answer is _WRONG_METHOD:
        response["Allow"] = "POST"
    return response


def webhook_application(
    environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """The same for a WSGI server, without Django's middleware."""
    answer = _answer(
        environ["REQUEST_METHOD"],
        environ.get("CONTENT_LENGTH", ""),
        environ.get("HTTP_STRIPE_SIGNATURE", ""),
        environ["wsgi.input"].read,
    )
    body = answer.text.encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    if answer is _WRONG_METHOD:
        headers.append(("Allow", "POST"))
    start_response(f"{answer.status.value} {answer.status.phrase}", headers)
    return [body]


class WebhookDoor:
    """The same for an ASGI server, in threads of its own: a WSGI bridge costs as much as we do.

    Stands behind what reads a body whole. Each thread keeps one database connection.
    """

    def __init__(self, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="webhook")

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer one request."""
        event = await receive()
        body = event["body"] if event["type"] == "http.request" else b""
        headers = dict(scope["headers"])
        answer = await asyncio.get_running_loop().run_in_executor(
            self._threads,
            _answer,
            scope["method"],
            str(len(body)),
            headers.get(b"stripe-signature", b"").decode("latin-1"),
            lambda length: body[:length],
        )
        allowed = [(b"allow", b"POST")] if answer is _WRONG_METHOD else []
        await send_plain(send, status=answer.status, text=answer.text, headers=allowed)


def _answer(method: str, length: str, signature: str, read: Callable[[int], bytes]) -> Answer:
    if method != "POST":
        return _WRONG_METHOD
    stated = int(length) if length.isdecimal() else 0
    body = read(min(stated, MOST_BYTES + 1)) if stated <= MOST_BYTES else b""
    if stated > MOST_BYTES:
        _count_refusal("size")
        return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large for an event")
    try:
        event = verify_event(body, signature)
    except NotFromOurStripeError as error:
        _count_refusal(error.reason)
        return Answer(HTTPStatus.BAD_REQUEST, f"not from our Stripe account: {error.reason}")
    inbox.keep(event)
    return Answer(HTTPStatus.OK, "kept")


def _count_refusal(reason: str) -> None:
    """For the operator: a counter a day, and a line in the log at most every minute a reason."""
    key = refusals_key(reason)
    cache.add(key, 0, REFUSALS_KEPT_SECONDS)
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two
        count = 1
    if reason in _SIGNED_REASONS:
        record_refusal(reason)
    if cache.add(f"{key}:logged", value=True, timeout=_LOGGED_EVERY_SECONDS):
        logger.warning("webhook refused (%s); %d times within a day", reason, count)


def refusals_key(reason: str) -> str:
    """Where the cache counts refusals for a reason: size, signature, malformed, mode, account."""
    return f"stripe-webhook-refused:{reason}"
