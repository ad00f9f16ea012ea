"""What becomes of the pledges of an evening: slips to pay them by, and how much has come."""

import csv
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from appeals.models import Appeal
from funds.models import Branch
from funds.organisation import read_organisation
from payments.forms.desk import ListForm
from payments.models import Pledge, PledgeList
from payments.paper.called_slips import called_slips, draw_called_slips
from payments.paper.pledge_slips import account_to_pay
from payments.pledges.collected import read_collected
from payments.pledges.collected_rows import collected_rows
from payments.pledges.desk import is_at_the_check
from payments.pledges.unpaid import unpaid_pledges
from payments.views.access import Visitor, night_page


def _not_at_the_check(
    view: Callable[[HttpRequest, Visitor, Appeal], HttpResponse],
) -> Callable[[HttpRequest, Visitor, Appeal], HttpResponse]:
    """Whoever types a check sees nothing of the record until their list is closed."""

    @wraps(view)
    def page(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponse:
        if is_at_the_check(appeal, visitor.user):
            messages.warning(request, "Close your own list first: until then you hear on your own.")
            return redirect("payments:desk", appeal.slug)
        response = view(request, visitor, appeal)
        add_never_cache_headers(response)
        return response

    return page


@night_page
@require_safe
@_not_at_the_check
def slips(request: HttpRequest, _visitor: Visitor, appeal: Appeal) -> HttpResponse:
    """A slip for each unpaid pledge: of ``?branch=``, of the record ``?list=``, or all."""
    asked = request.GET.get("branch", "")
    branch = get_object_or_404(Branch, slug=asked) if asked else None
    called_in = _find_record(request, appeal)
    drawn = called_slips(
        unpaid_pledges(appeal, branch=branch, called_in=called_in),
        organisation=read_organisation(),
        payee=account_to_pay(appeal.currency),
        address=_address_of,
    )
    if not drawn:
        messages.info(request, "No pledge is waiting to be paid: there is no slip to print.")
        return redirect("payments:desk", appeal.slug)
    name = "-".join(filter(None, ["slips", appeal.slug, branch.slug if branch else ""]))
    return HttpResponse(
        draw_called_slips(drawn),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )


@night_page
@require_safe
@_not_at_the_check
def collected(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponse:
    """How much of what was called has come, to this day."""
    found = read_collected(appeal)
    context = {"access": visitor.access, "appeal": appeal, "collected": found}
    return render(request, "desk/collected.html", context)


@night_page
@require_safe
@_not_at_the_check
def spreadsheet(_request: HttpRequest, _visitor: Visitor, appeal: Appeal) -> HttpResponse:
    """The same as CSV."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="collected-{appeal.slug}.csv"'},
    )
    csv.writer(response).writerows(collected_rows(read_collected(appeal)))
    return response


def _find_record(request: HttpRequest, appeal: Appeal) -> PledgeList | None:
    if not request.GET.get("list"):
        return None
    form = ListForm(request.GET)
    if not form.is_valid():
        raise Http404
    records = PledgeList.objects.filter(appeal=appeal, side=PledgeList.Side.RECORD)
    return get_object_or_404(records, reference=form.cleaned_data["list"])


def _address_of(pledge: Pledge) -> str:
    return f"{settings.BASE_URL}{reverse('payments:pledge', args=[pledge.code])}"
