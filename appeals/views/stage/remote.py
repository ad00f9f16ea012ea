"""The remote: what the hall sees beside what is true, and the buttons. No rule lives here."""

import uuid
from typing import Final

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from appeals.models import Direction
from appeals.stage.board import board_json, read_board
from appeals.stage.commands import CommandRefusedError, StaleCommandError, give_order
from appeals.stage.forms import OrderForm
from appeals.stage.nights import find_open_night
from appeals.stage.remotes import RemoteEndedError
from appeals.views.see_other import SeeOther
from appeals.views.stage.access import Director, send_away, stage_page, wants_json

_STALE: Final = "The hall was directed just now. Look at what it sees, and tap again."
_UNREADABLE: Final = "This page was too old. Look at what the hall sees, and tap again."


@stage_page
@require_http_methods(["GET", "HEAD", "POST"])
def remote(request: HttpRequest, director: Director) -> HttpResponseBase:
    """The page; a tap is a form, answered 303, or in JSON where that is asked for.

    409 for a command that depends on what has changed since, 422 for one that makes no sense.
    """
    if request.method != "POST":
        return _show(request, director)
    form = OrderForm(request.POST)
    if not form.is_valid():
        return _answer(request, director, _UNREADABLE, status=422)
    message, status = "", 200
    try:
        give_order(director.appeal, form.order(), by=director.by)
    except RemoteEndedError:
        return send_away(request, slug=director.appeal.slug)
    except StaleCommandError:
        message, status = _STALE, 409
    except CommandRefusedError as refused:
        message, status = str(refused), 422
    if status == 200 and not wants_json(request):
        return SeeOther(reverse("appeals:stage-remote", args=[director.appeal.slug]))
    return _answer(request, director, message, status=status)


@stage_page
@require_safe
def board(_request: HttpRequest, director: Director) -> HttpResponseBase:
    """What the remote shows, as JSON for its script."""
    return JsonResponse({**board_json(read_board(director.appeal)), "message": ""})


def _answer(
    request: HttpRequest, director: Director, message: str, *, status: int
) -> HttpResponseBase:
    if wants_json(request):
        told = board_json(read_board(director.appeal))
        return JsonResponse({**told, "message": message}, status=status)
    return _show(request, director, message=message, status=status)


def _show(
    request: HttpRequest, director: Director, *, message: str = "", status: int = 200
) -> HttpResponseBase:
    context = {
        "director": director,
        "appeal": director.appeal,
        "board": read_board(director.appeal),
        "night": find_open_night(director.appeal),
        "scenes": [scene for scene in Direction.Scene if scene != Direction.Scene.NOTICE],
        "key": uuid.uuid4(),
        "message": message,
        "typed": request.POST.get("notice", ""),
    }
    return render(request, "stage/remote.html", context, status=status)
