"""The pledge desk: what is called from the floor is typed here, twice if there are two to type."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from appeals.models import Appeal
from funds.models import Branch
from funds.money import Money
from payments.forms.desk import ListForm, OpenForm, StrikeForm, TakeForm
from payments.models import PledgeList
from payments.models.pledge import Method
from payments.pledges.desk import LADDER, find_list_of, has_pledges, read_list, read_rounds
from payments.pledges.taking import (
    DeskError,
    close_list,
    open_list,
    reopen_list,
    strike,
    strike_entry,
    take,
)
from payments.views.access import Visitor, night_page
from payments.views.queued import tell_errors, tell_objection, wants_json

_TYPED_IN_ERROR = "Typed in error"


@night_page
@require_safe
def desk(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """The typist's own list; or who types, and the way to sit down. ``?part=list``: that alone."""
    form = TakeForm(currency=appeal.currency, initial={"list": "", "entry": uuid4()})
    return _show(request, visitor, appeal, form)


@night_page
@require_POST
def sit_down(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Open a list of one side, or come back to one's own."""
    form = OpenForm(request.POST)
    if not form.is_valid():
        raise Http404
    try:
        open_list(appeal, PledgeList.Side(form.cleaned_data["side"]), by=visitor.user)
    except DeskError as error:
        messages.warning(request, str(error))
    return redirect("payments:desk", appeal.slug)


@night_page
@require_POST
def take_down(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Take one entry down. In JSON for the page's queue, which sends it until it is answered."""
    form = TakeForm(request.POST, currency=appeal.currency)
    if not form.is_valid():
        if wants_json(request):
            return tell_errors(form)
        return _show(request, visitor, appeal, form, status=422)
    told = form.cleaned_data
    try:
        take(_find(appeal, told["list"]), told["entry"], told["lines"], by=visitor.user)
    except DeskError as error:
        return _object(request, appeal, error)
    if wants_json(request):
        return JsonResponse({"entry": str(told["entry"])}, status=201)
    kept = {name: told[name] for name in ("branch", "method") if told[name]}
    return redirect(f"{reverse('payments:desk', args=[appeal.slug])}?{urlencode(kept)}")


@night_page
@require_POST
def take_back(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Strike a line, or undo an entry."""
    form = StrikeForm(request.POST)
    if not form.is_valid():
        raise Http404
    told = form.cleaned_data
    opened, by = _find(appeal, told["list"]), visitor.user
    try:
        if told["line"]:
            strike(opened, told["line"], reason=_TYPED_IN_ERROR, by=by)
        elif told["entry"]:
            strike_entry(opened, told["entry"], reason=_TYPED_IN_ERROR, by=by)
    except DeskError as error:
        return _object(request, appeal, error)
    if wants_json(request):
        return JsonResponse({"list": str(opened.reference)})
    return redirect("payments:desk", appeal.slug)


@night_page
@require_POST
def end(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Close a list, and go on to the comparison."""
    close_list(_find_posted(request, appeal), by=visitor.user)
    return redirect("payments:desk", appeal.slug)


@night_page
@require_POST
def go_on(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Open a list again that was closed too soon."""
    try:
        reopen_list(_find_posted(request, appeal), by=visitor.user)
    except DeskError as error:
        messages.warning(request, str(error))
    return redirect("payments:desk", appeal.slug)


def _show(
    request: HttpRequest, visitor: Visitor, appeal: Appeal, form: TakeForm, *, status: int = 200
) -> HttpResponseBase:
    rounds = read_rounds(appeal)
    mine = find_list_of(rounds, visitor.user)
    context: dict[str, Any] = {
        "access": visitor.access,
        "appeal": appeal,
        "round": rounds[0] if rounds else None,
        "mine": read_list(mine) if mine else None,
    }
    if request.GET.get("part") == "list" and mine is not None:
        response = render(request, "desk/_list.html", context)
    else:
        context |= {
            "form": form,
            "branches": Branch.objects.filter(is_active=True).order_by("name"),
            "methods": Method.choices,
            "has_pledges": has_pledges(appeal),
            "ladder": [
                (step, Money(step, appeal.currency), form[f"hands_{step}"]) for step in LADDER
            ],
            "branch": form["branch"].value() or request.GET.get("branch", ""),
            "method": form["method"].value() or request.GET.get("method", ""),
        }
        response = render(request, "desk/desk.html", context, status=status)
    add_never_cache_headers(response)
    return response


def _object(request: HttpRequest, appeal: Appeal, error: DeskError) -> HttpResponseBase:
    if wants_json(request):
        return tell_objection("not-taken", str(error))
    messages.warning(request, str(error))
    return redirect("payments:desk", appeal.slug)


def _find(appeal: Appeal, reference: UUID) -> PledgeList:
    found = PledgeList.objects.filter(appeal=appeal, reference=reference).first()
    if found is None:
        raise Http404
    return found


def _find_posted(request: HttpRequest, appeal: Appeal) -> PledgeList:
    form = ListForm(request.POST)
    if not form.is_valid():
        raise Http404
    return _find(appeal, form.cleaned_data["list"])
