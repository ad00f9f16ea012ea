"""Paying in: bank what is in hand, look at it, print its slip, undo it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from funds.organisation import read_organisation
from payments.cash_records import PAGE_SIZE, standing_total
from payments.cheque_records import cheques_in_hand, cheques_of, show_cheques, with_states
from payments.forms.bank import UndoForm
from payments.forms.fields import with_new_reference
from payments.forms.paying_in import PayingInForm
from payments.models import PayingIn
from payments.paying_in import pay_in
from payments.paying_in_records import (
    at_bank,
    collections_of,
    read_in_hand,
    read_slip,
    suggest_slip_number,
    visible_payings_in,
    with_what_the_bank_says,
)
from payments.paying_in_slip import draw_slip
from payments.recording import RecordConflictError, RecordRefusedError, RecordReversedError
from payments.two_persons.asking import undo_or_ask
from payments.two_persons.records import read_undoing
from payments.views.access import Visitor, paying_in_page, treasurer_page


@treasurer_page
@require_safe
def paying_in_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What was paid in, newest first."""
    payings_in = visible_payings_in(visitor.access)
    return render(
        request,
        "treasurer/payings_in.html",
        {
            "access": visitor.access,
            "page": Paginator(with_what_the_bank_says(payings_in), PAGE_SIZE).get_page(
                request.GET.get("page")
            ),
            "totals": standing_total(payings_in),
        },
    )


@treasurer_page
@require_http_methods(["GET", "HEAD", "POST"])
def bank(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Bank what is in hand. A valid form is recorded, once for its reference."""
    if request.method != "POST":
        initial = {
            "slip_number": suggest_slip_number(visitor.access),
            "paid_in_by": visitor.user.get_full_name(),
        }
        form = _form(visitor, initial=initial)
        return _show_form(request, visitor, form)
    if sent_before := _recorded_before(request, visitor):
        return redirect("payments:paying-in", sent_before.reference)
    form = _form(visitor, request.POST)
    if not form.is_valid():
        return _show_form(request, visitor, form, status=422)
    reference: UUID = form.cleaned_data["reference"]
    try:
        pay_in(reference, form.facts(), recorded_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_form(request, visitor, form, status=422)
    except RecordConflictError:
        anew = _form(visitor, with_new_reference(request.POST))
        return _show_form(request, visitor, anew, used_before=True, status=409)
    messages.success(request, "Recorded. Thank you. Keep the bank's receipt.")
    return redirect("payments:paying-in", reference)


def _form(
    visitor: Visitor, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None
) -> PayingInForm:
    cheques = list(cheques_in_hand(visitor.access))
    return PayingInForm(read_in_hand(visitor.access), data, cheques=cheques, initial=initial)


def _recorded_before(request: HttpRequest, visitor: Visitor) -> PayingIn | None:
    """The same form again: its collections are in hand no more, and that is no mistake."""
    try:
        reference = UUID(request.POST.get("reference", ""))
    except ValueError:
        return None
    found = visible_payings_in(visitor.access).filter(reference=reference).first()
    if found is None:
        return None
    held = {str(one.reference) for one in collections_of(found)}
    listed = {str(one.reference) for one in cheques_of(found)}
    is_same = (
        listed == set(request.POST.getlist("cheques"))
        and held == set(request.POST.getlist("collections"))
        and found.slip_number == request.POST.get("slip_number", "").strip()
    )
    return found if is_same else None


def _show_form(
    request: HttpRequest,
    visitor: Visitor,
    form: PayingInForm,
    *,
    used_before: bool = False,
    status: int = 200,
) -> HttpResponse:
    collections = [one.collection for one in form.in_hand]
    currencies = sorted({one.amount.currency.code for one in collections})
    context = {
        "access": visitor.access,
        "form": form,
        "used_before": used_before,
        "slips": [
            read_slip(
                (one for one in collections if one.amount.currency.code == currency),
                currency=currency,
            )
            for currency in currencies
        ],
    }
    return render(request, "treasurer/paying_in_form.html", context, status=status)


@paying_in_page
@require_safe
def paying_in(request: HttpRequest, visitor: Visitor, paying_in: PayingIn) -> HttpResponse:
    """One paying-in, what is in it, and the form that undoes it."""
    return _show(request, visitor, paying_in, UndoForm())


def _show(
    request: HttpRequest,
    visitor: Visitor,
    paying_in: PayingIn,
    form: UndoForm,
    *,
    status: int = 200,
) -> HttpResponse:
    collections = collections_of(paying_in)
    context: dict[str, Any] = {
        "access": visitor.access,
        "paying_in": paying_in,
        "collections": collections,
        "at_bank": at_bank(paying_in),
        "slip": read_slip(collections, currency=paying_in.amount.currency.code),
        "cheques": show_cheques(with_states(cheques_of(paying_in))),
        "undoing": read_undoing(None if paying_in.reversed_at else paying_in),
        "form": form,
    }
    return render(request, "treasurer/paying_in.html", context, status=status)


@paying_in_page
@require_safe
def slip(_request: HttpRequest, _visitor: Visitor, paying_in: PayingIn) -> HttpResponse:
    """The slip to print, as PDF."""
    drawn = draw_slip(
        paying_in,
        read_slip(collections_of(paying_in), currency=paying_in.amount.currency.code),
        cheques=list(cheques_of(paying_in)),
        address=settings.BASE_URL + reverse("payments:paying-in", args=[paying_in.reference]),
        organisation=read_organisation().name,
    )
    name = f"paying-in-{paying_in.paid_in_on}-{paying_in.reference}.pdf"
    return HttpResponse(
        drawn,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@paying_in_page
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, visitor: Visitor, paying_in: PayingIn) -> HttpResponse:
    """Undo a paying-in, with a reason, or ask a second person to; a second time says so."""
    if request.method != "POST":
        return _show(request, visitor, paying_in, UndoForm())
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _show(request, visitor, paying_in, form, status=422)
    try:
        waits = undo_or_ask(paying_in, reason=form.cleaned_data["reason"], by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show(request, visitor, paying_in, form, status=422)
    except RecordReversedError:
        messages.info(request, "This was undone before. Its collections are in hand.")
    else:
        if waits:
            return redirect("payments:second-person-act", waits.reference)
        messages.success(request, "Undone. What was in it is in hand again.")
    return redirect("payments:paying-in", paying_in.reference)
