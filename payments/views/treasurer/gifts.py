"""Large single donations: taken out of a bucket by name; and who gave them, for who may know."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from donors.sealed import UnreadableGiverError
from payments.counting.board import named_gifts
from payments.counting.gifts import read_giver, record_gift
from payments.forms.fields import with_new_reference
from payments.forms.gifts import GiftForm
from payments.forms.sheets import large_gift_limit
from payments.models import NamedGift, Occasion
from payments.recording import RecordConflictError, RecordRefusedError
from payments.views.access import Visitor, named_gift_page, occasion_page, registrar_page


@occasion_page
@require_http_methods(["GET", "HEAD", "POST"])
def gift_new(request: HttpRequest, visitor: Visitor, occasion: Occasion) -> HttpResponse:
    """The form of a donation over the limit. A valid one is recorded, once for its reference."""
    if request.method != "POST":
        counter = {"counted_by": visitor.user.get_full_name()}
        return _show_form(request, visitor, occasion, GiftForm(occasion, initial=counter))
    form = GiftForm(occasion, request.POST)
    if not form.is_valid():
        return _show_form(request, visitor, occasion, form, status=422)
    reference: UUID = form.cleaned_data["reference"]
    try:
        gift = record_gift(occasion, reference, form.facts(), recorded_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _show_form(request, visitor, occasion, form, status=422)
    except RecordConflictError:
        anew = GiftForm(occasion, with_new_reference(request.POST))
        return _show_form(request, visitor, occasion, anew, status=409)
    is_taken = gift.outcome == NamedGift.Outcome.ACCEPTED
    messages.success(
        request,
        "Recorded, and the giver's details are sealed."
        if is_taken
        else "Written down: refused and given back.",
    )
    return redirect("payments:occasion", occasion.reference)


def _show_form(
    request: HttpRequest,
    visitor: Visitor,
    occasion: Occasion,
    form: GiftForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "occasion": occasion,
        "form": form,
        "limit": large_gift_limit(occasion.appeal.currency),
        "is_used": status == 409,
    }
    response = render(request, "treasurer/gift_form.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@registrar_page
@require_safe
def giver_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every donation over the limit that came in cash or by cheque; no giver is opened."""
    context = {"access": visitor.access, "gifts": named_gifts()[:500]}
    return render(request, "treasurer/givers.html", context)


@named_gift_page
@require_http_methods(["GET", "HEAD", "POST"])
def giver(request: HttpRequest, visitor: Visitor, gift: NamedGift) -> HttpResponse:
    """One donation; its giver is opened by a button, and that it was is written down."""
    context = {"access": visitor.access, "gift": gift, "details": None, "is_unreadable": False}
    if request.method == "POST":
        try:
            context["details"] = read_giver(gift, by=visitor.user)
        except UnreadableGiverError:
            context["is_unreadable"] = True
    response = render(request, "treasurer/giver.html", context)
    response["Cache-Control"] = "no-store"
    return response
