"""The bank's accounts and files, for the national treasurer: send a file, see how it is read."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from funds.money import minor_unit
from payments.banking.files.columns import guess_columns
from payments.banking.files.csv_file import CsvShape, tell_shape
from payments.banking.files.lines import StatementFileError
from payments.banking.importing import ArrivedFile, confirm_columns, forget_columns, keep_file
from payments.banking.records import (
    ShownImport,
    count_proposals,
    read_accounts,
    visible_imports,
)
from payments.forms.bank import BankAccountForm, ColumnsForm, StatementFileForm
from payments.models import BankAccount, StatementImport
from payments.views.access import Visitor, national_page, statement_page

PATH: Final = "/treasurer/bank/files/new/"
"""Where files are sent to: the server takes larger requests there."""

State = StatementImport.State


@national_page
@require_safe
def overview(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Accounts, what waits to be confirmed, and the latest files."""
    context = {
        "access": visitor.access,
        "accounts": read_accounts(),
        "proposals": count_proposals(),
        "imports": visible_imports()[:10],
    }
    return render(request, "treasurer/bank.html", context)


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def new_account(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Name an account of the organisation."""
    form = BankAccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        BankAccount.objects.create(made_by=visitor.user, **form.cleaned_data)
        messages.success(request, "Now send its first statement.")
        return redirect("payments:statement-new")
    context = {"access": visitor.access, "form": form}
    status = 422 if form.errors else 200
    return render(request, "treasurer/bank_account_form.html", context, status=status)


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def send_file(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Send a statement. It is kept, and read by and by."""
    if not BankAccount.objects.exists():
        return redirect("payments:bank-account-new")
    if request.method != "POST":
        account = BankAccount.objects.order_by("-imports__pk").first()
        return _show_file_form(request, visitor, StatementFileForm(initial={"account": account}))
    form = StatementFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show_file_form(request, visitor, form, status=422)
    sent = form.cleaned_data["file"]
    try:
        kept = keep_file(
            form.cleaned_data["account"],
            ArrivedFile(sent.name, sent.read()),
            imported_by=visitor.user,
        )
    except StatementFileError as error:
        form.add_error("file", str(error))
        return _show_file_form(request, visitor, form, status=422)
    if kept.state == State.COLUMNS:
        return redirect("payments:statement-columns", kept.reference)
    return redirect("payments:statement", kept.reference)


def _show_file_form(
    request: HttpRequest, visitor: Visitor, form: StatementFileForm, *, status: int = 200
) -> HttpResponse:
    context = {"access": visitor.access, "form": form}
    return render(request, "treasurer/statement_form.html", context, status=status)


@statement_page
@require_safe
def statement(request: HttpRequest, visitor: Visitor, kept: StatementImport) -> HttpResponse:
    """One file: how far it is, and what it brought. Looks again by itself while it is read."""
    looked = request.GET.get("looked", "")
    context = {
        "access": visitor.access,
        "kept": kept,
        "shown": ShownImport(kept, int(looked) if looked.isdecimal() and len(looked) < 5 else 0),
        "proposals": count_proposals(),
    }
    return render(request, "treasurer/statement.html", context)


@statement_page
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, visitor: Visitor, kept: StatementImport) -> HttpResponse:
    """Say what the columns of a CSV mean, having seen how its first rows are read."""
    if kept.state == State.REFUSED and request.method == "POST" and forget_columns(kept):
        return redirect("payments:statement-columns", kept.reference)
    if kept.state != State.COLUMNS:
        return redirect("payments:statement", kept.reference)
    shape = tell_shape(bytes(kept.file.content))
    decimals = len(str(minor_unit(kept.account.currency))) - 1
    guess = guess_columns(shape.header, shape.sample)
    if request.method != "POST":
        return _show_columns(
            request, visitor, kept, shape, ColumnsForm(shape, decimals, guess=guess)
        )
    form = ColumnsForm(shape, decimals, request.POST, guess=guess)
    is_valid = form.is_valid()
    if not is_valid or "confirmed" not in request.POST:
        status = 200 if is_valid else 422
        return _show_columns(request, visitor, kept, shape, form, status=status)
    confirm_columns(kept, form.columns(), confirmed_by=visitor.user)
    return redirect("payments:statement", kept.reference)


def _show_columns(
    request: HttpRequest,
    visitor: Visitor,
    kept: StatementImport,
    shape: CsvShape,
    form: ColumnsForm,
    *,
    status: int = 200,
) -> HttpResponse:
    """The form, and below it how the first rows are read as it stands."""
    context = {
        "access": visitor.access,
        "kept": kept,
        "form": form,
        "raw": shape.sample[:3],
        "header": shape.header,
        "lines": form.preview_as_it_stands(),
        "currency": kept.account.currency,
    }
    return render(request, "treasurer/statement_columns.html", context, status=status)
