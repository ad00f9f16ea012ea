"""Setting up the evening: its night, and the remotes that are given away. No rule lives here."""

import io
from uuid import UUID

import segno
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appeals.models import StageRemote
from appeals.stage.forms import RemoteForm
from appeals.stage.nights import (
    NightRefusedError,
    begin_night,
    end_night,
    find_open_night,
    last_night,
    read_published,
)
from appeals.stage.remotes import (
    TooManyRemotesError,
    make_remote,
    open_remotes,
    recent_remotes,
    remote_code,
    remote_token,
    revoke,
)
from appeals.views.see_other import SeeOther
from appeals.views.stage.access import Director, set_up_page
from funds.models import User


@set_up_page
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, director: Director) -> HttpResponseBase:
    """The night and the remotes; a POST makes a remote."""
    form = RemoteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = make_remote(
                director.appeal, label=form.cleaned_data["label"], made_by=_user(director)
            )
        except TooManyRemotesError:
            form.add_error("label", "So many remotes are open: revoke those that nobody needs.")
        else:
            return _to(director, "appeals:stage-code", made.reference)
    appeal = director.appeal
    ended, remotes = last_night(appeal), recent_remotes(appeal)
    context = {
        "director": director,
        "appeal": appeal,
        "night": find_open_night(appeal),
        "last_night": ended,
        "last_published": read_published(ended) if ended else None,
        "remotes": remotes,
        "open_count": sum(remote.is_open for remote in remotes),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "stage/set_up.html", context, status=status)


@set_up_page
@require_POST
def begin(request: HttpRequest, director: Director) -> HttpResponseBase:
    """Begin the night."""
    try:
        begin_night(director.appeal, by=_user(director))
    except NightRefusedError:
        messages.warning(request, "The night is begun already.")
    else:
        messages.success(request, "The night is begun.")
    return _to(director, "appeals:stage-set-up")


@set_up_page
@require_POST
def end(request: HttpRequest, director: Director) -> HttpResponseBase:
    """End the night, and keep the figure that was published."""
    try:
        end_night(director.appeal, by=_user(director))
    except NightRefusedError:
        messages.warning(request, "No night is begun, or somebody else ended it just now.")
    else:
        messages.success(request, "The night is ended, and its figure is kept.")
    return _to(director, "appeals:stage-set-up")


@set_up_page
@require_safe
def show_code(request: HttpRequest, director: Director, reference: UUID) -> HttpResponseBase:
    """A remote's QR code, its code, large, and its link."""
    remote = _find(director, reference)
    context = {
        "director": director,
        "appeal": director.appeal,
        "remote": remote,
        "code": remote_code(remote),
        "link": _link(remote),
        "type_at": f"{settings.BASE_URL}{reverse('appeals:stage')}".split("://", 1)[1],
    }
    return render(request, "stage/code.html", context)


@set_up_page
@require_safe
def qr_code(_request: HttpRequest, director: Director, reference: UUID) -> HttpResponseBase:
    """The QR code of a remote's link, as SVG, with the quiet zone that scanners need."""
    drawing = io.BytesIO()
    segno.make(_link(_find(director, reference)), error="m", micro=False).save(
        drawing, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return HttpResponse(drawing.getvalue(), content_type="image/svg+xml")


@set_up_page
@require_POST
def end_remote(request: HttpRequest, director: Director, reference: UUID) -> HttpResponseBase:
    """Revoke a remote: its phone directs nothing from now on."""
    remote = get_object_or_404(StageRemote, appeal=director.appeal, reference=reference)
    revoke([remote])
    messages.success(request, f"Revoked: {remote.label}.")
    return _to(director, "appeals:stage-set-up")


@set_up_page
@require_POST
def end_all_remotes(request: HttpRequest, director: Director) -> HttpResponseBase:
    """Revoke all remotes of the appeal."""
    revoke(open_remotes(director.appeal))
    messages.success(request, "All remotes are revoked.")
    return _to(director, "appeals:stage-set-up")


def _find(director: Director, reference: UUID) -> StageRemote:
    remote = open_remotes(director.appeal).filter(reference=reference).first()
    if remote is None:
        raise Http404
    return remote


def _link(remote: StageRemote) -> str:
    return f"{settings.BASE_URL}{reverse('appeals:stage-link', args=[remote_token(remote)])}"


def _to(director: Director, name: str, *rest: object) -> SeeOther:
    return SeeOther(reverse(name, args=[director.appeal.slug, *rest]))


def _user(director: Director) -> User:
    assert isinstance(director.by, User)
    return director.by
