"""The whole site for an ASGI server (uvicorn): the live streams, and Django's pages behind them.

Django's pages run as its WSGI application in a few threads: under Django's own ASGI handler a page
costs several times as much, and every open stream would hold a thread.
"""

import os
import re
from typing import Final, cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")

from whipround.wsgi import application as wsgi_application  # isort: skip - sets Django up
from django.conf import settings

from appeals.live.hub import Hub
from payments.banking.files.lines import MAX_BYTES as MAX_STATEMENT_BYTES
from payments.views.treasurer.statements import PATH as STATEMENT_PATH
from payments.views.webhook import PATH as WEBHOOK_PATH
from payments.views.webhook import WebhookDoor
from whipround.bodies import WholeBodies
from whipround.server import room_for_streams
from whipround.site import Site

PAGE_THREADS: Final = 4  # each keeps one database connection
GIVING_THREADS: Final = 8  # and these: each waits for Stripe, half a second or until it gives up
WEBHOOK_THREADS: Final = 4  # so does each of these; slow pages never keep Stripe waiting

FILE_PATHS: Final = {STATEMENT_PATH: MAX_STATEMENT_BYTES + 65_536}  # and the form around the file

_GIVING_PATH: Final = re.compile(
    r"/appeals/[^/]+/give/(?:link/)?"
)  # the link waits for the mail server


def build_site(hub: Hub) -> Site:
    """The site with Django's pages in ``PAGE_THREADS`` threads.

    Stripe's door, and the forms that wait for Stripe's answer, have their own: while Stripe is
    slow, or away, every other page is as quick as ever.
    """
    pages, giving = _django(PAGE_THREADS), _django(GIVING_THREADS)
    door = WebhookDoor(threads=WEBHOOK_THREADS)

    async def answer(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http" and scope["path"] == WEBHOOK_PATH:
            await door(scope, receive, send)
        elif (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and _GIVING_PATH.fullmatch(scope["path"])
        ):
            await giving(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return Site(hub=hub, pages=WholeBodies(answer, files=FILE_PATHS))


def _django(threads: int) -> ASGI3Application:
    return cast(
        "ASGI3Application", WSGIMiddleware(cast("WSGIApp", wsgi_application), workers=threads)
    )


application = build_site(
    Hub(settings.LISTEN_DATABASE_URL, max_streams=room_for_streams(settings.MAX_STREAMS))
)
