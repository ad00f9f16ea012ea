"""What the sweep asks Stripe about monthly donations, where events were lost for good.

Only asks: what Stripe answers is booked by the sweep, outside of any transaction of ours.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from payments.models import MonthlyDonation, MonthlyInvoice
from payments.stripe_gateway.facts import Fact, NotAFact
from payments.stripe_gateway.subscriptions import (
    read_month,
    read_monthly_checkout,
    read_monthly_now,
)

Told = list[Fact | NotAFact]

_PAYMENT_AFTER: Final = timedelta(seconds=20)
_OWNER_AFTER: Final = timedelta(minutes=10)
_CHECKOUT_OVERDUE_AFTER: Final = timedelta(minutes=10)
_STATE_AFTER: Final = timedelta(minutes=1)
_MONTH_OVERDUE_AFTER: Final = timedelta(days=1)
_ASKED_AGAIN_AFTER: Final = timedelta(hours=6)
_MOST_QUESTIONS: Final = 50


def ask_about_monthly() -> Iterator[Told]:
    """Answers about all that is due to be asked, one question at a time.

    Raises:
        StripeUnavailableError: What came before stands.
    """
    yield from _ask_for_checkouts()
    yield from _ask_for_states()
    yield from _ask_for_payments()
    yield from _ask_for_owners()


def _ask_for_checkouts() -> Iterator[Told]:
    """Checkouts whose time is over and of which we heard nothing."""
    overdue = MonthlyDonation.objects.filter(
        checkout_expires_at__lt=timezone.now() - _CHECKOUT_OVERDUE_AFTER,
        checkout_session_id__isnull=False,
        checkout_ended_at__isnull=True,
        subscription_id__isnull=True,
    ).order_by("checkout_expires_at")
    for session_id in overdue.values_list("checkout_session_id", flat=True)[:_MOST_QUESTIONS]:
        assert session_id is not None
        yield read_monthly_checkout(session_id)


def _ask_for_states() -> Iterator[Told]:
    """Subscriptions of no state, of two for one second, or whose next month never came."""
    now = timezone.now()
    unsure = MonthlyDonation.objects.filter(
        Q(is_doubtful=True)
        | Q(status="", created_at__lt=now - _STATE_AFTER)
        | Q(next_at__lt=now - _MONTH_OVERDUE_AFTER, told_at__lt=now - _ASKED_AGAIN_AFTER),
        subscription_id__isnull=False,
        ended_at__isnull=True,
    ).order_by("told_at")
    for subscription_id in unsure.values_list("subscription_id", flat=True)[:_MOST_QUESTIONS]:
        assert subscription_id is not None
        yield read_monthly_now(subscription_id)


def _ask_for_payments() -> Iterator[Told]:
    """Months of which we know that they are paid, and not by which payment."""
    due = MonthlyInvoice.objects.filter(
        is_paid=True,
        payment_intent_id__isnull=True,
        looked_at__lt=timezone.now() - _PAYMENT_AFTER,
    ).order_by("looked_at")
    for invoice_id in due.values_list("invoice_id", flat=True)[:_MOST_QUESTIONS]:
        yield read_month(invoice_id)
        MonthlyInvoice.objects.filter(invoice_id=invoice_id).update(looked_at=Now())


def _ask_for_owners() -> Iterator[Told]:
    """Payments of bills that nobody has claimed: ours with an event lost, or of others."""
    unclaimed = MonthlyInvoice.objects.filter(
        monthly__isnull=True, looked_at__lt=timezone.now() - _OWNER_AFTER
    ).order_by("looked_at")
    for invoice_id in unclaimed.values_list("invoice_id", flat=True)[:_MOST_QUESTIONS]:
        yield read_month(invoice_id)
        # Whatever Stripe said of it, it is not asked again: of others, nothing is kept.
        MonthlyInvoice.objects.filter(invoice_id=invoice_id, monthly__isnull=True).delete()
