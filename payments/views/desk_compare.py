"""The record beside the check, and settling what they do not have alike."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST, require_safe

from appeals.models import Appeal
from payments.forms.desk import SettleForm
from payments.models import CheckLine, Pledge, PledgeSettlement
from payments.pledges.comparing import compare
from payments.pledges.desk import Round, read_rounds
from payments.pledges.settling import settle
from payments.pledges.taking import DeskError
from payments.views.access import Visitor, night_page


@night_page
@require_safe
def comparison(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """The newest round's two lists. Whoever types one sees neither until it is closed."""
    round_ = _round(appeal)
    is_blind = round_ is not None and round_.is_typed_by(visitor.user)
    compared = None
    if round_ and round_.record and round_.check and not is_blind:
        compared = compare(round_.record, round_.check)
    context = {
        "access": visitor.access,
        "appeal": appeal,
        "round": round_,
        "is_blind": is_blind,
        "compared": compared,
    }
    is_part = request.GET.get("part") == "differences"
    template = "desk/_differences.html" if is_part else "desk/compare.html"
    response = render(request, template, context)
    add_never_cache_headers(response)
    return response


@night_page
@require_POST
def decide(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponseBase:
    """Settle one difference."""
    form, round_ = SettleForm(request.POST), _round(appeal)
    if not form.is_valid() or round_ is None or round_.record is None:
        raise Http404
    if round_.is_typed_by(visitor.user):
        messages.warning(request, "Close your own list first: until then you hear on your own.")
        return redirect("payments:desk-compare", appeal.slug)
    told = form.cleaned_data
    pledge = Pledge.objects.filter(appeal=appeal, reference=told["pledge"]).first()
    line = CheckLine.objects.filter(list__appeal=appeal, reference=told["check_line"]).first()
    if (told["pledge"] and pledge is None) or (told["check_line"] and line is None):
        raise Http404
    try:
        settle(
            round_.record,
            pledge=pledge,
            check_line=line,
            choice=PledgeSettlement.Choice(told["choice"]),
            by=visitor.user,
        )
    except DeskError as error:
        messages.warning(request, str(error))
    return redirect("payments:desk-compare", appeal.slug)


def _round(appeal: Appeal) -> Round | None:
    return next(iter(read_rounds(appeal)), None)
