"""The life of a monthly donation: begun, changed, ended; and what it promises meanwhile.

Every function decides about one fact and may be told it any number of times, in any order with
the others: the newest state stands.
"""

from typing import Final

from django.utils import timezone

from appeals.models import Promise
from appeals.promises import let_promise_lapse, set_promise
from appeals.standing import appeal_that_takes
from funds.money import to_minor
from payments.batch import Batch
from payments.errors import AnotherSubscriptionError
from payments.models import MonthlyDonation, WebhookEvent
from payments.models.monthly import OVER
from payments.stripe_gateway.monthly_facts import (
    MonthlyBegun,
    MonthlyExpired,
    MonthlyState,
    Telling,
)

Outcome = WebhookEvent.Outcome

_COPIED: Final = ("status", "amount", "started_at", "next_at", "cancel_at", "ended_at", "told_at")


def note_begun(fact: MonthlyBegun, batch: Batch) -> WebhookEvent.Outcome:
    """The donor finished the Checkout: from now on the subscription is theirs.

    Raises:
        UnknownDonationError: The reference is not one of ours.
        AnotherSubscriptionError: They have one already.
    """
    monthly = batch.monthly.named(fact.monthly)
    _link(monthly, fact, batch)
    return Outcome.NOTED


def note_expired(fact: MonthlyExpired, batch: Batch) -> WebhookEvent.Outcome:
    """Nobody can finish this Checkout any more.

    Raises:
        UnknownDonationError: The reference is not one of ours.
    """
    monthly = batch.monthly.named(fact.monthly)
    if monthly.checkout_ended_at is None:
        monthly.checkout_ended_at = fact.told_at
        monthly.save(update_fields=["checkout_ended_at"])
    return Outcome.NOTED


def note_state(fact: MonthlyState, batch: Batch) -> WebhookEvent.Outcome:
    """Copy the subscription's state, unless a newer one stands already, and promise by it.

    Stripe counts in seconds. Of two changes of one second the same stands whichever came first,
    and the sweep asks which is true. What has ended never begins again.

    Raises:
        UnknownDonationError: The reference is not one of ours.
        AnotherSubscriptionError: It has another subscription: one of the two is to be cancelled.
    """
    monthly = batch.monthly.told_of(fact)
    if monthly is None:
        return Outcome.NOT_OURS
    _link(monthly, fact, batch)
    order = _order(fact)
    is_doubtful = _is_doubtful(monthly, fact, order)
    if monthly.is_over or not _is_newer(monthly, fact, order):
        if is_doubtful and not monthly.is_over:
            MonthlyDonation.objects.filter(pk=monthly.pk).update(is_doubtful=True)
            monthly.is_doubtful = True
        return Outcome.NOTED
    for name in _COPIED:
        setattr(monthly, name, getattr(fact, name))
    monthly.told_order = order
    monthly.is_doubtful = is_doubtful and not monthly.is_over
    monthly.save(update_fields=[*_COPIED, "amount_currency", "told_order", "is_doubtful"])
    _promise(monthly)
    return Outcome.NOTED


def _link(monthly: MonthlyDonation, fact: MonthlyBegun | MonthlyState, batch: Batch) -> None:
    is_its_own = batch.monthly.link(
        monthly, subscription_id=fact.subscription_id, customer_id=fact.customer_id
    )
    if not is_its_own:
        raise AnotherSubscriptionError(
            f"{monthly} has {monthly.subscription_id}; {fact.subscription_id} must be cancelled in "
            "Stripe's Dashboard, and its months paid back"
        )


def _order(fact: MonthlyState) -> str:
    """Sorts states of one second, and tells equal ones. Later words of a state's life sort last."""
    cancel_at = fact.cancel_at.timestamp() if fact.cancel_at else 0
    return (
        f"{fact.telling:d} {fact.next_at.timestamp():012.0f} {cancel_at:012.0f} "
        f"{_STAGES.get(fact.status, 9)} {fact.status} {to_minor(fact.amount):012d}"
    )


# In which order a subscription mostly goes through them, where one second saw two.
_STAGES: Final = {
    MonthlyDonation.Status.INCOMPLETE.value: 0,
    MonthlyDonation.Status.TRIALING.value: 1,
    MonthlyDonation.Status.ACTIVE.value: 2,
    MonthlyDonation.Status.PAST_DUE.value: 3,
    MonthlyDonation.Status.PAUSED.value: 4,
    MonthlyDonation.Status.UNPAID.value: 5,
}


def _is_newer(monthly: MonthlyDonation, fact: MonthlyState, order: str) -> bool:
    if monthly.told_at is None or fact.telling is Telling.ENDED or fact.status in OVER:
        return True  # an end is an end, whatever the clocks say
    return (fact.told_at, order) > (monthly.told_at, monthly.told_order)


def _is_doubtful(monthly: MonthlyDonation, fact: MonthlyState, order: str) -> bool:
    """Whether the newest second saw two changes that differ."""
    if monthly.told_at is None or fact.told_at > monthly.told_at:
        return False
    is_same_second = fact.told_at == monthly.told_at and monthly.told_order[:1] == order[:1]
    return monthly.is_doubtful or (is_same_second and monthly.told_order != order)


def _promise(monthly: MonthlyDonation) -> None:
    """What is promised every month: apart from all that is promised once, and from what came."""
    key = f"monthly:{monthly.reference}:promised"
    if not monthly.is_promised:
        let_promise_lapse(key)
        return
    set_promise(
        appeal=appeal_that_takes(monthly.appeal, at=timezone.now()),
        branch=monthly.branch,
        amount=monthly.amount,
        kind=Promise.Kind.MONTHLY,
        source_key=key,
    )
