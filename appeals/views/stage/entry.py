"""The ways to a remote without a log-in: a code that is typed, a link that is followed."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from appeals.stage.attempts import PAUSE_SECONDS, may_try, note_wrong
from appeals.stage.forms import CodeForm
from appeals.stage.remotes import RemoteEndedError, find_by_code, find_by_token
from appeals.views.stage.access import give_remote, keep_private

_NOTHING = "This opens nothing now. Look again, or ask whoever set up the evening for another."
_TOO_MANY = (
    f"Too many codes were tried from this network. Wait {PAUSE_SECONDS // 60} minutes, or ask "
    "somebody with a log-in to direct the hall."
)


@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponseBase:
    """One box for the code; a code that is none is told so, and nothing else."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show(request, form, status=422 if form.errors else 200)
    if not may_try(_network(request)):
        form.add_error("code", _TOO_MANY)
        return _show(request, form, status=429)
    try:
        return keep_private(give_remote(request, find_by_code(form.cleaned_data["code"])))
    except RemoteEndedError:
        note_wrong(_network(request))
        form.add_error("code", _NOTHING)
        return _show(request, form, status=422)


@require_safe
def follow_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """The phone that comes by a remote's link holds it from now on, at an address without it."""
    if not may_try(_network(request)):
        return _show(request, CodeForm(), status=429, problem=_TOO_MANY)
    try:
        return keep_private(give_remote(request, find_by_token(token)))
    except RemoteEndedError:
        note_wrong(_network(request))
        return _show(request, CodeForm(), status=404, problem=_NOTHING)


def _show(
    request: HttpRequest, form: CodeForm, *, status: int, problem: str = ""
) -> HttpResponseBase:
    wanted = request.GET.get("to", "")
    context = {
        "form": form,
        "problem": problem,
        "was_sent_away": bool(wanted),
        "log_in_to": _stage_of(wanted),
    }
    response: HttpResponse = render(request, "stage/enter_code.html", context, status=status)
    if status == 429:
        response["Retry-After"] = str(PAUSE_SECONDS)
    return keep_private(response)


def _stage_of(slug: str) -> str:
    """Where a log-in leads to: the stage that was asked for, or everybody's first page."""
    is_slug = slug.isascii() and slug.replace("-", "").replace("_", "").isalnum()
    return reverse("appeals:stage-remote", args=[slug]) if is_slug else ""


def _network(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
