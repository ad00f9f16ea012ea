"""Collections: record one, look at it, list them, reverse one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.cash import record_collection
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
from payments.two_persons.asking import undo_or_ask
from payments.two_persons.records import read_undoing
from payments.views.access import Visitor, collection_page, treasurer_page


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
    """The form of a collection. A valid one is recorded, once for its reference."""
    if request.method != "POST":
        initial = prefill_after(visitor.access, request.GET.get("after", ""))
        named = {name: request.GET[name] for name in ("appeal", "branch") if name in request.GET}
        counter = {"counted_by": visitor.user.get_full_name()}
        return _show_form(
            request, visitor, CollectionForm(visitor.access, initial=counter | initial | named)
        )

    form = CollectionForm(visitor.access, request.POST)
    if not form.is_valid():
        return _show_form(request, visitor, form, status=422)
    reference: UUID = form.cleaned_data["reference"]
    try:
        record_collection(reference, form.facts(), recorded_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_form(request, visitor, form, status=422)
    except RecordConflictError as conflict:
        return _show_conflict(request, visitor, conflict.recorded)
    return redirect("payments:collection-recorded", reference)


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
        "undoing": read_undoing(None if collection.reversed_at else collection),
        "form": form,
    }
    return render(request, "treasurer/collection.html", context, status=status)


@collection_page
@require_http_methods(["GET", "HEAD", "POST"])
def reverse(request: HttpRequest, visitor: Visitor, collection: CashCollection) -> HttpResponse:
    """Reverse a collection, with a reason, or ask a second person to; a second time says so."""
    if request.method != "POST":
        return _show_collection(request, visitor, collection, ReverseForm())
    form = ReverseForm(request.POST)
    if not form.is_valid():
        return _show_collection(request, visitor, collection, form, status=422)
    try:
        waits = undo_or_ask(collection, reason=form.cleaned_data["reason"], by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_collection(request, visitor, collection, form, status=422)
    except RecordReversedError:
        messages.info(request, "This collection was reversed before. It counts for nothing.")
    else:
        if waits:
            return redirect("payments:second-person-act", waits.reference)
        messages.success(request, "Reversed. It stays in the list, struck through.")
    return redirect("payments:collection", collection.reference)
