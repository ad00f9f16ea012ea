"""The site's own server stack around one of two WSGI applications, without the inbox's worker.

``python -m bench.endpoint_server ours`` is the site; ``bare`` verifies and inserts, and no more.
Prints its port when it is ready.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")

import psycopg
import stripe
from a2wsgi import WSGIMiddleware
from django.conf import settings

from whipround.asgi import PAGE_THREADS, application
from whipround.bodies import WholeBodies
from whipround.server import SiteServer, listen

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_INSERT = """
INSERT INTO payments_webhookevent
    (stripe_id, type, api_version, object_id, payment_intent_id, created_at, livemode, body)
VALUES (%s, %s, %s, %s, '', to_timestamp(%s), %s, %s) ON CONFLICT DO NOTHING
"""
_of_this_thread = threading.local()


def bare(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The least that can be done: read, verify, insert over a persistent connection, answer."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    stripe.WebhookSignature.verify_header(
        body, environ["HTTP_STRIPE_SIGNATURE"], settings.STRIPE_WEBHOOK_SECRETS[0], tolerance=300
    )
    event: dict[str, Any] = json.loads(body)
    if not hasattr(_of_this_thread, "connection"):
        _of_this_thread.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    _of_this_thread.connection.execute(
        _INSERT,
        (
            *(event["id"], event["type"], event["api_version"], event["data"]["object"]["id"]),
            *(event["created"], event["livemode"], body.decode()),
        ),
    )
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return [b""]


def main() -> None:
    """Serve until SIGTERM."""
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    listener = listen(host="127.0.0.1", port=0)
    wrapped: Any = application
    if sys.argv[1] == "bare":
        wrapped = WholeBodies(cast("Any", WSGIMiddleware(cast("Any", bare), workers=PAGE_THREADS)))
    port = listener.getsockname()[1]
    SiteServer(wrapped, on_started=lambda: print(port, flush=True)).run(sockets=[listener])


if __name__ == "__main__":
    main()
