"""The public pages. No rule lives here."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from appeals.progress import read_reading
from appeals.window import phase_of, public_appeals, read_window
from funds.organisation import read_organisation


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """All public appeals."""
    return render(
        request,
        "appeals/home.html",
        {"organisation": read_organisation(), "window": read_window()},
    )


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One appeal: story, thermometer, the top of the league table. A draft is a 404."""
    appeal = get_object_or_404(public_appeals(), slug=slug)
    return render(
        request,
        "appeals/detail.html",
        {
            "organisation": read_organisation(),
            "appeal": appeal,
            "phase": phase_of(appeal, at=timezone.now()),
            "reading": read_reading(appeal),
        },
    )


@require_safe
def league(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole league table; 404 where the appeal does not show it."""
    appeal = get_object_or_404(public_appeals(), slug=slug)
    if not appeal.show_league:
        raise Http404
    return render(
        request,
        "appeals/league.html",
        {
            "organisation": read_organisation(),
            "appeal": appeal,
            "phase": phase_of(appeal, at=timezone.now()),
            "reading": read_reading(appeal),
        },
    )


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What happens to personal data: the organisation's own notice, or what the product does."""
    return render(request, "appeals/privacy.html", {"organisation": read_organisation()})
