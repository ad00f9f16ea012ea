"""The pages for a WSGI server behind a proxy, which tells whom a request is from.

Without this everybody would have the proxy's address, and ten wrong passwords from anywhere would
keep every treasurer out. Uvicorn does the same by itself, by the same variable.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from whipround.wsgi import application as pages

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_TRUSTED: Final = frozenset(
    peer.strip() for peer in os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1").split(",")
)


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer one request, from whom the proxy says it is.

    Only the last address is believed, which the proxy itself has seen. A socket of this machine
    has no address: whoever may write to it is the proxy.
    """
    peer = environ.get("REMOTE_ADDR", "")
    told = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    if told and (not peer or peer in _TRUSTED or "*" in _TRUSTED):
        environ["REMOTE_ADDR"] = told
    return pages(environ, start_response)
