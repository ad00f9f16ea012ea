"""Refunds, for the national treasurer: order one, decide upon one, see what became of it."""

import re
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from payments.amount_words import say_amount
from payments.forms.cards import DeclineForm, RefundForm
from payments.forms.fields import with_new_reference
from payments.models import CardDonation, RefundOrder
from payments.recording import RecordConflictError, RecordRefusedError
from payments.refund_orders import (
    OrderDecidedError,
    approve,
    decline,
    needs_second_person,
    order_refund,
    withdraw,
)
from payments.refund_records import has_a_second_person, read_refund_order_page, show_order
from payments.refundable import read_refundable
from payments.views.access import (
    Visitor,
    card_donation_page,
    national_page,
    refund_order_page,
)


@national_page
@require_safe
def order_list(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What waits for the visitor, what waits for another, and every order before."""
    return render(
        request,
        "treasurer/refunds.html",
        {
            "access": visitor.access,
            "listed": read_refund_order_page(visitor.user, number=request.GET.get("page")),
        },
    )


@card_donation_page
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest, visitor: Visitor, donation: CardDonation) -> HttpResponse:
    """The form, then its confirmation; a confirmed one is ordered, once for its reference."""
    refundable = read_refundable(donation)
    if request.method != "POST":
        return _show_form(request, visitor, RefundForm(donation, refundable))
    form = RefundForm(donation, refundable, request.POST)
    if "change" in request.POST:
        return _show_form(request, visitor, form)
    if "confirmed" in request.POST:
        return _order_confirmed(request, visitor, form)
    return _ask_to_confirm(request, visitor, form)


def _ask_to_confirm(request: HttpRequest, visitor: Visitor, form: RefundForm) -> HttpResponse:
    if not form.is_valid():
        return _show_form(request, visitor, form, status=422)
    facts = form.facts()
    try:
        waits = needs_second_person(facts)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_form(request, visitor, form, status=422)
    context = {
        "access": visitor.access,
        "form": form,
        "facts": facts,
        "in_words": say_amount(facts.amount),
        "stripe_reason": dict(RefundOrder.StripeReason.choices).get(facts.stripe_reason, ""),
        "waits": waits,
        "has_a_second_person": has_a_second_person(visitor.user),
    }
    return render(request, "treasurer/refund_confirm.html", context)


def _order_confirmed(request: HttpRequest, visitor: Visitor, form: RefundForm) -> HttpResponse:
    if not form.is_valid():
        return _show_form(request, visitor, form, status=422)
    reference: UUID = form.cleaned_data["reference"]
    try:
        order_refund(reference, form.facts(), asked_by=visitor.user)
    except RecordRefusedError as refused:
        form.add_error(refused.field, str(refused))
        return _show_form(request, visitor, form, status=422)
    except RecordConflictError as conflict:
        refundable = read_refundable(form.donation)
        anew = RefundForm(form.donation, refundable, with_new_reference(request.POST))
        return _show_form(request, visitor, anew, ordered=conflict.recorded, status=409)
    return redirect("payments:refund", reference)


def _show_form(
    request: HttpRequest,
    visitor: Visitor,
    form: RefundForm,
    *,
    ordered: RefundOrder | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "access": visitor.access,
        "donation": form.donation,
        "form": form,
        "refundable": read_refundable(form.donation),
        "ordered": ordered,
    }
    return render(request, "treasurer/refund_form.html", context, status=status)


@refund_order_page
@require_safe
def one_order(request: HttpRequest, visitor: Visitor, order: RefundOrder) -> HttpResponse:
    """One order: what is asked for, who decides, and what Stripe said."""
    return _show_order(request, visitor, order, DeclineForm())


def _show_order(
    request: HttpRequest,
    visitor: Visitor,
    order: RefundOrder,
    form: DeclineForm,
    *,
    status: int = 200,
) -> HttpResponse:
    looked = request.GET.get("looked", "")
    looks = int(looked) if re.fullmatch(r"[0-9]{1,6}", looked) else 0
    context = {
        "access": visitor.access,
        "order": order,
        "shown": show_order(order, looked=looks),
        "in_words": say_amount(order.amount),
        "is_mine": order.asked_by_id == visitor.user.pk,
        "has_a_second_person": has_a_second_person(visitor.user),
        "form": form,
    }
    return render(request, "treasurer/refund.html", context, status=status)


@refund_order_page
@require_http_methods(["GET", "HEAD", "POST"])
def approve_order(request: HttpRequest, visitor: Visitor, order: RefundOrder) -> HttpResponse:
    """Let it go, as the second person. A second time changes nothing and says so."""
    if request.method != "POST":
        return _show_order(request, visitor, order, DeclineForm())
    try:
        approve(order, by=visitor.user)
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    except OrderDecidedError:
        messages.info(request, "This was decided before. See below how.")
    return redirect("payments:refund", order.reference)


@refund_order_page
@require_http_methods(["GET", "HEAD", "POST"])
def decline_order(request: HttpRequest, visitor: Visitor, order: RefundOrder) -> HttpResponse:
    """Refuse it, with a reason, as the second person."""
    if request.method != "POST":
        return _show_order(request, visitor, order, DeclineForm())
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _show_order(request, visitor, order, form, status=422)
    try:
        decline(order, by=visitor.user, reason=form.cleaned_data["reason"])
    except RecordRefusedError as refused:
        messages.error(request, str(refused))
    except OrderDecidedError:
        messages.info(request, "This was decided before. See below how.")
    return redirect("payments:refund", order.reference)


@refund_order_page
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_order(request: HttpRequest, visitor: Visitor, order: RefundOrder) -> HttpResponse:
    """Take it back while Stripe has not got it."""
    if request.method != "POST":
        return _show_order(request, visitor, order, DeclineForm())
    try:
        withdraw(order, by=visitor.user)
    except OrderDecidedError:
        messages.error(request, "It is too late to withdraw this. See below where it stands.")
    return redirect("payments:refund", order.reference)
