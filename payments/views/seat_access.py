"""Who comes to a counting table: whoever has a seat's code, on the phone that took the seat.

A code that never was, has ended or is another table's is answered like any address that does not
exist: 404, for every method. The address is the key, so no answer is cached or named to others.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeAlias

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from payments.counting.codes import seat_code
from payments.counting.seats import SEAT_LASTS, SHEETS_MAY_FOLLOW, NoSeatError, find_seat, is_key_of
from payments.models import Seat
from payments.views.queued import tell_objection, wants_json

COOKIE: Final = "count_seat"

_NO_SEAT: Final = (
    "This seat has ended, or the table is closed. The sheet was not taken and is not counted: show "
    "it to the treasurer."
)
_OTHER_PHONE: Final = (
    "This browser does not hold the seat any more. The sheet was not taken and is not counted: "
    "show it to the treasurer."
)

SeatView: TypeAlias = Callable[..., HttpResponseBase]


def open_seat_page(view: SeatView) -> Callable[..., HttpResponseBase]:
    """For a seat that may still be free."""
    return _seat_page(view, to_send=False, is_taken=False)


def seat_page(view: SeatView) -> Callable[..., HttpResponseBase]:
    """For the phone that took the seat; a free one is taken first."""
    return _seat_page(view, to_send=False, is_taken=True)


def sending_page(view: SeatView) -> Callable[..., HttpResponseBase]:
    """As ``seat_page``, and for some days more: a phone may have had no signal."""
    return _seat_page(view, to_send=True, is_taken=True)


def _seat_page(view: SeatView, *, to_send: bool, is_taken: bool) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def page(request: HttpRequest, code: str, **named: Any) -> HttpResponseBase:  # noqa: ANN401
        try:
            seat = find_seat(code, to_send=to_send)
        except NoSeatError:
            if wants_json(request):
                return tell_objection("no-seat", _NO_SEAT, status=404)
            raise Http404 from None
        response = _admit(request, seat, is_taken=is_taken) or view(request, seat, **named)
        add_never_cache_headers(response)
        # The site's Referrer-Policy, same-origin, keeps the address to ourselves; "no-referrer"
        # would make browsers send forms with a null origin, which are refused.
        response["X-Robots-Tag"] = "noindex"
        return response

    return page


def _admit(request: HttpRequest, seat: Seat, *, is_taken: bool) -> HttpResponse | None:
    if seat.user_id is not None:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if request.user.pk != seat.user_id:
            raise Http404
    if seat.taken_at is None:
        return redirect(address_of(seat)) if is_taken else None
    if seat.user_id is None and not is_key_of(seat, request.COOKIES.get(COOKIE, "")):
        if wants_json(request):
            return tell_objection("other-phone", _OTHER_PHONE, status=403)
        return render(request, "count/other_phone.html", {"seat": seat}, status=403)
    return None


def give_key(request: HttpRequest, response: HttpResponse, seat: Seat, key: str) -> None:
    """Let this phone keep the seat: sent back to the seat's own addresses only."""
    response.set_cookie(
        COOKIE,
        key,
        max_age=SEAT_LASTS + SHEETS_MAY_FOLLOW,
        path=address_of(seat),
        httponly=True,
        secure=request.is_secure(),
        samesite="Strict",
    )


def address_of(seat: Seat) -> str:
    """The one address of a seat's pages, below which its cookie is sent."""
    return reverse("payments:count-seat", args=[seat_code(seat)])
