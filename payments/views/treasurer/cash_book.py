"""The cash book on screen, to print and as a spreadsheet: of the visitor's own branches."""

import csv
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from funds.organisation import read_organisation
from payments.closing.cash_book import CashBook, periods_on_offer, read_cash_book
from payments.closing.cash_book_pdf import draw_cash_book
from payments.closing.columns import cash_book_rows
from payments.closing.tie_out import total_of
from payments.forms.periods import CashBookForm
from payments.periods import quarter_of, usual_periods
from payments.recording import local_today
from payments.views.access import Visitor, treasurer_page

PAGE_SIZE: Final = 100


@treasurer_page
@require_safe
def cash_book(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The tie-out of every branch that the visitor sees; of one branch, its lines as well."""
    form, book = _read(request, visitor)
    context: dict[str, Any] = {
        "access": visitor.access,
        "form": form,
        "book": book,
        "totals": total_of(book.tie_out),
        "periods": periods_on_offer(usual_periods(local_today())),
    }
    if len(book.books) == 1:
        lines = Paginator(book.books[0].lines, PAGE_SIZE).get_page(request.GET.get("page"))
        context |= {"branch_book": book.books[0], "page": lines}
    status = 200 if form.is_valid() else 422
    return render(request, "treasurer/cash_book.html", context, status=status)


@treasurer_page
@require_safe
def pdf(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The same to print and sign."""
    _, book = _read(request, visitor)
    drawn = draw_cash_book(book, organisation=read_organisation().name)
    return HttpResponse(
        drawn,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{_name(book)}.pdf"'},
    )


@treasurer_page
@require_safe
def spreadsheet(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The same for a spreadsheet."""
    _, book = _read(request, visitor)
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{_name(book)}.csv"'},
    )
    csv.writer(response).writerows(cash_book_rows(book))
    return response


def _read(request: HttpRequest, visitor: Visitor) -> tuple[CashBookForm, CashBook]:
    form = CashBookForm(visitor.access, request.GET, usual=quarter_of(local_today()))
    chosen = form.cleaned_data["branch"] if form.is_valid() else None
    branches = [chosen] if chosen else list(form.branches)
    if not form.is_valid() and "branch" in form.errors:
        branches = []
    return form, read_cash_book(form.period(), branches, visitor.access, now=timezone.now())


def _name(book: CashBook) -> str:
    return f"cash-book-{book.period.since}-{book.period.until}"
