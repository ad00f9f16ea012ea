"""How a monthly donation stands, in the words of its donor."""

from enum import StrEnum

from django.utils import timezone

from payments.models import MonthlyDonation


class Standing(StrEnum):
    """What a donor would say of it."""

    PENDING = "pending"  # not heard of since the form
    EXPIRED = "expired"  # never finished
    STARTING = "starting"  # begun, and the first month has not come
    ACTIVE = "active"
    FAILING = "failing"  # a month could not be taken, and is tried again
    ENDING = "ending"  # stopped, and the month that is paid for runs out
    STOPPED = "stopped"


def standing_of(monthly: MonthlyDonation, *, has_months: bool) -> Standing:
    """How it stands now; ``has_months`` says whether any month is in the books."""
    if monthly.subscription_id is None:
        return _before_it_began(monthly)
    if monthly.is_over:
        never_began = monthly.status == MonthlyDonation.Status.INCOMPLETE_EXPIRED
        return Standing.EXPIRED if never_began else Standing.STOPPED
    if monthly.is_failing:
        return Standing.FAILING
    if monthly.cancel_at is not None:
        return Standing.ENDING
    return Standing.ACTIVE if has_months else Standing.STARTING


def _before_it_began(monthly: MonthlyDonation) -> Standing:
    expires_at = monthly.checkout_expires_at
    is_over = expires_at is not None and expires_at <= timezone.now()
    return Standing.EXPIRED if is_over or monthly.checkout_ended_at else Standing.PENDING
