"""The JSON API: readings for anyone, from any site. No personal data, ever."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from appeals.models import Appeal
from appeals.progress import read_reading, read_readings
from appeals.reading_json import encode_reading
from appeals.stage.hall import read_hall
from appeals.stage.hall_json import encode_hall, hall_etag
from appeals.window import public_appeals

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponse]

_METHODS: Final = "GET, HEAD, OPTIONS"
# A second is as fresh as the thermometer, and lets a proxy answer for a whole hall.
_CACHE_CONTROL: Final = "public, max-age=1"


def _open_to_all(view: _View[_P]) -> _View[_P]:
    """Reading only, from pages of any site; refusals are JSON too.

    Nothing here can be changed, so there is nothing to forge: writing is refused by us, as JSON.
    """

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        response: HttpResponse
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = _METHODS
            response["Access-Control-Allow-Headers"] = "If-None-Match"
            response["Access-Control-Max-Age"] = "86400"
        elif request.method in {"GET", "HEAD"}:
            response = view(request, *args, **kwargs)
        else:
            response = _refusal("this address can only be read", status=405)
            response["Allow"] = _METHODS
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "ETag"
        return response

    return answer


@_open_to_all
def list_readings(request: HttpRequest) -> HttpResponse:
    """``{"appeals": [reading, ...]}``: every appeal but the drafts, newest first."""
    readings = read_readings(list(public_appeals().order_by("-opens_at", "slug")))
    body = b'{"appeals":[' + b",".join(map(encode_reading, readings)) + b"]}"
    marks = " ".join(f"{r.slug}:{r.epoch}-{r.sequence}" for r in readings)
    return _conditional(request, body, etag=hashlib.sha256(marks.encode()).hexdigest()[:32])


@_open_to_all
def show_reading(request: HttpRequest, slug: str) -> HttpResponse:
    """The reading of one appeal; a draft is as unknown as a wrong address."""
    appeal = _find(slug)
    if appeal is None:
        return _refusal("no such appeal", status=404)
    reading = read_reading(appeal)
    etag = f"{reading.epoch}-{reading.sequence}"
    return _conditional(request, encode_reading(reading), etag=etag)


@_open_to_all
def show_hall(request: HttpRequest, slug: str) -> HttpResponse:
    """What the hall of one appeal sees: held figures while it is held, and how to show them."""
    appeal = _find(slug)
    if appeal is None:
        return _refusal("no such appeal", status=404)
    hall = read_hall(appeal)
    return _conditional(request, encode_hall(hall), etag=hall_etag(hall))


def _find(slug: str) -> Appeal | None:
    # The address takes any text, for a 404 in JSON; the database takes none with a NUL in it.
    return None if "\0" in slug else public_appeals().filter(slug=slug).first()


def _conditional(request: HttpRequest, body: bytes, *, etag: str) -> HttpResponse:
    """The body with its ETag, or 304 for whoever has it already.

    The ETag is weak, since ``as_at`` moves on while nothing else does.
    """
    etag = f'W/"{etag}"'
    response = HttpResponse(body, content_type="application/json")
    answer: Any = get_conditional_response(request, etag=etag, response=response)
    answer["ETag"] = etag
    answer["Cache-Control"] = _CACHE_CONTROL
    assert isinstance(answer, HttpResponse)
    return answer


def _refusal(reason: str, *, status: int) -> HttpResponse:
    response = JsonResponse({"error": reason}, status=status)
    response["Cache-Control"] = "no-store"
    return response
