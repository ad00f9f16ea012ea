"""Ending Checkouts that nobody should pay any more: cards are paused, or a tester is at work."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from payments.models import CardDonation, CardPause, CheckoutOrigin
from payments.shield.limits import DECLINES
from payments.stripe_gateway.checkouts import CheckoutEnd, end_checkout
from payments.stripe_gateway.client import StripeUnavailableError

_AT_ONCE = 20


def unwanted_checkouts() -> QuerySet[CheckoutOrigin]:
    """Open Checkouts of a pause that stands, or on which too many cards were declined."""
    standing = CardPause.objects.filter(resumed_at__isnull=True)
    of_appeal = standing.filter(Q(appeal=None) | Q(appeal=OuterRef("donation__appeal")))
    return CheckoutOrigin.objects.filter(
        Q(declined__gte=DECLINES) | Exists(of_appeal),
        end_tried_at__isnull=True,
        donation__received_entry__isnull=True,
        donation__processing_at__isnull=True,
        donation__checkout_ended_at__isnull=True,
        donation__checkout_session_id__isnull=False,
        donation__checkout_expires_at__gt=timezone.now(),
    )


def end_unwanted_checkouts() -> int:
    """Let some of them expire at Stripe; answers how many did. A donor who was quicker has paid.

    Asks Stripe, so it must not be called inside a transaction.

    Raises:
        StripeUnavailableError: Some may still be open; the next call tries them again.
    """
    ended, trouble = 0, None
    for origin in unwanted_checkouts().select_related("donation").order_by("pk")[:_AT_ONCE]:
        donation = origin.donation
        assert donation.checkout_session_id is not None
        try:
            end = end_checkout(donation.checkout_session_id)
        except StripeUnavailableError as error:
            if not error.was_answered:
                raise
            trouble = error  # with this one alone: go on with the others
            continue
        if end is CheckoutEnd.EXPIRED:
            ended += CardDonation.objects.filter(
                pk=donation.pk, checkout_ended_at__isnull=True
            ).update(checkout_ended_at=timezone.now())
        CheckoutOrigin.objects.filter(pk=origin.pk).update(end_tried_at=timezone.now())
    if trouble is not None:
        raise trouble
    return ended
