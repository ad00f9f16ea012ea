"""A pledge's own page, behind the code on its slip: what is promised, and how to pay it."""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from appeals.window import Phase, phase_of
from payments.models import Pledge
from payments.pledges.codes import grouped, plain
from payments.pledges.ending import give_up, take_up


def _behind_its_code(
    view: Callable[[HttpRequest, Pledge], HttpResponse],
) -> Callable[..., HttpResponse]:
    """A code that never was, or whose line was struck, leads nowhere. The address is the key."""

    @wraps(view)
    def page(request: HttpRequest, code: str) -> HttpResponse:
        found = Pledge.objects.select_related("appeal", "branch").filter(struck_at=None)
        pledge = found.filter(code=plain(code)).first()
        if pledge is None:
            raise Http404
        response = view(request, pledge)
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "same-origin"  # the address is the key; forms need an origin
        return response

    return page


@_behind_its_code
@require_safe
def show(request: HttpRequest, pledge: Pledge) -> HttpResponse:
    """How it stands, and what can be done."""
    asked = {"amount": str(pledge.promised.amount), "pledge": pledge.code}
    if pledge.branch:
        asked["branch"] = pledge.branch.slug
    context = {
        "pledge": pledge,
        "pay": f"{reverse('payments:give', args=[pledge.appeal.slug])}?{urlencode(asked)}",
        "appeal": pledge.appeal,
        "code": grouped(pledge.code),
        "is_open": phase_of(pledge.appeal, at=timezone.now()) is Phase.OPEN,
    }
    return render(request, "payments/pledge.html", context)


@_behind_its_code
@require_POST
def stop(_request: HttpRequest, pledge: Pledge) -> HttpResponse:
    """Whoever made it cannot keep it."""
    give_up(pledge)
    return redirect("payments:pledge", pledge.code)


@_behind_its_code
@require_POST
def go_on(_request: HttpRequest, pledge: Pledge) -> HttpResponse:
    """They can, after all."""
    take_up(pledge)
    return redirect("payments:pledge", pledge.code)
