"""A counter's pages: sit down, count one bucket at a time, hand in. Blind, and without an account.

``sheets`` takes a form from the page and the same fields as JSON from a phone's queue.
"""

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appeals.templatetags.money import money
from payments.counting.blind import CounterBucket, needs_witness, read_buckets
from payments.counting.codes import seat_code
from payments.counting.hand_in import SheetNotTakenError, hand_in
from payments.counting.seats import NoSeatError, find_seat, sit
from payments.denominations import lines_on
from payments.forms.cash import pieces_field_name
from payments.forms.sheets import (
    CHEQUE_ROWS,
    YES,
    CodeForm,
    SheetForm,
    SitForm,
    group_of,
    large_gift_limit,
)
from payments.models import Seat
from payments.recording import RecordRefusedError
from payments.views.queued import tell_errors, tell_objection, wants_json
from payments.views.seat_access import (
    address_of,
    give_key,
    open_seat_page,
    seat_page,
    sending_page,
)

_STATUS_OF_NEW: Final = {True: 201, False: 200}


@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """One box for the code; a code that is none is told so, and nothing else."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect(address_of(find_seat(form.cleaned_data["code"])))
        except NoSeatError:
            form.add_error(
                "code", "This code opens nothing now. Look again, or ask the treasurer for another."
            )
    status = 422 if form.errors else 200
    return render(request, "count/enter_code.html", {"form": form}, status=status)


@open_seat_page
@require_http_methods(["GET", "HEAD", "POST"])
def table(request: HttpRequest, seat: Seat) -> HttpResponseBase:
    """A free seat is taken here; at a taken one, the buckets and what is to do with each."""
    if request.path != address_of(seat):
        return redirect(address_of(seat))
    if seat.taken_at is None:
        return _sit(request, seat)
    buckets = read_buckets(seat)
    context = {
        "seat": seat,
        "code": seat_code(seat),
        "buckets": buckets,
        "to_count": sum(bucket.is_to_count for bucket in buckets),
        "handed_in": request.GET.get("handed-in", ""),
    }
    return render(request, "count/table.html", context)


def _sit(request: HttpRequest, seat: Seat) -> HttpResponse:
    form = SitForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        told = form.cleaned_data
        try:
            key = sit(
                seat,
                name=told["name"],
                is_related=told["related"] == YES,
                related_note=told["related_note"],
            )
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
        else:
            response = redirect(address_of(seat))
            give_key(request, response, seat, key)
            return response
    status = 422 if form.errors else 200
    return render(request, "count/sit.html", {"seat": seat, "form": form}, status=status)


@seat_page
@require_safe
def count(request: HttpRequest, seat: Seat, number: int) -> HttpResponse:
    """The count sheet of one bucket, empty, if this counter counts it now."""
    bucket = _find(seat, number)
    if bucket is None or not bucket.is_to_count:
        return redirect(address_of(seat))
    form = SheetForm(seat, initial={"bucket": bucket.number, "round": bucket.round})
    return _show_sheet(request, seat, bucket, form)


def _find(seat: Seat, number: int) -> CounterBucket | None:
    return next((found for found in read_buckets(seat) if found.number == number), None)


def _show_sheet(
    request: HttpRequest,
    seat: Seat,
    bucket: CounterBucket | None,
    form: SheetForm,
    *,
    status: int = 200,
    objection: str = "",
) -> HttpResponse:
    context = {
        "seat": seat,
        "code": seat_code(seat),
        "bucket": bucket,
        "form": form,
        "objection": objection,
    }
    return render(request, "count/sheet.html", context, status=status)


@csrf_exempt  # the address is a secret that a forger lacks, and the cookie goes nowhere else
@sending_page
@require_POST
def sheets(request: HttpRequest, seat: Seat) -> HttpResponseBase:
    """Take a count sheet, once for its id. Answers a page, or JSON where that is asked for.

    201 for a new one, 200 for one that is known, 409 for one that the table does not take (its
    ``objection`` says why; only ``early`` is worth sending again), 422 for one that cannot be
    right. No answer holds a figure that is not agreed.
    """
    form = SheetForm(seat, _told(request))
    if not form.is_valid():
        return _refuse(request, seat, form)
    told = form.hand_in()
    try:
        result = hand_in(seat, told)
    except RecordRefusedError as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _refuse(request, seat, form)
    except SheetNotTakenError as error:
        return _object(request, seat, form, error)
    if not wants_json(request):
        return redirect(f"{address_of(seat)}?{urlencode({'handed-in': told.bucket})}")
    bucket = _find(seat, result.bucket.number)
    assert bucket is not None
    answer = {"sheet": str(told.reference), "is_new": result.is_new, "bucket": _as_json(bucket)}
    return JsonResponse(answer, status=_STATUS_OF_NEW[result.is_new])


def _told(request: HttpRequest) -> dict[str, Any] | Any:  # noqa: ANN401 - a form's data
    """The fields, from a form or from a flat JSON object; what is neither has none."""
    if request.content_type != "application/json":
        return request.POST
    try:
        told = json.loads(request.body)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    plain = {name: value for name, value in told.items() if isinstance(value, str | int | bool)}
    return {name: value if isinstance(value, bool) else str(value) for name, value in plain.items()}


def _refuse(request: HttpRequest, seat: Seat, form: SheetForm) -> HttpResponseBase:
    if wants_json(request):
        return tell_errors(form)
    return _show_sheet(request, seat, _find_told(seat, form), form, status=422)


def _object(
    request: HttpRequest, seat: Seat, form: SheetForm, error: SheetNotTakenError
) -> HttpResponseBase:
    if wants_json(request):
        return tell_objection(error.objection, str(error))
    bucket = _find_told(seat, form)
    return _show_sheet(request, seat, bucket, form, status=409, objection=str(error))


def _find_told(seat: Seat, form: SheetForm) -> CounterBucket | None:
    number = form.cleaned_data.get("bucket")
    return _find(seat, number) if number else None


@seat_page
@require_safe
def table_json(_request: HttpRequest, seat: Seat) -> HttpResponseBase:
    """The table as this counter may know it, with the lines of its sheet: to count offline by."""
    occasion = seat.occasion
    currency = occasion.appeal.currency
    limit = large_gift_limit(currency)
    return JsonResponse(
        {
            "occasion": occasion.name,
            "branch": occasion.branch.name,
            "held_on": occasion.held_on.isoformat(),
            "counter": seat.sitter,
            "side": seat.side,
            "expires_at": seat.expires_at.isoformat(),
            "currency": currency,
            "asks_for_witness": needs_witness(seat),
            "large_gift_limit": money(limit) if limit else None,
            "cheque_rows": CHEQUE_ROWS,
            "lines": [
                {
                    "name": pieces_field_name(currency, piece.face_minor)
                    if not piece.issue
                    else f"count_{currency}_{piece.key}",
                    "label": piece.label,
                    "face_minor": piece.face_minor,
                    "group": group_of(piece),
                }
                for piece in lines_on(currency, on=occasion.held_on)
            ],
            "buckets": [_as_json(bucket) for bucket in read_buckets(seat)],
        }
    )


def _as_json(bucket: CounterBucket) -> dict[str, object]:
    return {
        "number": bucket.number,
        "seal_number": bucket.seal_number,
        "round": bucket.round,
        "turn": bucket.turn,
        "is_to_count": bucket.is_to_count,
        "message": bucket.message,
    }
