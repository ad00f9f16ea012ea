"""The endpoint: what it keeps, and everything that it refuses without a trace."""

import asyncio
import io
import json
import time
from collections.abc import Iterable
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client, override_settings

from payments.inbox import DOORBELL
from payments.models import WebhookEvent
from payments.stripe_gateway import API_VERSION
from payments.views.webhook import (
    MOST_BYTES,
    WebhookDoor,
    refusals_key,
    webhook_application,
)
from tests.factories import make_card_donation
from tests.stripe_events import (
    WEBHOOK,
    checkout_event,
    deliver,
    digest,
    intent_event,
    make_event,
    metadata,
    post,
    sign,
)
from whipround.bodies import WholeBodies

pytestmark = pytest.mark.django_db


def a_thing() -> dict[str, Any]:
    return {"id": "cs_1", "object": "checkout.session", "payment_intent": "pi_1", "metadata": {}}


def an_event(**changes: Any) -> dict[str, Any]:
    return make_event("checkout.session.completed", a_thing(), event_id="evt_1") | changes


def refusals(reason: str) -> int:
    return int(cache.get(refusals_key(reason), 0))


def test_a_signed_event_is_kept_with_what_it_is_about(client: Client) -> None:
    assert deliver(client, an_event()) == 200

    event = WebhookEvent.objects.get()
    assert (event.stripe_id, event.type) == ("evt_1", "checkout.session.completed")
    assert (event.object_id, event.payment_intent_id) == ("cs_1", "pi_1")
    assert (event.api_version, event.livemode) == (API_VERSION, False)
    assert json.loads(event.body) == an_event()
    assert (event.processed_at, event.attempts, event.put_aside_at) == (None, 0, None)


def test_an_event_kept_already_is_answered_200_and_kept_once(client: Client) -> None:
    assert [deliver(client, an_event()) for _ in range(3)] == [200, 200, 200]
    assert WebhookEvent.objects.count() == 1


def test_keeping_rings_the_doorbell(client: Client) -> None:
    DOORBELL.clear()
    deliver(client, an_event())
    assert DOORBELL.is_set()
    DOORBELL.clear()


def test_nothing_is_booked_and_nothing_read_within_the_request(client: Client) -> None:
    event = checkout_event(make_card_donation())
    with mock.patch("payments.booking.book_facts", side_effect=AssertionError):
        assert deliver(client, event) == 200


def test_keeping_takes_one_statement(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        deliver(client, an_event())


def test_the_former_secret_is_taken_while_secrets_are_rotated(client: Client) -> None:
    assert deliver(client, an_event(), secret="whsec_former") == 200


def test_one_good_signature_among_several_is_enough(client: Client) -> None:
    body = json.dumps(an_event()).encode()
    moment = int(time.time())
    header = f"t={moment},v1={'0' * 64},v1={digest(body, moment=moment)},v0=old"
    assert post(client, body, signature=header) == 200


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "t=,v1=",
        "t=1e3,v1=00",
        "v1=" + "0" * 64,
        "t={now},v1=" + "0" * 64,
        "t={now},v1=ÿþé",
        "t={now},v0=" + "0" * 64,
    ],
)
def test_a_forged_event_is_refused_and_not_kept(client: Client, signature: str) -> None:
    signature = signature.replace("{now}", str(int(time.time())))
    assert post(client, json.dumps(an_event()).encode(), signature=signature) == 400
    assert not WebhookEvent.objects.exists()
    assert refusals("signature") == 1


def test_a_signature_by_a_strange_secret_is_refused(client: Client) -> None:
    assert deliver(client, an_event(), secret="whsec_forged") == 400
    assert not WebhookEvent.objects.exists()


def test_a_stale_event_is_refused(client: Client) -> None:
    body = json.dumps(an_event()).encode()
    assert post(client, body, signature=sign(body, sent_at=int(time.time()) - 290)) == 200
    assert post(client, body, signature=sign(body, sent_at=int(time.time()) - 302)) == 400


def test_a_body_changed_on_the_way_is_refused(client: Client) -> None:
    body = json.dumps(an_event()).encode()
    assert post(client, body + b" ", signature=sign(body)) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"3",
        b'"evt_1"',
        b"\xff\xfe{}",
        json.dumps(an_event()).encode("utf-16"),
        b"{}",
        b"[" * 100_000,
        b'{"id": NaN}',
        json.dumps(an_event(created=1)).replace('"created": 1', '"created": NaN').encode(),
        json.dumps(an_event(created=10**40)).encode(),
        json.dumps(an_event(created="now")).encode(),
        json.dumps(an_event(created=None)).encode(),
        json.dumps(an_event(object="v2.core.event")).encode(),
        json.dumps(an_event(id=None)).encode(),
        json.dumps(an_event(id="")).encode(),
        json.dumps(an_event(id="evt_\x00")).encode(),
        json.dumps(an_event(id="evt_\ud800")).encode(),
        json.dumps(an_event(id="e" * 256)).encode(),
        json.dumps(an_event(type="t" * 101)).encode(),
        json.dumps(an_event(data={})).encode(),
        json.dumps(an_event(data={"object": None})).encode(),
        json.dumps(an_event(data={"object": a_thing() | {"id": ["x"]}})).encode(),
        json.dumps(an_event(data={"object": a_thing() | {"payment_intent": {}}})).encode(),
        *(
            json.dumps({k: v for k, v in an_event().items() if k != missing}).encode()
            for missing in ("id", "type", "created", "livemode", "data", "object")
        ),
    ],
)
def test_what_is_signed_but_no_event_is_refused_and_not_kept(client: Client, body: bytes) -> None:
    try:
        signature = sign(body)
    except UnicodeDecodeError:
        signature = ""
    assert post(client, body, signature=signature) == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("livemode", [True, None, 0, "false"])
def test_an_event_of_the_other_mode_is_refused_and_counted(
    client: Client, livemode: object
) -> None:
    assert deliver(client, an_event(livemode=livemode)) == 400
    assert not WebhookEvent.objects.exists()
    assert refusals("mode") == 1


def test_a_live_site_refuses_test_events(client: Client) -> None:
    with override_settings(STRIPE_LIVEMODE=True):
        assert deliver(client, an_event()) == 400
        assert deliver(client, an_event(livemode=True)) == 200


def test_an_event_of_another_account_is_refused_and_counted(client: Client) -> None:
    assert [deliver(client, an_event(account="acct_other")) for _ in range(2)] == [400, 400]
    assert not WebhookEvent.objects.exists()
    assert refusals("account") == 2


def test_refusals_are_logged_once_a_minute_and_never_with_the_body(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        deliver(client, an_event(livemode=True, note="A Donor"))
    lines = [one.getMessage() for one in caplog.records if one.name.startswith("payments")]
    assert lines == ["webhook refused (mode); 1 times within a day"]


def test_a_counter_that_runs_out_at_that_moment_begins_anew(client: Client) -> None:
    with mock.patch.object(cache, "incr", side_effect=ValueError):
        assert deliver(client, an_event(livemode=True)) == 400


def test_a_body_over_the_cap_is_refused_unread(client: Client) -> None:
    event = an_event(pad="")
    event["pad"] = "x" * (MOST_BYTES - len(json.dumps(event)))
    assert deliver(client, event) == 200
    event["pad"] += "x"
    assert deliver(client, event) == 413
    assert WebhookEvent.objects.count() == 1
    assert refusals("size") == 1


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch", "options"])
def test_only_post_is_taken(client: Client, method: str) -> None:
    response = getattr(client, method)(WEBHOOK)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_an_event_of_an_unknown_version_is_kept_and_put_aside(client: Client) -> None:
    assert deliver(client, an_event(api_version="2026-10-28.endive")) == 200

    event = WebhookEvent.objects.get()
    assert event.put_aside_at is not None
    assert "2026-10-28.endive" in event.last_error


def test_an_event_without_version_is_put_aside_too(client: Client) -> None:
    assert deliver(client, an_event(api_version=None)) == 200
    assert WebhookEvent.objects.get().put_aside_at is not None


def test_an_event_about_an_object_without_id_is_kept(client: Client) -> None:
    balance = {"object": "balance", "available": []}
    assert deliver(client, make_event("balance.available", balance)) == 200
    assert WebhookEvent.objects.get().object_id == ""


def test_an_intent_is_its_own_payment(client: Client) -> None:
    donation = make_card_donation()
    deliver(client, intent_event(donation))
    event = WebhookEvent.objects.get()
    assert event.payment_intent_id == event.object_id != ""


def test_no_cross_site_token_is_asked_for() -> None:
    assert deliver(Client(enforce_csrf_checks=True), an_event()) == 200


def test_our_own_trouble_is_a_500_so_that_stripe_sends_again(client: Client) -> None:
    client.raise_request_exception = False
    with mock.patch("payments.inbox.keep._insert", side_effect=OperationalError("gone")):
        assert deliver(client, an_event()) == 500
    assert deliver(client, an_event()) == 200


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_database_has_cut_is_replaced(client: Client) -> None:
    assert deliver(client, an_event()) == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        other.connection.close()
    status, _ = call_application(json.dumps(an_event(id="evt_2")).encode())
    assert status == "200 OK"
    assert WebhookEvent.objects.count() == 2


def call_application(body: bytes, **changes: Any) -> tuple[str, dict[str, str]]:
    """The way around the middleware, as a WSGI server calls it."""
    answered: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: Iterable[tuple[str, str]]) -> None:
        answered.append((status, dict(headers)))

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": WEBHOOK,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_STRIPE_SIGNATURE": sign(body),
        "wsgi.input": io.BytesIO(body),
    } | changes
    text = b"".join(webhook_application(environ, start_response))  # type: ignore[arg-type]
    assert int(answered[0][1]["Content-Length"]) == len(text)
    return answered[0]


def test_around_the_middleware_the_answers_are_the_same() -> None:
    body = json.dumps(an_event()).encode()
    assert call_application(body)[0] == "200 OK"
    assert call_application(body, HTTP_STRIPE_SIGNATURE="")[0] == "400 Bad Request"
    assert call_application(b"x" * (MOST_BYTES + 1))[0].startswith("413 ")
    assert call_application(b"", CONTENT_LENGTH="")[0] == "400 Bad Request"
    status, headers = call_application(b"", REQUEST_METHOD="GET")
    assert (status, headers["Allow"]) == ("405 Method Not Allowed", "POST")
    assert WebhookEvent.objects.count() == 1


def test_the_server_goes_around_the_middleware_for_this_address_alone() -> None:
    from whipround.wsgi import application  # noqa: PLC0415 - sets Django's handler up

    body = json.dumps(an_event()).encode()
    answered: list[str] = []

    def start_response(status: str, _headers: object, _error: object = None) -> Any:
        answered.append(status)

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": WEBHOOK,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_STRIPE_SIGNATURE": sign(body),
        "wsgi.input": io.BytesIO(body),
    }
    with mock.patch("whipround.wsgi._pages", side_effect=AssertionError("through Django")):
        list(application(environ, start_response))
        with pytest.raises(AssertionError, match="through Django"):
            application(environ | {"PATH_INFO": "/"}, start_response)
    assert answered == ["200 OK"]


@pytest.mark.django_db(transaction=True)
def test_behind_an_asgi_server_the_answers_are_the_same() -> None:
    """Through the layer that reads bodies whole, in threads with connections of their own."""
    door = WebhookDoor(threads=1)
    body = json.dumps(an_event()).encode()

    async def post_to_door(content: bytes, *, method: str = "POST", signature: str = "") -> Any:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(event: Any) -> None:
            sent.append(event)

        headers = [(b"stripe-signature", signature.encode())] if signature else []
        scope: Any = {"type": "http", "method": method, "path": WEBHOOK, "headers": headers}
        await WholeBodies(door)(scope, receive, send)  # type: ignore[arg-type]
        return sent[0]["status"], dict(sent[0]["headers"])

    async def go() -> list[Any]:
        return [
            await post_to_door(body, signature=sign(body)),
            await post_to_door(body, signature=sign(body)),
            await post_to_door(body),
            await post_to_door(b"x" * (MOST_BYTES + 1), signature="t=1,v1=0"),
            await post_to_door(b"", method="GET"),
        ]

    answers = asyncio.run(go())
    door._threads.submit(lambda: connection.close()).result()  # noqa: PLW0108, SLF001 - its own
    door._threads.shutdown()  # noqa: SLF001 - and the thread
    assert [status for status, _ in answers] == [200, 200, 400, 413, 405]
    assert answers[-1][1][b"allow"] == b"POST"
    assert WebhookEvent.objects.count() == 1


def test_metadata_carries_the_reference_alone() -> None:
    donation = make_card_donation()
    assert list(metadata(donation.reference).values()) == [str(donation.reference)]
