"""The page about cards: stop and start them, ask for the check, and see what happened."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.forms.switch import CheckForm, PauseForm, ResumeForm
from payments.shield.ending import unwanted_checkouts
from payments.shield.switch import (
    Mode,
    choose_challenge,
    pause_cards,
    read_switch_board,
    resume_cards,
)
from payments.views.access import Visitor, till_page


@till_page
@require_safe
def card_switch(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """How cards stand, the switches, and the history of both."""
    return _show(request, visitor)


@till_page
@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Take no cards from now on."""
    if request.method != "POST":
        return redirect("payments:card-switch")
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _show(request, visitor, pause_form=form)
    told = form.cleaned_data
    if pause_cards(appeal=told["appeal"], why=told["why"], by=visitor.user):
        messages.warning(request, "Paused. Screens and thermometers go on.")
    else:
        messages.info(request, "That was paused already.")
    return redirect("payments:card-switch")


@till_page
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Take cards again."""
    if request.method != "POST":
        return redirect("payments:card-switch")
    form = ResumeForm(request.POST)
    if form.is_valid() and resume_cards(form.cleaned_data["pause"], by=visitor.user):
        messages.success(request, "Cards are taken again.")
    else:
        messages.info(request, "That pause has ended already.")
    return redirect("payments:card-switch")


@till_page
@require_http_methods(["GET", "HEAD", "POST"])
def choose_check(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Say when the check is asked for."""
    if request.method != "POST":
        return redirect("payments:card-switch")
    form = CheckForm(request.POST)
    if not form.is_valid():
        return _show(request, visitor, check_form=form)
    mode = Mode(form.cleaned_data["mode"])
    choose_challenge(mode, why=form.cleaned_data["why"], by=visitor.user)
    messages.success(request, f"The check: {mode.label.lower()}.")
    return redirect("payments:card-switch")


def _show(
    request: HttpRequest,
    visitor: Visitor,
    *,
    pause_form: PauseForm | None = None,
    check_form: CheckForm | None = None,
) -> HttpResponse:
    board = read_switch_board()
    context = {
        "access": visitor.access,
        "board": board,
        "open_checkouts": unwanted_checkouts().count() if board.standing else 0,
        "pause_form": pause_form or PauseForm(),
        "check_form": check_form or CheckForm(initial={"mode": board.mode}),
    }
    is_wrong = pause_form is not None or check_form is not None
    return render(request, "treasurer/card_switch.html", context, status=422 if is_wrong else 200)
