"""The national treasurer's list of disputes: what to answer at Stripe, and until when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from payments.dispute_records import read_dispute_page
from payments.views.access import Visitor, national_page


@national_page
@require_safe
def dispute_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every dispute, those to be answered first."""
    listed = read_dispute_page(number=request.GET.get("page"))
    context = {"access": visitor.access, "listed": listed, "page": listed.page}
    return render(request, "treasurer/disputes.html", context)
