"""The till, for operators and the national treasurer: what waits, and what to do about it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments import inbox, letters
from payments.forms.till import AlikeForm, CloseForm
from payments.till_state import read_till_state
from payments.views.access import Visitor, till_page


@till_page
@require_safe
def till(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Everything at a glance; each thing that waits with its reason and its button."""
    return _show(request, visitor)


@till_page
@require_http_methods(["GET", "HEAD", "POST"])
def try_again(request: HttpRequest, _visitor: Visitor) -> HttpResponse:
    """Make events due that fail alike."""
    form = AlikeForm(request.POST)
    if request.method == "POST" and form.is_valid():
        tried = inbox.try_again_alike(**form.cleaned_data)
        messages.success(request, f"Tried again at once: {tried}. Look again in a moment.")
    return redirect("payments:till")


@till_page
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Note what was done by hand about events that were put aside."""
    if request.method != "POST":
        return redirect("payments:till")
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _show(request, visitor, form=form, status=422)
    told = form.cleaned_data
    closed = inbox.close_alike_by_hand(
        event_type=told["event_type"],
        last_error=told["last_error"],
        closed_by=visitor.user,
        note=told["note"],
    )
    messages.success(request, f"Closed by hand: {closed}. Your note stands with them.")
    return redirect("payments:till")


@till_page
@require_http_methods(["GET", "HEAD", "POST"])
def send_again(request: HttpRequest, _visitor: Visitor) -> HttpResponse:
    """Send the ticked letters once more."""
    ticked = [int(pk) for pk in request.POST.getlist("letter") if pk.isdecimal()]
    if request.method == "POST":
        sent = letters.send_again(ticked)
        messages.success(request, f"To be sent again: {sent}.")
    return redirect("payments:till")


def _show(
    request: HttpRequest, visitor: Visitor, *, form: CloseForm | None = None, status: int = 200
) -> HttpResponse:
    context = {"access": visitor.access, "state": read_till_state(), "form": form}
    return render(request, "treasurer/till.html", context, status=status)
