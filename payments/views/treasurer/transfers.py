"""Bank transfers and cheques, for the national treasurer: record, look, list, reverse."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.cash_records import PAGE_SIZE, standing_total, visible_transfers
from payments.forms.fields import with_new_reference
from payments.forms.records import ReverseForm
from payments.forms.transfers import TransferForm
from payments.models import TransferReceipt
from payments.recording import RecordConflictError, RecordRefusedError, RecordReversedError
from payments.transfers import record_transfer
from payments.two_persons.asking import undo_or_ask
from payments.two_persons.records import read_undoing
from payments.views.access import Visitor, national_page, transfer_page


@national_page
@require_safe
def transfer_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every transfer and cheque, newest first. Givers are named on no list."""
    transfers = visible_transfers()
    return render(
        request,
        "treasurer/transfers.html",
        {
            "access": visitor.access,
            "page": Paginator(transfers, PAGE_SIZE).get_page(request.GET.get("page")),
            "totals": standing_total(transfers),
        },
    )


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The form of a transfer. A valid one is recorded, once for its reference."""
    if request.method != "POST":
        return _show_form(request, visitor, TransferForm())
    form = TransferForm(request.POST)
    if not form.is_valid():
        return _show_form(request, visitor, form, status=422)
    reference: UUID = form.cleaned_data["reference"]
    try:
        record_transfer(reference, form.facts(), recorded_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_form(request, visitor, form, status=422)
    except RecordConflictError as conflict:
        anew = TransferForm(with_new_reference(request.POST))
        return _show_form(request, visitor, anew, recorded=conflict.recorded, status=409)
    messages.success(request, "Recorded. Thank you.")
    return redirect("payments:transfer", reference)


def _show_form(
    request: HttpRequest,
    visitor: Visitor,
    form: TransferForm,
    *,
    recorded: TransferReceipt | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"access": visitor.access, "form": form, "recorded": recorded}
    return render(request, "treasurer/transfer_form.html", context, status=status)


@transfer_page
@require_safe
def transfer(request: HttpRequest, visitor: Visitor, receipt: TransferReceipt) -> HttpResponse:
    """One transfer, who it came from, and the form that reverses it."""
    return _show_transfer(request, visitor, receipt, ReverseForm())


def _show_transfer(
    request: HttpRequest,
    visitor: Visitor,
    receipt: TransferReceipt,
    form: ReverseForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "receipt": receipt,
        "undoing": read_undoing(None if receipt.reversed_at else receipt),
        "form": form,
    }
    return render(request, "treasurer/transfer.html", context, status=status)


@transfer_page
@require_http_methods(["GET", "HEAD", "POST"])
def reverse(request: HttpRequest, visitor: Visitor, receipt: TransferReceipt) -> HttpResponse:
    """Reverse a transfer, with a reason, or ask a second person to; a second time says so."""
    if request.method != "POST":
        return _show_transfer(request, visitor, receipt, ReverseForm())
    form = ReverseForm(request.POST)
    if not form.is_valid():
        return _show_transfer(request, visitor, receipt, form, status=422)
    try:
        waits = undo_or_ask(receipt, reason=form.cleaned_data["reason"], by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_transfer(request, visitor, receipt, form, status=422)
    except RecordReversedError:
        messages.info(request, "This was reversed before. It counts for nothing.")
    else:
        if waits:
            return redirect("payments:second-person-act", waits.reference)
        messages.success(request, "Reversed. It stays in the list, struck through.")
    return redirect("payments:transfer", receipt.reference)
