"""The lines of the bank's statements, for the national treasurer: what each of them is."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.banking.confirming import (
    MatchChangedError,
    confirm_proposal,
    match_by_hand,
    record_from_line,
    set_aside,
)
from payments.banking.records import (
    read_happenings,
    read_line_page,
    read_options,
    read_proposal_page,
    visible_lines,
    visible_rules,
)
from payments.banking.rules import remember_reference, stop_rule
from payments.forms.bank import LineFilterForm, NoteForm, PayerRuleForm, UndoForm
from payments.forms.transfers import TransferForm
from payments.models import PayerRule, StatementLine, StatementMatch
from payments.recording import RecordRefusedError
from payments.two_persons.asking import undo_or_ask
from payments.two_persons.records import read_undoing
from payments.views.access import Visitor, bank_line_page, national_page, payer_rule_page

_CHANGED = "Something was said of this line meanwhile. See below what."


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def proposals(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What the site proposes. The ticked ones are confirmed, each by itself."""
    if request.method == "POST":
        _confirm_ticked(request, visitor)
        return redirect("payments:bank-proposals")
    listed = read_proposal_page(visitor.user, number=request.GET.get("page"))
    context = {"access": visitor.access, "listed": listed}
    return render(request, "treasurer/bank_proposals.html", context)


def _confirm_ticked(request: HttpRequest, visitor: Visitor) -> None:
    done, refusals = 0, set()
    for reference in _uuids(request.POST, "match"):
        try:
            confirm_proposal(reference, by=visitor.user)
            done += 1
        except RecordRefusedError as refused:
            refusals.add(str(refused))
        except MatchChangedError:
            refusals.add("Some proposals have changed meanwhile. See what stands here now.")
    if done:
        messages.success(request, f"Confirmed: {done}. Thank you.")
    for refusal in sorted(refusals):
        messages.error(request, refusal)
    if not done and not refusals:
        messages.info(request, "Nothing was ticked.")


def _uuids(sent: QueryDict, name: str) -> list[UUID]:
    found = []
    for text in sent.getlist(name):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def line_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Lines, newest first, narrowed by the query. The ticked ones are set aside."""
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ticked = visible_lines().filter(reference__in=_uuids(request.POST, "line"))
        done = set_aside(list(ticked), note=form.cleaned_data["note"], by=visitor.user)
        messages.success(request, f"Set aside: {done}.")
        return redirect(f"{request.path}?{request.GET.urlencode()}")
    filters = LineFilterForm(request.GET)
    lines = filters.narrow(visible_lines())
    context = {
        "access": visitor.access,
        "filters": filters,
        "listed": read_line_page(lines, number=request.GET.get("page")),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "treasurer/bank_lines.html", context, status=status)


@bank_line_page
@require_safe
def line(request: HttpRequest, visitor: Visitor, line: StatementLine) -> HttpResponse:
    """One line: what it is, or what it may be."""
    return _show_line(request, visitor, line)


def _show_line(
    request: HttpRequest,
    visitor: Visitor,
    line: StatementLine,
    *,
    note: NoteForm | None = None,
    undo: UndoForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    happenings = read_happenings(line)
    standing = next((one for one in happenings if one.undone_at is None), None)
    confirmed = standing if standing and standing.confirmed_at else None
    context = {
        "access": visitor.access,
        "line": line,
        "standing": standing,
        "undoing": read_undoing(confirmed),
        "confirmed": confirmed,
        "undone": [one for one in happenings if one.undone_at is not None],
        "options": [] if confirmed else read_options(line),
        "note": note or NoteForm(),
        "undo": undo or UndoForm(),
        "refusal": refusal,
    }
    return render(request, "treasurer/bank_line.html", context, status=status)


@bank_line_page
@require_http_methods(["GET", "HEAD", "POST"])
def match(request: HttpRequest, visitor: Visitor, line: StatementLine) -> HttpResponse:
    """Say what a line is: one of what the books expect."""
    kind, _, target = request.POST.get("option", "").partition(":")
    offered = {(one.candidate.kind, one.candidate.target) for one in read_options(line)}
    if request.method != "POST" or (kind, target) not in offered:
        return _show_line(request, visitor, line)
    try:
        match_by_hand(
            line,
            StatementMatch.Kind(kind),
            target,
            by=visitor.user,
            note=request.POST.get("note", "")[:150],
        )
    except RecordRefusedError as refused:
        return _show_line(request, visitor, line, refusal=str(refused), status=422)
    except MatchChangedError:
        messages.info(request, _CHANGED)
    else:
        messages.success(request, "Confirmed. Thank you.")
    return redirect("payments:bank-line", line.reference)


@bank_line_page
@require_http_methods(["GET", "HEAD", "POST"])
def aside(request: HttpRequest, visitor: Visitor, line: StatementLine) -> HttpResponse:
    """Say that a line is for no appeal, and what it is."""
    if request.method != "POST":
        return _show_line(request, visitor, line)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _show_line(request, visitor, line, note=form, status=422)
    if set_aside([line], note=form.cleaned_data["note"], by=visitor.user):
        messages.success(request, "Set aside.")
    else:
        messages.info(request, _CHANGED)
    return redirect("payments:bank-line", line.reference)


@bank_line_page
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, visitor: Visitor, line: StatementLine) -> HttpResponse:
    """Record a transfer or a cleared cheque from the line that brought it."""
    if request.method != "POST":
        return _show_record(request, visitor, line, TransferForm(from_line=line))
    form = TransferForm(request.POST, from_line=line)
    if not form.is_valid():
        return _show_record(request, visitor, line, form, status=422)
    try:
        record_from_line(line, form.facts(), by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_record(request, visitor, line, form, status=422)
    except MatchChangedError:
        messages.info(request, _CHANGED)
    else:
        messages.success(request, "Recorded, and matched with this line. Thank you.")
    return redirect("payments:bank-line", line.reference)


def _show_record(
    request: HttpRequest,
    visitor: Visitor,
    line: StatementLine,
    form: TransferForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {"access": visitor.access, "line": line, "form": form}
    return render(request, "treasurer/bank_line_record.html", context, status=status)


@bank_line_page
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, visitor: Visitor, line: StatementLine) -> HttpResponse:
    """Take back what was said of a line, with a reason, or ask a second person to."""
    standing = line.matches.filter(confirmed_at__isnull=False, undone_at__isnull=True).first()
    if request.method != "POST" or standing is None:
        return _show_line(request, visitor, line)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _show_line(request, visitor, line, undo=form, status=422)
    try:
        waits = undo_or_ask(standing, reason=form.cleaned_data["reason"], by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_line(request, visitor, line, undo=form, status=422)
    except MatchChangedError:
        messages.info(request, _CHANGED)
    else:
        if waits:
            return redirect("payments:second-person-act", waits.reference)
        messages.success(request, "Undone. The line waits to be explained.")
    return redirect("payments:bank-line", line.reference)


@national_page
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Which references are for what; and the form of one more."""
    form = PayerRuleForm(
        request.POST if request.method == "POST" else None,
        words=request.GET.get("words", "")[:140],
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            remember_reference(
                told["words"], appeal=told["appeal"], branch=told["branch"], made_by=visitor.user
            )
        except RecordRefusedError as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(
                request, "Remembered. Lines with these words are proposed in a moment."
            )
            return redirect("payments:payer-rules")
    context = {
        "access": visitor.access,
        "form": form,
        "rules": visible_rules().filter(stopped_at__isnull=True),
    }
    status = 422 if form.errors else 200
    return render(request, "treasurer/payer_rules.html", context, status=status)


@payer_rule_page
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, visitor: Visitor, rule: PayerRule) -> HttpResponse:
    """Propose by a rule no more."""
    if request.method == "POST" and stop_rule(rule, stopped_by=visitor.user):
        messages.success(request, "Stopped. What was confirmed stays.")
    return redirect("payments:payer-rules")
