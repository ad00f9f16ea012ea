"""Card donations, for the national treasurer: find one, and see what happened to it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from payments.card_records import (
    read_card_donation_page,
    read_happenings,
    read_postings,
    visible_card_donations,
)
from payments.forms.cards import CardDonationFilterForm
from payments.models import CardDonation
from payments.paid_twice import is_paid_twice
from payments.refund_records import show_order, visible_refund_orders
from payments.refundable import read_refundable
from payments.views.access import Visitor, card_donation_page, national_page


@national_page
@require_safe
def donation_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Card donations, newest first, narrowed by the query. Givers are named on no list."""
    filters = CardDonationFilterForm(request.GET)
    donations = filters.narrow(visible_card_donations())
    return render(
        request,
        "treasurer/card_donations.html",
        {
            "access": visitor.access,
            "filters": filters,
            "listed": read_card_donation_page(donations, number=request.GET.get("page")),
        },
    )


@card_donation_page
@require_safe
def donation(request: HttpRequest, visitor: Visitor, donation: CardDonation) -> HttpResponse:
    """One donation: what happened to its money, the orders about it, and who gave."""
    happenings = read_happenings(donation)
    return render(
        request,
        "treasurer/card_donation.html",
        {
            "access": visitor.access,
            "donation": donation,
            "refundable": read_refundable(donation),
            "is_paid_twice": is_paid_twice(donation),
            "happenings": happenings,
            "postings": read_postings(happenings),
            "orders": [show_order(o) for o in visible_refund_orders().filter(donation=donation)],
        },
    )
