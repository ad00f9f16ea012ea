"""The reconciliation with Stripe, for the national treasurer: figures, and what is behind them."""

import csv
from collections.abc import Iterator

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.balance import listing
from payments.balance.allocation import (
    AllocationRefusedError,
    book_as_unallocated,
    may_be_reallocated,
    may_be_unallocated,
    reallocate,
)
from payments.balance.matching import Scope, read_entries_by_part, read_reasons
from payments.balance.reconciliation import (
    NAMES,
    WHY,
    read_currencies,
    read_reconciliation,
)
from payments.forms.reconciliation import ScopeForm, read_part, read_reason
from payments.models import BalanceLine, Payout
from payments.periods import usual_periods
from payments.recording import local_today
from payments.views.access import Visitor, line_page, national_page, payout_page

_LATEST_PAYOUTS = 10


@national_page
@require_safe
def reconciliation(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """A period's figures on both sides, why they differ, and the payouts."""
    form = _scope_form(request)
    scope = form.scope()
    payouts = Payout.objects.filter(
        currency=scope.currency,
        created_at__date__gte=scope.since,
        created_at__date__lte=scope.until,
    )
    return render(
        request,
        "treasurer/reconciliation.html",
        {
            "access": visitor.access,
            "form": form,
            "scope": scope,
            "periods": usual_periods(local_today()),
            "report": read_reconciliation(scope),
            "payouts": listing.read_payout_details(list(payouts[:_LATEST_PAYOUTS])),
            "payout_count": payouts.count(),
        },
        status=200 if form.is_valid() else 422,
    )


@national_page
@require_safe
def line_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Stripe's lines of one part of a period."""
    scope, part = _scope_form(request).scope(), read_part(request.GET)
    lines = listing.lines_of_part(scope, part)
    page = Paginator(lines, listing.PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "access": visitor.access,
        "scope": scope,
        "title": NAMES[part],
        "page": page,
        "rows": listing.list_lines(list(page.object_list), scope, part),
        "count": page.paginator.count,
        "figure": "Amount",
    }
    return render(request, "treasurer/balance_lines.html", context)


@national_page
@require_safe
def why(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The lines and entries for which one reason of a difference stands."""
    scope, reason = _scope_form(request).scope(), read_reason(request.GET)
    count, _ = read_reasons(scope).get(reason, (0, 0))
    found = listing.with_reason(scope, reason, count=count)
    page = Paginator(found, listing.PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "access": visitor.access,
        "scope": scope,
        "title": WHY[reason],
        "page": page,
        "rows": list(page.object_list),
        "count": count,
        "figure": "Difference",
    }
    return render(request, "treasurer/balance_lines.html", context)


@national_page
@require_safe
def entry_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The books' entries of one part of a period, each with its line at Stripe."""
    scope, part = _scope_form(request).scope(), read_part(request.GET)
    count, _ = read_entries_by_part(scope).get(part.value, (0, 0))
    entries = listing.entries_of_part(scope, part, count=count)
    page = Paginator(entries, listing.PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "access": visitor.access,
        "scope": scope,
        "title": NAMES[part],
        "page": page,
        "rows": list(page.object_list),
        "count": count,
    }
    return render(request, "treasurer/balance_entries.html", context)


@national_page
@require_safe
def line_csv(request: HttpRequest, _visitor: Visitor) -> HttpResponseBase:
    """Stripe's lines of a period as a spreadsheet, written while they are read."""
    scope = _scope_form(request).scope()
    response = StreamingHttpResponse(_csv(scope), content_type="text/csv; charset=utf-8")
    name = f"stripe-{scope.currency}-{scope.since}-{scope.until}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@line_page
@require_safe
def line(request: HttpRequest, visitor: Visitor, found: BalanceLine) -> HttpResponse:
    """One line of Stripe's, every entry that it leads to, and what a person may decide."""
    context = {
        "access": visitor.access,
        "detail": listing.read_line_detail(found),
        "may_be_unallocated": may_be_unallocated(found),
        "may_be_reallocated": may_be_reallocated(found),
    }
    return render(request, "treasurer/balance_line.html", context)


@line_page
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, visitor: Visitor, found: BalanceLine) -> HttpResponse:
    """A person decides: to unallocated receipts, or back from there to its donation."""
    if request.method == "POST":
        act = reallocate if request.POST.get("as") == "ours" else book_as_unallocated
        try:
            act(found, decided_by=visitor.user)
        except AllocationRefusedError as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Decided, and booked.")
    return redirect("payments:balance-line", found.stripe_id)


@national_page
@require_safe
def payout_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every payout, newest first, with what its lines do not add up to."""
    page = Paginator(Payout.objects.all(), listing.PAGE_SIZE).get_page(request.GET.get("page"))
    payouts = listing.read_payout_details(list(page.object_list))
    context = {"access": visitor.access, "page": page, "payouts": payouts}
    return render(request, "treasurer/payouts.html", context)


@payout_page
@require_safe
def payout(request: HttpRequest, visitor: Visitor, found: Payout) -> HttpResponse:
    """One payout: where it is, and the lines that it pays out."""
    contents = Paginator(listing.contents_of(found), listing.PAGE_SIZE)
    (detail,) = listing.read_payout_details([found])
    context = {
        "access": visitor.access,
        "detail": detail,
        "page": contents.get_page(request.GET.get("page")),
    }
    return render(request, "treasurer/payout.html", context)


def _scope_form(request: HttpRequest) -> ScopeForm:
    usual = usual_periods(local_today())[0]
    return ScopeForm(request.GET, currencies=read_currencies(), usual=usual)


def _csv(scope: Scope) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(listing.CSV_COLUMNS)
    for row in listing.csv_rows(scope):
        yield writer.writerow(row)


class _Echo:
    """A file that hands each row back in place of keeping it."""

    def write(self, row: str) -> str:
        """The row."""
        return row
