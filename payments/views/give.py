"""Giving by card: the form, the way to Checkout, and what became of it."""

import re
from http import HTTPStatus
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from appeals.models import Appeal
from appeals.window import Phase, phase_of, public_appeals
from funds.organisation import read_organisation
from payments.checkout import MONTHLY, ONCE, Giving, ToCheckout, ToThanks, begin_giving
from payments.forms.give import GiveForm
from payments.models import CardDonation, MonthlyDonation
from payments.monthly.thanks import read_monthly_thanks
from payments.shield.judging import Challenge, Refused, judge, note_opened
from payments.shield.switch import ShieldState, read_shield
from payments.stripe_gateway.client import StripeUnavailableError
from payments.thanks import read_thanks
from payments.views.guard import Check, has_pass, mint, read_attempt, remember_browser
from payments.views.see_other import SeeOther

COOKIE: Final = "giving"
"""Holds the reference that this browser sent last: nobody else can end its Checkout."""

COOKIE_SECONDS: Final = 24 * 60 * 60
_RETRY_AFTER_SECONDS: Final = 30


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the form, or send the donor on to Checkout (303); what is wrong with it is a 422."""
    appeal = get_object_or_404(public_appeals(), slug=slug)
    phase = phase_of(appeal, at=timezone.now())
    if phase is not Phase.OPEN:
        status = HTTPStatus.OK if request.method != "POST" else HTTPStatus.UNPROCESSABLE_ENTITY
        context = {"appeal": appeal, "phase": phase}
        return render(request, "payments/give_not_open.html", context, status=status)
    shield = read_shield(appeal)
    if shield.is_paused:
        return show_paused(request, appeal)
    if request.method == "POST":
        return _give(request, appeal, shield)
    form = GiveForm(
        appeal=appeal,
        organisation=read_organisation(),
        initial={
            "amount": request.GET.get("amount", ""),
            "branch": request.GET.get("branch", ""),
            "pledge": request.GET.get("pledge", ""),
            "frequency": MONTHLY if request.GET.get("frequency") == MONTHLY else ONCE,
        },
    )
    form.prefill()
    check = Check(is_asked=shield.is_check_on and not has_pass(request, appeal))
    response = show_form(request, form, reference=uuid4(), check=check)
    remember_browser(request, response, appeal)
    return response


@never_cache
@require_safe
def thanks(request: HttpRequest, slug: str, reference: UUID) -> HttpResponse:
    """What became of a donation; the address names it by its reference and nobody by name."""
    looked = _read_looked(request)
    try:
        donation = read_thanks(appeal_slug=slug, reference=reference, looked=looked)
    except CardDonation.DoesNotExist:
        return _thank_for_monthly(request, slug, reference, looked)
    response = render(request, "payments/thanks.html", {"thanks": donation})
    response["X-Robots-Tag"] = "noindex"
    return response


def _thank_for_monthly(
    request: HttpRequest, slug: str, reference: UUID, looked: int
) -> HttpResponse:
    try:
        monthly = read_monthly_thanks(appeal_slug=slug, reference=reference, looked=looked)
    except MonthlyDonation.DoesNotExist:
        raise Http404 from None
    response = render(request, "payments/thanks_monthly.html", {"thanks": monthly})
    response["X-Robots-Tag"] = "noindex"
    return response


def _give(request: HttpRequest, appeal: Appeal, shield: ShieldState) -> HttpResponse:
    reference = read_reference(request)
    attempt = read_attempt(request, appeal, reference)
    verdict = judge(attempt, shield)
    if isinstance(verdict, Refused):
        return _show_refused(request, appeal, verdict)
    form = GiveForm(request.POST, appeal=appeal, organisation=read_organisation())
    check = Check.after(verdict, is_on=shield.is_check_on and not has_pass(request, appeal))
    if not form.is_valid() or isinstance(verdict, Challenge):
        return show_form(
            request,
            form,
            reference=reference,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            check=check,
        )
    giving = Giving(
        appeal=appeal,
        branch=form.cleaned_data["branch"],
        amount=form.cleaned_data["money"],
        frequency=form.cleaned_data["frequency"],
        donor=form.donor,
        reference=reference,
        pledge=form.paid_pledge,
        is_own_reference=request.get_signed_cookie(_cookie(appeal), default="") == str(reference),
    )
    try:
        next_step = begin_giving(giving)
    except StripeUnavailableError as error:
        # Stripe repeats an error that it gave to a reference: try again under another.
        again = uuid4() if error.was_answered else reference
        response = show_form(
            request,
            form,
            reference=again,
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            is_unavailable=True,
            check=check,
        )
        response["Retry-After"] = str(_RETRY_AFTER_SECONDS)
        return response
    match next_step:
        case ToThanks():
            return SeeOther(reverse("payments:thanks", args=[appeal.slug, next_step.reference]))
        case ToCheckout():
            note_opened(attempt, next_step.reference)
            response = SeeOther(next_step.url)
            response.set_signed_cookie(
                _cookie(appeal),
                str(next_step.reference),
                max_age=COOKIE_SECONDS,
                path=request.path,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
            return response


def show_form(
    request: HttpRequest,
    form: GiveForm,
    *,
    reference: UUID,
    status: HTTPStatus = HTTPStatus.OK,
    is_unavailable: bool = False,
    check: Check,
) -> HttpResponse:
    """The form's page, with what was filled in."""
    context = {
        "form": form,
        "appeal": form.appeal,
        "reference": reference,
        "minted": mint(reference),
        "is_unavailable": is_unavailable,
        "check": check,
    }
    return render(request, "payments/give.html", context, status=status)


def show_paused(request: HttpRequest, appeal: Appeal) -> HttpResponse:
    """Kind words while cards are paused, and the other ways to give."""
    is_sent = request.method == "POST"
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_sent else HTTPStatus.OK
    return render(request, "payments/give_paused.html", {"appeal": appeal}, status=status)


def _show_refused(request: HttpRequest, appeal: Appeal, refused: Refused) -> HttpResponse:
    response = render(
        request,
        "payments/give_refused.html",
        {"appeal": appeal},
        status=HTTPStatus.TOO_MANY_REQUESTS,
    )
    response["Retry-After"] = str(int(refused.retry_after.total_seconds()))
    return response


def read_reference(request: HttpRequest) -> UUID:
    """The form's reference; a new one for none, or for what is no UUID."""
    try:
        return UUID(request.POST.get("reference", ""))
    except ValueError:
        return uuid4()


def _read_looked(request: HttpRequest) -> int:
    """How often the thanks page has asked before; what is no small number is none."""
    looked = request.GET.get("looked", "")
    return int(looked) if re.fullmatch(r"[0-9]{1,6}", looked) else 0


def _cookie(appeal: Appeal) -> str:
    return f"{COOKIE}-{appeal.pk}"
