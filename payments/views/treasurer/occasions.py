"""Occasions: open one, see how it stands, begin and close its counting table."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.cash_records import recent_places
from payments.counting.board import read_board, visible_occasions
from payments.counting.standing import read_standing_page
from payments.counting.tables import (
    add_bucket,
    begin_counting,
    call_off,
    close_table,
    open_occasion,
    undo_last_move,
)
from payments.forms.buckets import ReasonForm
from payments.forms.fields import with_new_reference
from payments.forms.occasions import BucketForm, OccasionForm
from payments.models import Occasion
from payments.recording import RecordConflictError, RecordRefusedError
from payments.views.access import Visitor, occasion_page, treasurer_page


@treasurer_page
@require_safe
def occasion_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The treasurer's occasions, latest first, each with how it stands."""
    listed = read_standing_page(visible_occasions(visitor.access), number=request.GET.get("page"))
    context = {"access": visitor.access, "listed": listed}
    return render(request, "treasurer/occasions.html", context)


@treasurer_page
@require_http_methods(["GET", "HEAD", "POST"])
def open_new(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The form of an occasion. A valid one is opened, once for its reference."""
    if request.method != "POST":
        named = {name: request.GET[name] for name in ("appeal", "branch") if name in request.GET}
        return _show_form(request, visitor, OccasionForm(visitor.access, initial=named))
    form = OccasionForm(visitor.access, request.POST)
    if not form.is_valid():
        return _show_form(request, visitor, form, status=422)
    reference: UUID = form.cleaned_data["reference"]
    try:
        open_occasion(reference, form.facts(), opened_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _show_form(request, visitor, form, status=422)
    except RecordConflictError:
        anew = OccasionForm(visitor.access, with_new_reference(request.POST))
        return _show_form(request, visitor, anew, status=409)
    return redirect("payments:occasion", reference)


def _show_form(
    request: HttpRequest, visitor: Visitor, form: OccasionForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "form": form,
        "places": recent_places(visitor.access),
        "is_used": status == 409,
    }
    return render(request, "treasurer/occasion_form.html", context, status=status)


@occasion_page
@require_safe
def occasion(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """One occasion: its buckets, its table, what is to do next, and every step."""
    return _show(request, visitor, occasion)


def _show(
    request: HttpRequest,
    visitor: Visitor,
    occasion: Occasion,
    *,
    bucket_form: BucketForm | None = None,
    reason_form: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "occasion": occasion,
        "board": read_board(occasion),
        "bucket_form": bucket_form or BucketForm(occasion),
        "reason_form": reason_form or ReasonForm(),
    }
    return render(request, "treasurer/occasion.html", context, status=status)


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """Open the table."""
    return _move(request, visitor, occasion, begin_counting, "The table is open. Open its seats.")


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """Close the table, when everything is agreed."""
    return _move(
        request, visitor, occasion, close_table, "Closed. Its codes open nothing any more."
    )


def _move(
    request: HttpRequest,
    visitor: Visitor,
    occasion: Occasion,
    move: Callable[..., None],
    done: str,
) -> HttpResponse:
    if request.method != "POST":
        return _show(request, visitor, occasion)
    try:
        move(occasion, by=visitor.user)
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("payments:occasion", occasion.reference)


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def call_it_off(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """Say that it did not take place, and why."""
    return _move_with_reason(request, visitor, occasion, call_off, "Called off.")


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """Undo the last move of the table, and say why."""
    return _move_with_reason(request, visitor, occasion, undo_last_move, "Undone.")


def _move_with_reason(
    request: HttpRequest,
    visitor: Visitor,
    occasion: Occasion,
    move: Callable[..., None],
    done: str,
) -> HttpResponse:
    if request.method != "POST":
        return _show(request, visitor, occasion)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, visitor, occasion, reason_form=form, status=422)
    try:
        move(occasion, reason=form.cleaned_data["reason"], by=visitor.user)
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("payments:occasion", occasion.reference)


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def bucket_new(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """Add a bucket."""
    if request.method != "POST":
        return _show(request, visitor, occasion)
    form = BucketForm(occasion, request.POST)
    if not form.is_valid():
        return _show(request, visitor, occasion, bucket_form=form, status=422)
    try:
        bucket = add_bucket(occasion, form.facts(), by=visitor.user)
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"Bucket {bucket.number} is added.")
    return redirect("payments:occasion", occasion.reference)
