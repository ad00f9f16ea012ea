"""The read-out queue: what is let through here, the speaker may say at the lectern.

Names are shown only where the donor opted in to be named for this donation, in the form chosen.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from appeals.models import Appeal
from appeals.stage.nights import find_open_night
from payments.forms.read_out import DecisionForm, RuleForm
from payments.models import ReadOutStep
from payments.readout.deciding import NoItemError, StaleDecisionError, decide, set_rule
from payments.readout.lectern import Place, lectern_json, place_of
from payments.readout.queue import read_queue
from payments.views.access import Visitor, night_page
from payments.views.queued import tell_errors, tell_objection, wants_json

_STALE = "Somebody else decided about this just now. Look at it again: it stands as they left it."


@night_page
@require_safe
def screening(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """All that waits, and what became of the rest. With ``?part=lists`` the lists alone."""
    queue = read_queue(appeal)
    context = {
        "access": visitor.access,
        "appeal": appeal,
        "queue": queue,
        "mine": queue.passed_once_by(visitor.user),
    }
    if request.GET.get("part") == "lists":
        response = render(request, "readout/_lists.html", context)
    else:
        context["night"] = find_open_night(appeal)
        response = render(request, "readout/screening.html", context)
    add_never_cache_headers(response)
    return response


@night_page
@require_POST
def decision(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Write one decision down, and go back to where it was taken. In JSON for a page's script."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return tell_errors(form)
    told = form.cleaned_data
    try:
        decide(
            appeal,
            told["item"],
            ReadOutStep.Decision(told["decision"]),
            key=told["key"],
            seen=told["seen"],
            by=visitor.user,
        )
    except NoItemError:
        raise Http404 from None
    except StaleDecisionError:
        if wants_json(request):
            return tell_objection("stale", _STALE)
        messages.warning(request, _STALE)
    if wants_json(request):
        return JsonResponse({"item": str(told["item"])})
    page = "lectern" if request.POST.get("from") == "lectern" else "read-out"
    return redirect(f"payments:{page}", appeal.slug)


@night_page
@require_POST
def rule(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Switch the second pair of eyes on or off, for everything that has not been read out."""
    form = RuleForm(request.POST)
    if form.is_valid():
        set_rule(appeal, needs_two=form.cleaned_data["needs_two"], by=visitor.user)
    return redirect("payments:read-out", appeal.slug)


@night_page
@require_safe
def lectern(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """One thing at a time, in very large type. ``?at=`` names one that was read before."""
    queue = read_queue(appeal)
    place = place_of(queue, at=request.GET.get("at", ""))
    context: dict[str, Any] = {
        "access": visitor.access,
        "appeal": appeal,
        "queue": queue,
        "place": place,
        "back_to": _at(appeal, place.before) if place.before else "",
        "on_to": _on_to(appeal, place),
        "told": lectern_json(queue),
    }
    response = render(request, "readout/lectern.html", context)
    add_never_cache_headers(response)
    return response


@night_page
@require_safe
def lectern_news(_request: HttpRequest, _visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """What the lectern's page asks for every few seconds."""
    response = JsonResponse(lectern_json(read_queue(appeal)))
    add_never_cache_headers(response)
    return response


def _at(appeal: Appeal, item: str) -> str:
    return f"{reverse('payments:lectern', args=[appeal.slug])}?{urlencode({'at': item})}"


def _on_to(appeal: Appeal, place: Place) -> str:
    """Where "next" leads from what was read before; from what is to be read it is a decision."""
    if place.current is None or place.is_to_read:
        return ""
    return (
        _at(appeal, place.after) if place.after else reverse("payments:lectern", args=[appeal.slug])
    )
