"""Sending refund orders to Stripe: each is made once, whenever this process dies.

An order is claimed and the claim committed; then Stripe is asked, outside any transaction, under a
key made of the order's own reference; then the answer is booked as any refund is, in one
transaction with the order's end. Whoever dies between leaves a claim that runs out: the next asks
again under the same key, and Stripe answers with the refund that it made. Its webhooks tell of the
same refund, by the same id, and book nothing more.
"""

import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from payments.booking import book_facts
from payments.errors import TillError
from payments.inbox.waiting import wake
from payments.models import RefundOrder
from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.facts import RefundState
from payments.stripe_gateway.refunding import (
    Hold,
    MadeRefund,
    NoRightToRefundError,
    RefundRefusedError,
    RefundRequest,
    Refusal,
    give_back,
    read_made_refund,
    read_made_refunds,
)

logger = logging.getLogger(__name__)

CLAIM_LASTS: Final = timedelta(minutes=1)
"""Longer than one question to Stripe with all its repetitions may take (about 30 seconds)."""

KEY_IS_SAFE_FOR: Final = timedelta(hours=20)
"""Stripe forgets a key after 24 hours. Source: docs.stripe.com/api/idempotent_requests."""

ASK_AGAIN_AFTER: Final = timedelta(hours=1)
"""For what only time or a person can change: an empty balance, a donor who must do something."""

_NO_RIGHT_ASK_AGAIN_AFTER: Final = timedelta(minutes=10)
_MOST_AT_ONCE: Final = 20
_LONGEST_DELAY_SECONDS: Final = 300

_NO_ANSWER: Final = (
    "Stripe gave no clear answer. It is asked again by itself, and the money goes back once."
)
_NO_RIGHT: Final = (
    "Stripe does not let this site give money back: the operator must allow the site's key to "
    "write refunds. Then it goes by itself."
)
_REFUSALS: Final = {
    Refusal.ALREADY_BACK: "Stripe says that all of this payment was given back already, perhaps "
    "at Stripe itself. Nothing more went. See what stands with the donation.",
    Refusal.TOO_MUCH: "Stripe says that less than this is left of the payment: some was given back "
    "at Stripe itself. Nothing more went. See what stands with the donation, and order the rest.",
    Refusal.DISPUTED: "The donor's bank disputes this payment and takes the money back itself, so "
    "Stripe gives back none. Answer the dispute at Stripe.",
    Refusal.BALANCE: "The account at Stripe does not hold enough just now. It is tried again every "
    "hour, and goes once donations have come in; or add money at Stripe.",
    Refusal.UNKNOWN_PAYMENT: "Stripe does not know this payment on the account that this site uses "
    "now. Nothing went back. Give it back at Stripe, on the account that took it.",
    Refusal.OTHER: "Stripe refused it. Nothing went back. Ask the operator to look at Stripe, then "
    "order it again.",
}
_HOLDS: Final = {
    Hold.DONOR: "Stripe waits for the donor, who was sent an e-mail about how to be paid.",
    Hold.BALANCE: "Stripe has taken it on, and pays it once the account there holds enough.",
}
_CANCELLED: Final = "It was cancelled at Stripe before any money moved."


def send_due_refunds() -> int:
    """Ask Stripe for the refunds that are due; answers how many orders were taken up.

    To be called outside any transaction, by any number of processes at once.

    Raises:
        StripeUnavailableError: Stripe does not answer at all. The orders stay due.
    """
    began_at = timezone.now()  # what is put off meanwhile is left to the next run
    for sent in range(_MOST_AT_ONCE):
        order = _claim(due_by=began_at)
        if order is None:
            return sent
        _send(order)
    return _MOST_AT_ONCE


@transaction.atomic
def _claim(*, due_by: datetime) -> RefundOrder | None:
    """Take the order that is due longest, if any; another process passes it over."""
    order = (
        RefundOrder.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("donation")
        .filter(
            decision=RefundOrder.Decision.APPROVED,
            finished_at__isnull=True,
            next_attempt_at__lte=due_by,
        )
        .order_by("next_attempt_at", "pk")
        .first()
    )
    if order is None:
        return None
    now = timezone.now()
    order.sent_at = order.sent_at or now
    order.attempts += 1
    order.next_attempt_at = now + CLAIM_LASTS
    order.save(update_fields=["sent_at", "attempts", "next_attempt_at"])
    return order


def _send(order: RefundOrder) -> None:
    try:
        try:
            made = _ask(order)
        except RefundRefusedError as refused:
            _settle_refusal(order, refused)
        else:
            _settle(order, made)
    except NoRightToRefundError:
        logger.warning("Stripe does not let our key give money back: %s waits", order)
        _put_off(order, _NO_RIGHT, _NO_RIGHT_ASK_AGAIN_AFTER)
    except StripeUnavailableError as error:
        logger.warning("no clear answer of Stripe about %s: %s", order, error)
        _put_off(order, _NO_ANSWER, _delay(order.attempts))
        if not error.was_answered:
            raise


def _ask(order: RefundOrder) -> MadeRefund:
    """The refund of this order: made now, or made before and found again."""
    if order.stripe_refund_id is not None:
        return read_made_refund(order.stripe_refund_id)
    payment_intent_id = order.donation.payment_intent_id
    assert payment_intent_id is not None, "only a paid donation is given back"
    assert order.sent_at is not None, "it was claimed"
    if timezone.now() - order.sent_at > KEY_IS_SAFE_FOR:
        made = _ours(order, read_made_refunds(payment_intent_id))
        if made is not None:
            return made
    return give_back(
        RefundRequest(
            reference=order.reference,
            number=order.refusals,
            payment_intent_id=payment_intent_id,
            amount=order.amount,
            stripe_reason=order.stripe_reason,
        )
    )


def _ours(order: RefundOrder, refunds: Iterable[MadeRefund]) -> MadeRefund | None:
    wanted = str(order.reference)
    return next((one for one in refunds if one.order_reference == wanted), None)


def _settle_refusal(order: RefundOrder, refused: RefundRefusedError) -> None:
    """Stripe said no. Before that is believed, see whether an earlier request had made it."""
    refunds: list[MadeRefund] = []
    if refused.refusal is not Refusal.UNKNOWN_PAYMENT:
        assert order.donation.payment_intent_id is not None
        refunds = read_made_refunds(order.donation.payment_intent_id)
    if made := _ours(order, refunds):
        _settle(order, made)
        return
    logger.warning("Stripe refused %s: %s", order, refused)
    wakes: set[str] = set()
    with transaction.atomic():
        if refunds:  # what was given back at Stripe itself, and what its word comes to
            wakes = book_facts([one.fact for one in refunds]).wakes
        locked = _unfinished(order)
        if locked is not None:
            _mark_refused(locked, refused.refusal)
    wake(wakes)


def _mark_refused(order: RefundOrder, refusal: Refusal) -> None:
    order.last_error = _REFUSALS[refusal]
    if refusal is Refusal.BALANCE:
        # Nothing was made under this key: from here on it may be withdrawn, or asked for anew.
        order.sent_at = None
        order.refusals += 1
        order.next_attempt_at = timezone.now() + ASK_AGAIN_AFTER
    else:
        order.outcome = RefundOrder.Outcome.REFUSED
        order.finished_at = timezone.now()
    order.save()


def _settle(order: RefundOrder, made: MadeRefund) -> None:
    """Book the refund that Stripe made, and end the order with it, together."""
    with transaction.atomic():
        booked = book_facts([made.fact])
        locked = _unfinished(order)
        if locked is not None:
            _mark_made(locked, made, booked.results[0])
    wake(booked.wakes)


def _mark_made(order: RefundOrder, made: MadeRefund, result: object) -> None:
    order.stripe_refund_id = made.fact.refund_id
    order.last_error = _HOLDS[made.hold] if made.hold else ""
    if isinstance(result, TillError):
        logger.error("the refund of %s could not be booked: %s", order, result)
        order.last_error = f"Stripe gave it back, and it could not be booked: {result}"
        order.next_attempt_at = timezone.now() + _delay(order.attempts)
    elif made.hold is Hold.DONOR:
        order.next_attempt_at = timezone.now() + ASK_AGAIN_AFTER
    else:
        never_went = made.fact.state is RefundState.NEVER_WENT
        order.outcome = RefundOrder.Outcome.REFUSED if never_went else RefundOrder.Outcome.REFUNDED
        order.last_error = _CANCELLED if never_went else order.last_error
        order.finished_at = timezone.now()
    order.save()


def _unfinished(order: RefundOrder) -> RefundOrder | None:
    """The order, locked; None when it ended elsewhere after our claim ran out."""
    return (
        RefundOrder.objects.select_for_update()
        .filter(pk=order.pk, decision=RefundOrder.Decision.APPROVED, finished_at__isnull=True)
        .first()
    )


def _put_off(order: RefundOrder, why: str, delay: timedelta) -> None:
    """It stays sent: a refund may have been made, and the same key will tell."""
    RefundOrder.objects.filter(pk=order.pk, finished_at__isnull=True).update(
        last_error=why, next_attempt_at=timezone.now() + delay
    )


def _delay(attempts: int) -> timedelta:
    """Doubling, with jitter, up to five minutes."""
    longest = min(_LONGEST_DELAY_SECONDS, 2 ** min(attempts, 12))
    return timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311 - spreads load
