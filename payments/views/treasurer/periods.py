"""Periods, for the national treasurer: what is closed, close the next, open the newest again."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from funds.closing import read_newest_close
from funds.models import PeriodClose
from funds.organisation import read_organisation
from payments.closing import periods
from payments.closing.checklist import read_open_items
from payments.closing.late import read_late
from payments.closing.tie_out import figures_digest, read_signed_tie_out, read_tie_out, total_of
from payments.forms.periods import CloseForm, ReopenForm
from payments.periods import Period
from payments.recording import RecordRefusedError
from payments.two_persons.asking import ask_to_close, ask_to_reopen
from payments.two_persons.records import read_waiting_about_periods
from payments.views.access import Visitor, national_page, period_page


@national_page
@require_safe
def period_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every closed period, newest first, and what is to be closed next."""
    context = {
        "access": visitor.access,
        "closes": PeriodClose.objects.select_related("closed_by", "confirmed_by"),
        "newest": read_newest_close(),
        "next": periods.read_next_period(),
        "waiting": read_waiting_about_periods(),
    }
    return render(request, "treasurer/periods.html", context)


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What would be closed: what is open in it, what came late, its tie-out; then the closing."""
    following = periods.read_next_period()
    usual = {"since": following.since, "until": following.until}
    if request.method != "POST":
        asked = {name: request.GET[name] for name in usual if request.GET.get(name)}
        return _show_close(request, visitor, CloseForm(usual | asked))
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _show_close(request, visitor, form, status=422)
    facts = periods.PeriodFacts(**form.cleaned_data)
    try:
        if read_organisation().needs_second_person_to_close():
            waits = ask_to_close(facts, by=visitor.user)
            return redirect("payments:second-person-act", waits.reference)
        closed = periods.close(facts, closed_by=visitor.user, confirmed_by=None)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_close(request, visitor, form, status=422)
    messages.success(request, f"{closed.name} is closed.")
    return redirect("payments:period", closed.reference)


def _show_close(
    request: HttpRequest, visitor: Visitor, form: CloseForm, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "access": visitor.access,
        "form": form,
        "newest": read_newest_close(),
        "waiting": read_waiting_about_periods(),
        "by_two": read_organisation().needs_second_person_to_close(),
    }
    if form.is_valid() or form.cleaned_data.keys() >= {"since", "until"}:
        context |= _preview(form)
    return render(request, "treasurer/period_close.html", context, status=status)


def _preview(form: CloseForm) -> dict[str, Any]:
    since, until = form.cleaned_data["since"], form.cleaned_data["until"]
    try:
        periods.require_closable(since, until)
    except RecordRefusedError as refused:
        if not form.errors:
            form.add_error(refused.field, str(refused))
        return {}
    tie_out = read_tie_out(since, until)
    return {
        "period": Period(periods.name_of(since, until), since, until),
        "tie_out": tie_out,
        "totals": total_of(tie_out),
        "figures": figures_digest(tie_out),
        "open_items": read_open_items(until),
        "late": read_late(since, until),
    }


@period_page
@require_safe
def period(request: HttpRequest, visitor: Visitor, closed: PeriodClose) -> HttpResponse:
    """One closed period: the figures that it was signed on, and its cash book."""
    return _show_period(request, visitor, closed, ReopenForm())


def _show_period(
    request: HttpRequest,
    visitor: Visitor,
    closed: PeriodClose,
    form: ReopenForm,
    *,
    status: int = 200,
) -> HttpResponse:
    tie_out = read_signed_tie_out(closed)
    newest = read_newest_close()
    context = {
        "access": visitor.access,
        "closed": closed,
        "tie_out": tie_out,
        "totals": total_of(tie_out),
        "late": read_late(closed.since, closed.until),
        "is_newest": newest is not None and newest.pk == closed.pk,
        "waiting": read_waiting_about_periods(),
        "by_two": read_organisation().needs_second_person_to_close(),
        "form": form,
    }
    return render(request, "treasurer/period.html", context, status=status)


@period_page
@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request: HttpRequest, visitor: Visitor, closed: PeriodClose) -> HttpResponse:
    """Open the newest closed period again, with a reason, or ask a second person to."""
    if request.method != "POST":
        return _show_period(request, visitor, closed, ReopenForm())
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return _show_period(request, visitor, closed, form, status=422)
    reason = form.cleaned_data["reason"]
    try:
        if read_organisation().needs_second_person_to_close():
            waits = ask_to_reopen(closed, reason=reason, by=visitor.user)
            return redirect("payments:second-person-act", waits.reference)
        periods.reopen(closed, reason=reason, reopened_by=visitor.user, confirmed_by=None)
    except RecordRefusedError as refused:
        form.add_error("reason", str(refused))
        return _show_period(request, visitor, closed, form, status=422)
    messages.success(request, f"{closed.name} is open again.")
    return redirect("payments:period", closed.reference)
