"""Donations that were paid twice: seen by the national treasurer, paid back at Stripe or meant."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.models import CardDonation
from payments.paid_twice import note_meant, read_paid_twice
from payments.views.access import Visitor, national_page, second_payment_page


@national_page
@require_safe
def paid_twice_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Both payments of each, and what to do; those that are seen to below."""
    context = {"access": visitor.access, "found": read_paid_twice()}
    return render(request, "treasurer/paid_twice.html", context)


@second_payment_page
@require_http_methods(["GET", "HEAD", "POST"])
def meant(request: HttpRequest, visitor: Visitor, donation: CardDonation) -> HttpResponse:
    """Note that the donor meant to give again; a second time changes nothing."""
    if request.method == "POST":
        note_meant(donation, noted_by=visitor.user)
        messages.success(request, "Noted: the donor meant both. Both stay.")
    return redirect("payments:paid-twice")
