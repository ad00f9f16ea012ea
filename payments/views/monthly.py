"""A donor's own page about their monthly donation, by the signed link from an e-mail."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appeals.templatetags.money import money
from funds.organisation import read_organisation
from payments.forms.monthly import LinkForm, MonthlyAmountForm
from payments.models import MonthlyDonation
from payments.monthly import change, posting
from payments.monthly.link import DeadLinkError, read_token
from payments.monthly.page import read_monthly_page
from payments.stripe_gateway.client import StripeUnavailableError
from payments.views.see_other import SeeOther

_RETRY_AFTER_SECONDS: Final = "30"

_LinkedView = Callable[[HttpRequest, MonthlyDonation, str], HttpResponse]


def _by_link(view: _LinkedView) -> Callable[[HttpRequest, str], HttpResponse]:
    """For whoever has a link that works; others are told how to get one. No cache, no robots."""

    @never_cache
    @wraps(view)
    def page(request: HttpRequest, token: str) -> HttpResponse:
        try:
            response = view(request, read_token(token), token)
        except DeadLinkError:
            response = render(
                request,
                "payments/monthly_link.html",
                {"form": LinkForm(), "is_dead": True},
                status=HTTPStatus.NOT_FOUND,
            )
        response["X-Robots-Tag"] = "noindex"
        return response

    return page


@_by_link
@require_safe
def show(request: HttpRequest, monthly: MonthlyDonation, token: str) -> HttpResponse:
    """The amount, the next date, the months so far, and what can be changed."""
    form = MonthlyAmountForm(monthly=monthly, organisation=read_organisation())
    return _show(request, monthly, token, form)


@_by_link
@require_POST
def change_amount(request: HttpRequest, monthly: MonthlyDonation, token: str) -> HttpResponse:
    """Another amount from the next month on."""
    form = MonthlyAmountForm(request.POST, monthly=monthly, organisation=read_organisation())
    if not (form.is_valid() and read_monthly_page(monthly).is_changeable):
        return _show(request, monthly, token, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    amount = form.cleaned_data["money"]
    try:
        change.change_amount(monthly, amount, wish=form.cleaned_data["wish"])
    except StripeUnavailableError:
        return _show_unavailable(request, monthly, token, form)
    messages.success(request, f"From the next month on it is {money(amount)}. Thank you.")
    return SeeOther(reverse("payments:monthly", args=[token]))


@_by_link
@require_POST
def go_to_portal(request: HttpRequest, monthly: MonthlyDonation, token: str) -> HttpResponse:
    """On to Stripe's own pages, for another card or to stop (303)."""
    back = reverse("payments:monthly-back", args=[token])
    try:
        portal = change.lead_to_portal(monthly, return_url=f"{settings.BASE_URL}{back}")
    except StripeUnavailableError:
        form = MonthlyAmountForm(monthly=monthly, organisation=read_organisation())
        return _show_unavailable(request, monthly, token, form)
    return SeeOther(portal)


@_by_link
@require_safe
def come_back(request: HttpRequest, monthly: MonthlyDonation, token: str) -> HttpResponse:  # noqa: ARG001 - as every view
    """Back from Stripe: what was changed there is shown at once."""
    change.refresh(monthly)
    return redirect("payments:monthly", token)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """Where a donor asks for their link: the same answer whether we know the address or not."""
    form = LinkForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        posting.ask_for_link(form.cleaned_data["email"])
        return SeeOther(reverse("payments:monthly-link-sent"))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "payments/monthly_link.html", {"form": form}, status=status)


@never_cache
@require_safe
def link_sent(request: HttpRequest) -> HttpResponse:
    """What happens next, whoever asked."""
    return render(request, "payments/monthly_link_sent.html")


def _show(
    request: HttpRequest,
    monthly: MonthlyDonation,
    token: str,
    form: MonthlyAmountForm,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    is_unavailable: bool = False,
) -> HttpResponse:
    context = {
        "page": read_monthly_page(monthly),
        "form": form,
        "token": token,
        "is_unavailable": is_unavailable,
    }
    return render(request, "payments/monthly.html", context, status=status)


def _show_unavailable(
    request: HttpRequest, monthly: MonthlyDonation, token: str, form: MonthlyAmountForm
) -> HttpResponse:
    response = _show(
        request,
        monthly,
        token,
        form,
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        is_unavailable=True,
    )
    response["Retry-After"] = _RETRY_AFTER_SECONDS
    return response
