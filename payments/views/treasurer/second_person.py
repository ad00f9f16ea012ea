"""What waits for a second person: the list, one of them, and the word on it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.closing.tie_out import figures_digest, read_tie_out, total_of
from payments.forms.cards import DeclineForm
from payments.models import TwoPersonAct
from payments.recording import RecordRefusedError
from payments.refund_records import count_to_decide
from payments.two_persons.deciding import ActDecidedError, confirm, decline, withdraw
from payments.two_persons.records import has_another_to_decide, read_act_page, show_act
from payments.views.access import Visitor, treasurer_page, two_person_act_page

_DECIDED = "This was decided before. See below how."


@treasurer_page
@require_safe
def act_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What waits for the visitor, what waits for another, and every act before."""
    access = visitor.access
    listed = read_act_page(visitor.user, access, number=request.GET.get("page"))
    refunds = count_to_decide(visitor.user) if access.is_national_treasurer else 0
    context = {"access": access, "listed": listed, "refunds": refunds}
    return render(request, "treasurer/second_person.html", context)


@two_person_act_page
@require_safe
def act(request: HttpRequest, visitor: Visitor, act: TwoPersonAct) -> HttpResponse:
    """One act: what is asked for, by whom and why, and what became of it."""
    return _show(request, visitor, act, DeclineForm())


def _show(
    request: HttpRequest,
    visitor: Visitor,
    act: TwoPersonAct,
    form: DeclineForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "access": visitor.access,
        "act": act,
        "shown": show_act(act),
        "is_mine": act.asked_by_id == visitor.user.pk,
        "form": form,
    }
    if not act.decision:
        context |= {"has_another": has_another_to_decide(act)} | _figures(act)
    return render(request, "treasurer/second_person_act.html", context, status=status)


def _figures(act: TwoPersonAct) -> dict[str, Any]:
    """To close a period: what it would be signed on now, and whether that has changed."""
    if act.kind != TwoPersonAct.Kind.CLOSE or act.since is None or act.until is None:
        return {}
    tie_out = read_tie_out(act.since, act.until)
    figures = figures_digest(tie_out)
    return {
        "tie_out": tie_out,
        "totals": total_of(tie_out),
        "figures": figures,
        "has_changed": figures != act.figures,
    }


@two_person_act_page
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_act(request: HttpRequest, visitor: Visitor, act: TwoPersonAct) -> HttpResponse:
    """Do it, as the second person. A second time changes nothing and says so."""
    if request.method != "POST":
        return _show(request, visitor, act, DeclineForm())
    try:
        done = confirm(act, by=visitor.user, figures=request.POST.get("figures", ""))
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    except ActDecidedError:
        messages.info(request, _DECIDED)
    else:
        if done.decision == TwoPersonAct.Decision.CONFIRMED:
            messages.success(request, "Confirmed, and done. Thank you.")
    return redirect("payments:second-person-act", act.reference)


@two_person_act_page
@require_http_methods(["GET", "HEAD", "POST"])
def decline_act(request: HttpRequest, visitor: Visitor, act: TwoPersonAct) -> HttpResponse:
    """Refuse it, with a reason, as the second person."""
    if request.method != "POST":
        return _show(request, visitor, act, DeclineForm())
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _show(request, visitor, act, form, status=422)
    try:
        decline(act, by=visitor.user, reason=form.cleaned_data["reason"])
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    except ActDecidedError:
        messages.info(request, _DECIDED)
    return redirect("payments:second-person-act", act.reference)


@two_person_act_page
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_act(request: HttpRequest, visitor: Visitor, act: TwoPersonAct) -> HttpResponse:
    """Take back what one has asked for."""
    if request.method != "POST":
        return _show(request, visitor, act, DeclineForm())
    try:
        withdraw(act, by=visitor.user)
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    except ActDecidedError:
        messages.info(request, _DECIDED)
    return redirect("payments:second-person-act", act.reference)
