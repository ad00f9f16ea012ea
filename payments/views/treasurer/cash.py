"""Collections: record one, look at it, list them, reverse one."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.cash import record_collection, reverse_collection
from payments.cash_records import (
    prefill_after,
    read_collection_page,
    read_count,
    recent_places,
    visible_collections,
)
from payments.forms.cash import CollectionForm
from payments.forms.fields import with_new_reference
from payments.forms.records import CollectionFilterForm, ReverseForm
from payments.models import CashCollection
from payments.paying_in_records import banked_in
from payments.recording import RecordConflictError, RecordRefusedError, RecordReversedError
from payments.standings import read_standings
from payments.views.access import Visitor, collection_page, treasurer_page
from payments.views.queued import tell_errors, tell_objection, wants_json

_OTHER_LOG_IN: Final = "This was told under another log-in, and is recorded under that one only."
_CHANGED: Final = (
    "This form has recorded something else already, and that stands: nothing more was recorded. "
    "Look for it under Collections. If this is another collection, record it anew."
)


@treasurer_page
@require_safe
def collection_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The treasurer's collections, newest first, narrowed by the query, with a running total."""
    filters = CollectionFilterForm(visitor.access, request.GET)
    collections = filters.narrow(visible_collections(visitor.access))
    return render(
        request,
        "treasurer/collections.html",
        {
            "access": visitor.access,
            "filters": filters,
            "listed": read_collection_page(collections, number=request.GET.get("page")),
        },
    )


@treasurer_page
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The form of a collection. A valid one is recorded, once for its reference.

    A phone's queue sends the same form and asks for JSON: 201 for a new one, 200 for one that is
    known, 409 with an ``objection``, 422 with ``errors``. It says for whom (``told_by``): another
    log-in on the same phone records nothing in its place.
    """
    if request.method == "POST":
        return _record(request, visitor)
    initial = prefill_after(visitor.access, request.GET.get("after", ""))
    named = {name: request.GET[name] for name in ("appeal", "branch") if name in request.GET}
    counter = {"counted_by": visitor.user.get_full_name()}
    return _show_form(
        request, visitor, CollectionForm(visitor.access, initial=counter | initial | named)
    )


def _record(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    if request.POST.get("told_by", str(visitor.user.pk)) != str(visitor.user.pk):
        return tell_objection("other-log-in", _OTHER_LOG_IN)
    form = CollectionForm(visitor.access, request.POST)
    if not form.is_valid():
        return _refuse(request, visitor, form)
    reference: UUID = form.cleaned_data["reference"]
    try:
        result = record_collection(reference, form.facts(), recorded_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _refuse(request, visitor, form)
    except RecordConflictError as conflict:
        return _show_conflict(request, visitor, conflict.recorded)
    if wants_json(request):
        answer = {"collection": str(reference), "is_new": result.is_new}
        return JsonResponse(answer, status=201 if result.is_new else 200)
    return redirect("payments:collection-recorded", reference)


@treasurer_page
@require_safe
def sender(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Whom this browser's log-in is, and the token that the form needs: for a phone's queue."""
    response = JsonResponse({"user": str(visitor.user.pk), "token": get_token(request)})
    response["Cache-Control"] = "no-store"
    return response


def _refuse(request: HttpRequest, visitor: Visitor, form: CollectionForm) -> HttpResponse:
    if wants_json(request):
        return tell_errors(form)
    return _show_form(request, visitor, form, status=422)


def _show_form(
    request: HttpRequest, visitor: Visitor, form: CollectionForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "form": form,
        "places": recent_places(visitor.access),
    }
    return render(request, "treasurer/collection_form.html", context, status=status)


def _show_conflict(
    request: HttpRequest, visitor: Visitor, recorded: CashCollection
) -> HttpResponse:
    """What stands under the reference, if it is the treasurer's to see, above the form anew."""
    if wants_json(request):
        return tell_objection("changed", _CHANGED)
    context = {
        "access": visitor.access,
        "recorded": visible_collections(visitor.access).filter(pk=recorded.pk).first(),
        "form": CollectionForm(visitor.access, with_new_reference(request.POST)),
        "places": recent_places(visitor.access),
    }
    return render(request, "treasurer/collection_form.html", context, status=409)


@collection_page
@require_safe
def recorded(request: HttpRequest, visitor: Visitor, collection: CashCollection) -> HttpResponse:
    """Thanks, what was recorded, and where the branch stands with it."""
    return render(
        request,
        "treasurer/recorded.html",
        {
            "access": visitor.access,
            "collection": collection,
            "standings": read_standings(collection.appeal, [collection.branch]),
        },
    )


@collection_page
@require_safe
def collection(request: HttpRequest, visitor: Visitor, collection: CashCollection) -> HttpResponse:
    """One collection, its count, who recorded it, and the form that reverses it."""
    return _show_collection(request, visitor, collection, ReverseForm())


def _show_collection(
    request: HttpRequest,
    visitor: Visitor,
    collection: CashCollection,
    form: ReverseForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "collection": collection,
        "count": read_count(collection),
        "banked": banked_in(collection, visitor.access),
        "form": form,
    }
    return render(request, "treasurer/collection.html", context, status=status)


@collection_page
@require_http_methods(["GET", "HEAD", "POST"])
def reverse(request: HttpRequest, visitor: Visitor, collection: CashCollection) -> HttpResponse:
    """Reverse a collection, with a reason. A second time changes nothing and says so."""
    if request.method != "POST":
        return _show_collection(request, visitor, collection, ReverseForm())
    form = ReverseForm(request.POST)
    if not form.is_valid():
        return _show_collection(request, visitor, collection, form, status=422)
    try:
        reverse_collection(collection, reason=form.cleaned_data["reason"], reversed_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_collection(request, visitor, collection, form, status=422)
    except RecordReversedError:
        messages.info(request, "This collection was reversed before. It counts for nothing.")
    else:
        messages.success(request, "Reversed. It stays in the list, struck through.")
    return redirect("payments:collection", collection.reference)
