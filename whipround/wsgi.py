"""The pages, for a WSGI server; and past Django's middleware, Stripe's one address."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")

_pages = get_wsgi_application()

from payments.views import webhook  # noqa: E402 - needs Django to be set up

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer one request.

    A signed event needs no session, log-in or page headers: without them it costs a quarter of
    the processor time, so more of them get through in a rally's minute.
    """
    if environ.get("PATH_INFO") == webhook.PATH:
        return webhook.webhook_application(environ, start_response)
    return _pages(environ, start_response)
