"""Cheques: how far each is; that it has cleared, or that it went back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.cheque_records import (
    read_cheque_page,
    read_due_cheques,
    show_cheques,
    visible_cheques,
    with_states,
)
from payments.cheques import clear_cheque, return_cheque
from payments.forms.cheques import ClearForm, ReturnForm
from payments.models import Cheque
from payments.recording import RecordRefusedError
from payments.views.access import (
    Visitor,
    cheque_page,
    national_cheque_page,
    national_page,
    treasurer_page,
)


@treasurer_page
@require_safe
def cheque_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The treasurer's cheques, newest first; above them those that may count as cleared."""
    cheques = visible_cheques(visitor.access)
    is_national = visitor.access.is_national_treasurer
    context = {
        "access": visitor.access,
        "listed": read_cheque_page(cheques, number=request.GET.get("page")),
        "due": read_due_cheques(cheques) if is_national else [],
    }
    return render(request, "treasurer/cheques.html", context)


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def clear_due(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Say of the ticked ones that they cleared on the day that is proposed."""
    if request.method == "POST":
        ticked = set(request.POST.getlist("cheque"))
        done = 0
        for row in read_due_cheques(visible_cheques(visitor.access)):
            if str(row.cheque.reference) not in ticked or row.clears_on is None:
                continue
            try:
                clear_cheque(row.cheque, cleared_on=row.clears_on, by=visitor.user)
                done += 1
            except RecordRefusedError as refused:
                messages.error(request, str(refused))
        if done:
            messages.success(request, f"Cleared: {done}. They are raised now.")
    return redirect("payments:cheques")


@cheque_page
@require_safe
def cheque(request: HttpRequest, visitor: Visitor, cheque: Cheque) -> HttpResponse:
    """One cheque: where it was found, its slip, and what became of it."""
    return _show(request, visitor, cheque.reference)


def _show(
    request: HttpRequest,
    visitor: Visitor,
    reference: UUID,
    *,
    clear_form: ClearForm | None = None,
    return_form: ReturnForm | None = None,
    status: int = 200,
) -> HttpResponse:
    found = visible_cheques(visitor.access).filter(reference=reference)
    (row,) = show_cheques(with_states(found))
    context = {
        "access": visitor.access,
        "row": row,
        "cheque": row.cheque,
        "clear_form": clear_form or ClearForm(initial={"cleared_on": row.clears_on}),
        "return_form": return_form or ReturnForm(),
    }
    return render(request, "treasurer/cheque.html", context, status=status)


@national_cheque_page
@require_http_methods(["GET", "HEAD", "POST"])
def clear(request: HttpRequest, visitor: Visitor, cheque: Cheque) -> HttpResponse:
    """Say on which day it cleared."""
    if request.method != "POST":
        return _show(request, visitor, cheque.reference)
    form = ClearForm(request.POST)
    if form.is_valid():
        try:
            clear_cheque(cheque, cleared_on=form.cleaned_data["cleared_on"], by=visitor.user)
        except RecordRefusedError as refused:
            form.add_error("cleared_on", str(refused))
    if form.errors:
        return _show(request, visitor, cheque.reference, clear_form=form, status=422)
    messages.success(request, "Cleared. It is raised now.")
    return redirect("payments:cheque", cheque.reference)


@cheque_page
@require_http_methods(["GET", "HEAD", "POST"])
def give_back(request: HttpRequest, visitor: Visitor, cheque: Cheque) -> HttpResponse:
    """Say that it went back, and why."""
    if request.method != "POST":
        return _show(request, visitor, cheque.reference)
    form = ReturnForm(request.POST)
    if form.is_valid():
        try:
            return_cheque(
                cheque,
                returned_on=form.cleaned_data["returned_on"],
                reason=form.cleaned_data["reason"],
                by=visitor.user,
                may_reverse=visitor.access.is_national_treasurer,
            )
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
    if form.errors:
        return _show(request, visitor, cheque.reference, return_form=form, status=422)
    messages.success(request, "Written down: it went back, and counts for nothing.")
    return redirect("payments:cheque", cheque.reference)
