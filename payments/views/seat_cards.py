"""Table cards and posters for an appeal's evening: chosen here, and printed as PDF."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appeals.models import Appeal
from funds.models import Branch, Organisation
from funds.organisation import read_organisation
from payments.forms.seat_cards import SeatCardsForm
from payments.paper.seat_cards import SeatCard, Sheet, draw_seat_cards
from payments.short_address import as_typed, short_address
from payments.views.access import Visitor, print_page


@print_page
@require_safe
def choose(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponse:
    """What there is to print, and for whom."""
    return _show(request, visitor, appeal, SeatCardsForm(visitor.access))


@print_page
@require_safe
def printed(request: HttpRequest, visitor: Visitor, appeal: Appeal) -> HttpResponse:
    """The sheets that the query asks for, as PDF; 422 and the form for what there is not."""
    form = SeatCardsForm(visitor.access, request.GET)
    if not form.is_valid():
        return _show(request, visitor, appeal, form, status=422)
    organisation = read_organisation()
    cards = (
        _card(appeal, branch, organisation, printer=form.cleaned_data["printer"])
        for branch in form.chosen()
    )
    sheet = Sheet(form.cleaned_data["sheet"])
    return HttpResponse(
        draw_seat_cards(cards, sheet),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{sheet.value}-{appeal.slug}.pdf"'},
    )


def _card(
    appeal: Appeal, branch: Branch | None, organisation: Organisation, *, printer: str
) -> SeatCard:
    address = short_address(appeal, branch)
    imprint = " ".join(organisation.imprint.split())
    if printer:
        imprint = f"{imprint.rstrip('.')}. Printed by {printer}"
    return SeatCard(
        organisation=organisation.name,
        appeal=appeal.title,
        branch=branch.name if branch else "",
        address=address,
        typed=as_typed(address),
        small_print=imprint,
    )


def _show(
    request: HttpRequest,
    visitor: Visitor,
    appeal: Appeal,
    form: SeatCardsForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "appeal": appeal,
        "form": form,
        "typed": as_typed(short_address(appeal)),
    }
    return render(request, "treasurer/seat_cards.html", context, status=status)
