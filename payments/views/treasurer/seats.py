"""Seats at a counting table: open one, show its code to whoever sits there, end it."""

import io

import segno
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from payments.counting.codes import seat_code
from payments.counting.seats import end_seat, open_seat
from payments.models import Occasion, Seat
from payments.recording import RecordRefusedError
from payments.views.access import Visitor, occasion_page, seat_page
from payments.views.seat_access import address_of


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def seat_new(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """Open a seat on a side of the table: for somebody with a code, or for the visitor."""
    back = redirect("payments:occasion", occasion.reference)
    if request.method != "POST" or request.POST.get("side") not in Seat.Side.values:
        return back
    user = visitor.user if request.POST.get("for") == "me" else None
    try:
        seat = open_seat(
            occasion, Seat.Side(request.POST["side"]), opened_by=visitor.user, user=user
        )
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
        return back
    return redirect(address_of(seat)) if user else redirect("payments:seat", seat.reference)


@seat_page
@require_safe
def seat(request: HttpRequest, visitor: Visitor, seat: Seat) -> HttpResponse:
    """The code of a free seat, large, and as a QR code to scan from the phone held out."""
    context = {
        "access": visitor.access,
        "seat": seat,
        "occasion": seat.occasion,
        "code": seat_code(seat),
        "type_at": f"{settings.BASE_URL}{reverse('payments:count')}".split("://", 1)[1],
    }
    response = render(request, "treasurer/seat.html", context)
    response["Cache-Control"] = "no-store"
    return response


@seat_page
@require_safe
def qr_code(_request: HttpRequest, _visitor: Visitor, seat: Seat) -> HttpResponse:
    """The QR code of a free seat's address, as SVG, with the quiet zone that scanners need."""
    if seat.taken_at is not None or seat.ended_at is not None:
        raise Http404
    drawing = io.BytesIO()
    segno.make(f"{settings.BASE_URL}{address_of(seat)}", error="m", micro=False).save(
        drawing, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    response = HttpResponse(drawing.getvalue(), content_type="image/svg+xml")
    response["Cache-Control"] = "no-store"
    return response


@seat_page
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, visitor: Visitor, seat: Seat) -> HttpResponse:
    """Revoke a seat's code. What it handed in stands."""
    if request.method == "POST":
        end_seat(seat, by=visitor.user)
        messages.success(request, "The seat is ended. Its code opens nothing any more.")
    return redirect("payments:occasion", seat.occasion.reference)
