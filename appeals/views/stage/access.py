"""Who comes to the stage: a log-in that may direct, or a phone that holds a remote.

Whoever has neither is sent to the box for the code, whatever appeal they asked for, so that the
answer tells nobody what there is. Setting up is for log-ins alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from appeals.models import Appeal, StageRemote
from appeals.stage.remotes import RemoteEndedError, find_by_reference, may_direct, note_use
from appeals.window import public_appeals
from funds.access import Access, read_access
from funds.models import User

COOKIE: Final = "stage_remote"

_ENDED: Final = "This remote has ended. Ask for a new code: the hall was not changed."

StageView: TypeAlias = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Director:
    """Who directs. ``access`` is that of a log-in; a remote has none."""

    appeal: Appeal
    by: User | StageRemote
    access: Access | None

    @property
    def name(self) -> str:
        """For the top of the page."""
        if isinstance(self.by, StageRemote):
            return self.by.label
        return self.by.get_full_name() or self.by.get_username()


def stage_page(view: StageView) -> Callable[..., HttpResponseBase]:
    """For a log-in that may direct, and for the phone that holds a remote of this appeal."""

    @wraps(view)
    def page(request: HttpRequest, slug: str, **named: Any) -> HttpResponseBase:  # noqa: ANN401
        director = _find_director(request, slug)
        response = view(request, director, **named) if director else send_away(request, slug=slug)
        return keep_private(response)

    return page


def set_up_page(view: StageView) -> Callable[..., HttpResponseBase]:
    """For a log-in that may direct; the page does not exist for others."""

    @wraps(view)
    def page(request: HttpRequest, slug: str, **named: Any) -> HttpResponseBase:  # noqa: ANN401
        user = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        access = read_access(user)
        if not may_direct(access):
            raise Http404
        appeal = get_object_or_404(public_appeals(), slug=slug)
        return keep_private(view(request, Director(appeal, user, access), **named))

    return page


def send_away(request: HttpRequest, *, slug: str) -> HttpResponse:
    """To the box for the code; a script is told in JSON."""
    if wants_json(request):
        return JsonResponse({"message": _ENDED}, status=403)
    return redirect(f"{reverse('appeals:stage')}?{urlencode({'to': slug})}")


def keep_private(response: HttpResponseBase) -> HttpResponseBase:
    """Neither cached nor named to others.

    The site's Referrer-Policy, same-origin, keeps addresses to ourselves; "no-referrer" would make
    browsers send forms with a null origin, which are refused.
    """
    add_never_cache_headers(response)
    response["X-Robots-Tag"] = "noindex"
    return response


def give_remote(request: HttpRequest, remote: StageRemote) -> HttpResponse:
    """Let this phone hold a remote: sent back to its own appeal's stage only."""
    address = reverse("appeals:stage-remote", args=[remote.appeal.slug])
    response = redirect(address)
    response.set_signed_cookie(
        COOKIE,
        remote.reference.hex,
        max_age=remote.expires_at - timezone.now(),
        path=address,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",  # whoever scans the code comes from another application
    )
    return response


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, and no browser's page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _find_director(request: HttpRequest, slug: str) -> Director | None:
    user = request.user
    if user.is_authenticated:
        access = read_access(user)
        if may_direct(access):
            return Director(get_object_or_404(public_appeals(), slug=slug), user, access)
    reference = _held_reference(request)
    if reference is None:
        return None
    appeal = public_appeals().filter(slug=slug).first()
    if appeal is None:
        return None
    try:
        remote = find_by_reference(reference, appeal)
    except RemoteEndedError:
        return None
    note_use(remote)
    return Director(appeal, remote, None)


def _held_reference(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.get_signed_cookie(COOKIE))
    except (KeyError, ValueError, signing.BadSignature):
        return None
