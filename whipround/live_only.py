"""The live streams alone, for processes that hold nothing else: no page, no form, no webhook.

Pages are then served by a WSGI server; a new version of them ends no stream.
"""

import json
import os
from typing import Final

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")

import django
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope

django.setup()

from django.conf import settings  # noqa: E402 - needs Django to be set up

from appeals.live.hub import Hub  # noqa: E402
from appeals.live.plain import send_plain  # noqa: E402
from whipround.server import room_for_streams  # noqa: E402
from whipround.site import Site  # noqa: E402

_HEALTH: Final = "/healthz"


async def answer_no_page(
    scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """``/healthz`` says that the process is up; every other address is of another process."""
    if scope["type"] == "http" and scope["path"] == _HEALTH:
        await send_plain(send, status=200, text=json.dumps({"status": "up"}))
    else:
        await send_plain(send, status=404, text="Only live streams are answered here.")


application = Site(
    hub=Hub(settings.LISTEN_DATABASE_URL, max_streams=room_for_streams(settings.MAX_STREAMS)),
    pages=answer_no_page,
)
