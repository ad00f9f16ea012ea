"""The hall screen, and the QR code that leads from it to the give page. No rule lives here."""

import io

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from appeals.models import Appeal
from appeals.screen import read_screen
from appeals.window import public_appeals
from funds.organisation import read_organisation


@require_safe
def show_screen(request: HttpRequest, slug: str) -> HttpResponse:
    """The screen for the hall; ``?theme=dark`` for light on dark. A draft is a 404."""
    appeal = get_object_or_404(public_appeals(), slug=slug)
    return render(
        request,
        "appeals/screen.html",
        {
            "organisation": read_organisation(),
            "screen": read_screen(appeal, give_address=_give_address(appeal), at=timezone.now()),
            "theme": "dark" if request.GET.get("theme") == "dark" else "light",
        },
    )


@require_safe
@cache_control(public=True, max_age=3600)
def show_qr_code(request: HttpRequest, slug: str) -> HttpResponse:  # noqa: ARG001 - Django's
    """The QR code of the give page, as SVG, with the quiet zone that scanners need."""
    appeal = get_object_or_404(public_appeals(), slug=slug)
    drawing = io.BytesIO()
    segno.make(_give_address(appeal), error="m", micro=False).save(
        drawing, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return HttpResponse(drawing.getvalue(), content_type="image/svg+xml")


def _give_address(appeal: Appeal) -> str:
    """The till's short one, typed from the back row: what ``payments`` serves is its business."""
    return f"{settings.BASE_URL}/g/{appeal.slug}/"
