"""What the treasury prints: count sheets, bucket labels, pledge slips, as PDF to open or save."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from funds.organisation import read_organisation
from payments.banking.payee import say_payee
from payments.forms.paper import PayeeForm, PledgeSlipsForm
from payments.models import BankAccount, Bucket, Occasion, Seat
from payments.paper.count_sheets import blank_sheets, draw_count_sheets, sheets_of
from payments.paper.labels import draw_labels, labels_of
from payments.paper.pledge_slips import account_to_pay, draw_pledge_slips, slip_of
from payments.recording import RecordRefusedError
from payments.views.access import Visitor, bank_account_page, occasion_page, treasurer_page


@treasurer_page
@require_safe
def paper(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """All that can be printed, in one place."""
    form = PledgeSlipsForm(visitor.access)
    context = {
        "access": visitor.access,
        "form": form,
        "appeals": list(form.fields["appeal"].queryset),  # type: ignore[attr-defined]
        "payee": account_to_pay(read_organisation().currency),
        "accounts": BankAccount.objects.all() if visitor.access.is_national_treasurer else [],
    }
    return render(request, "treasurer/paper.html", context)


@treasurer_page
@require_safe
def blank_count_sheets(_request: HttpRequest, _visitor: Visitor) -> HttpResponse:
    """A sheet for each of two counters, with nothing filled in."""
    organisation = read_organisation()
    sheets = blank_sheets(
        organisation=organisation.name,
        currency=organisation.currency,
        address=_whole(reverse("payments:occasions")),
    )
    return _pdf(draw_count_sheets(sheets), name="count-sheets")


@occasion_page
@require_safe
def count_sheets(request: HttpRequest, _visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """A sheet for each bucket of an occasion and each who counts it."""

    def address(bucket: Bucket, side: Seat.Side) -> str:
        page = reverse("payments:bucket-paper", args=[bucket.reference])
        return _whole(f"{page}?{urlencode({'side': side.value})}")

    sheets = sheets_of(occasion, organisation=read_organisation().name, address=address)
    if not sheets:
        messages.info(request, "Every bucket is counted: there is no sheet to print.")
        return redirect("payments:occasion", occasion.reference)
    return _pdf(draw_count_sheets(sheets), name=f"count-sheets-{occasion.held_on}")


@occasion_page
@require_safe
def labels(_request: HttpRequest, _visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """A label for each bucket of an occasion."""

    def address(bucket: Bucket) -> str:
        return _whole(reverse("payments:bucket", args=[bucket.reference]))

    drawn = labels_of(occasion, organisation=read_organisation().name, address=address)
    return _pdf(draw_labels(drawn), name=f"labels-{occasion.held_on}")


@treasurer_page
@require_safe
def pledge_slips(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Slips for the appeal and the branch that the query names, of those the visitor acts for.

    Where it names none of these, the page on which one chooses.
    """
    form = PledgeSlipsForm(visitor.access, request.GET)
    if not form.is_valid():
        return redirect("payments:paper")
    appeal, branch = form.cleaned_data["appeal"], form.cleaned_data["branch"]
    give = reverse("payments:give", args=[appeal.slug])
    query = f"?{urlencode({'branch': branch.slug})}" if branch else ""
    slip = slip_of(
        appeal, branch, organisation=read_organisation(), address=_whole(f"{give}{query}")
    )
    return _pdf(draw_pledge_slips(slip), name=f"pledge-slips-{appeal.slug}")


@bank_account_page
@require_http_methods(["GET", "HEAD", "POST"])
def payee(request: HttpRequest, visitor: Visitor, account: BankAccount) -> HttpResponse:
    """What slips print of an account: where donors are asked to pay to."""
    if request.method == "POST":
        form = PayeeForm(request.POST)
        if form.is_valid():
            try:
                say_payee(account, by=visitor.user, **form.cleaned_data)
            except RecordRefusedError as refused:
                form.add_error(refused.field, str(refused))
            else:
                messages.success(request, "Kept. Slips that are printed from now on say so.")
                return redirect("payments:paper")
    else:
        form = PayeeForm(
            initial={
                "name": account.payee_name,
                "sort_code": account.payee_sort_code,
                "number": account.payee_number,
            }
        )
    context = {"access": visitor.access, "account": account, "form": form}
    status = 422 if form.errors else 200
    return render(request, "treasurer/payee_form.html", context, status=status)


def _whole(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


def _pdf(drawn: bytes, *, name: str) -> HttpResponse:
    return HttpResponse(
        drawn,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )
