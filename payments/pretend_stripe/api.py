"""A request to ``/v1``: who asks, under which version and key, and what the answer is."""

import asyncio
import base64
import binascii
import sys
from dataclasses import dataclass, field

from payments.pretend_stripe import API_VERSION, idempotency
from payments.pretend_stripe.events import Cause
from payments.pretend_stripe.expand import expand
from payments.pretend_stripe.routes import find_route, read_params
from payments.pretend_stripe.web import HttpAnswer, HttpRequest
from payments.pretend_stripe.wire import ApiError, read_form, to_json
from payments.pretend_stripe.world import World

_LIVE_KEYS = ("sk_live_", "rk_live_")
_TEST_KEYS = ("sk_test_", "rk_test_")


@dataclass(kw_only=True)
class _Call:
    request: HttpRequest
    request_id: str
    key: str | None
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, status: int, body: bytes, *, cut: bool = False) -> HttpAnswer:
        return HttpAnswer(
            status=status,
            body=body,
            content_type="application/json",
            headers={"Request-Id": self.request_id, "Stripe-Version": API_VERSION} | self.headers,
            cut=cut,
        )


async def answer_api(world: World, request: HttpRequest) -> HttpAnswer:
    """Answer one request to the API, or fail as the knobs say."""
    call = _Call(
        request=request,
        request_id=world.ids.mint("req_", 14),
        key=request.headers.get("idempotency-key") if request.method == "POST" else None,
    )
    if call.key:
        call.headers["Idempotency-Key"] = call.key
    try:
        _check_caller(request)
        fails_with = world.knobs.fail_with
        fails = fails_with is not None and world.knobs.falls(world.knobs.fail_probability)
        if fails and fails_with != "cut":
            raise _failure(fails_with)
        answer = await _answer(world, call)
    except ApiError as error:
        return call.answer(error.status, to_json(error.body(call.request_id)))
    return call.answer(answer.status, answer.body, cut=fails)


async def _answer(world: World, call: _Call) -> idempotency.Answer:
    """The answer, from the key's first request when there was one."""
    if not call.key:
        await asyncio.sleep(world.knobs.latency_seconds)
        return _work(world, call)
    kept = idempotency.begin(
        world, call.key, asked=(call.request.path, call.request.body), request_id=call.request_id
    )
    if kept.answer is not None:
        call.headers |= {"Idempotent-Replayed": "true", "Original-Request": kept.request_id}
        return kept.answer
    try:
        await asyncio.sleep(world.knobs.latency_seconds)
        kept.answer = _work(world, call)
    except ApiError as error:
        if error.kept:
            body = to_json(error.body(call.request_id))
            kept.answer = idempotency.Answer(status=error.status, body=body)
        raise
    finally:
        if kept.answer is None:
            idempotency.forget(world, call.key, kept)
    return kept.answer


def _work(world: World, call: _Call) -> idempotency.Answer:
    """Do what is asked, in one step of the event loop: nothing else happens meanwhile."""
    request = call.request
    route, ids = find_route(request.method, request.path)
    params = read_params(route, read_form(request.body if request.body else request.query))
    world.cause = Cause(call.request_id, call.key)
    try:
        made = route.handler(world, ids, params)
        answer = expand(world, made, params.get("expand", []))
    finally:
        world.cause = Cause()
    return idempotency.Answer(status=200, body=to_json(answer))


def _check_caller(request: HttpRequest) -> None:
    """Only test keys, and only the version that is spoken here.

    Raises:
        ApiError: 401, 400.
    """
    key = _api_key(request.headers.get("authorization", ""))
    if not key:
        raise ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization "
            "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if key.startswith(_LIVE_KEYS):
        sys.stderr.write(
            "\n*** A LIVE STRIPE KEY was sent to Pretend Stripe, and refused. No money moves here."
            " ***\n*** Check STRIPE_API_BASE and STRIPE_SECRET_KEY. ***\n"
        )
        sys.stderr.flush()
        raise ApiError(
            f"A LIVE key ({key[:8]}…) was sent to Pretend Stripe, where no money moves. Use a test "
            "key here, or Stripe's own address for the live key.",
            status=401,
        )
    if not key.startswith(_TEST_KEYS) or len(key) <= len("sk_test_"):
        raise ApiError(f"Invalid API Key provided: {key[:8]}…", status=401)
    version = request.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise ApiError(
            f"Invalid Stripe API version: {version}. Pretend Stripe speaks {API_VERSION} only."
        )


def _api_key(authorization: str) -> str:
    """The key of ``Bearer KEY``, or of ``Basic base64(KEY:)``."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode("ascii").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _failure(fails_with: str | None) -> ApiError:
    if fails_with == "429":
        return ApiError(
            "Request rate limit exceeded. (Pretend Stripe was told to say so.)",
            status=429,
            code="rate_limit",
        )
    return ApiError(
        "An unknown error occurred. (Pretend Stripe was told to say so.)",
        status=500,
        kind="api_error",
    )
