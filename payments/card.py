"""Card donations: from Stripe's word on a payment to the books, and to what is promised.

Every function decides about one fact of a batch and may be told it any number of times, in any
order with the others: what is newer stands, and each payment is booked once.
"""

from functools import partial

from django.db import transaction

from appeals.models import Promise
from appeals.promises import keep_promise, let_promise_lapse, open_promise
from payments.batch import Batch
from payments.errors import AmountMismatchError
from payments.models import CardDonation, WebhookEvent
from payments.shield.judging import note_decline
from payments.stripe_gateway.facts import (
    CheckoutExpired,
    PaymentDelayed,
    PaymentFailed,
    PaymentReceived,
)

Outcome = WebhookEvent.Outcome


def book_received(fact: PaymentReceived, batch: Batch) -> WebhookEvent.Outcome:
    """Book a donation in full, dated by the day on which the payment succeeded.

    Two events (and the sweep) may tell of one payment, so the key is the payment's. Another
    payment of a donation that is paid came as well, and is booked as well: as a donation
    ``again_of`` the first, for the treasurer to see and pay back.

    Raises:
        UnknownDonationError: The reference is not one of ours.
        AmountMismatchError: Stripe took something else than the donor agreed to.
    """
    donation = batch.donation(fact.reference)
    if fact.amount != donation.amount:
        raise AmountMismatchError(
            f"{donation}: the donor agreed to {donation.amount}, and {fact.payment_intent_id} took "
            f"{fact.amount}"
        )
    if donation.payment_intent_id not in {None, fact.payment_intent_id}:
        donation = batch.receive_again(donation, fact.payment_intent_id)
    key = f"stripe:{fact.payment_intent_id}:received"
    if donation.received_entry_id is not None or batch.has_drafted(key):
        return Outcome.KNOWN
    on = batch.local_date(fact.told_at)
    batch.receive(donation, fact.payment_intent_id, batch.received(donation, key=key, on=on))
    if donation.processing_at is not None:
        donation.processing_at = None
        keep_promise(_promise_key(donation))
    return Outcome.BOOKED


def note_delayed(fact: PaymentDelayed, batch: Batch) -> WebhookEvent.Outcome:
    """The donor did their part and the money comes later: it is promised, not raised.

    Raises:
        UnknownDonationError: The reference is not one of ours.
        AmountMismatchError: It is for something else than the donor agreed to.
    """
    donation = batch.donation(fact.reference)
    if fact.amount != donation.amount:
        raise AmountMismatchError(
            f"{donation}: the donor agreed to {donation.amount}, and {fact.payment_intent_id} will "
            f"take {fact.amount}"
        )
    has_come = donation.payment_intent_id is not None
    has_failed_since = donation.failed_at is not None and donation.failed_at >= fact.told_at
    if has_come or has_failed_since:
        return Outcome.NOTED
    if donation.processing_at is None or donation.processing_at < fact.told_at:
        donation.processing_at = fact.told_at
        batch.change(donation)
    open_promise(
        appeal=donation.appeal,
        branch=donation.branch,
        amount=donation.amount,
        kind=Promise.Kind.DELAYED_CARD,
        source_key=_promise_key(donation),
    )
    return Outcome.NOTED


def note_failed(fact: PaymentFailed, batch: Batch) -> WebhookEvent.Outcome:
    """An attempt did not succeed: what was promised by it lapses.

    Raises:
        UnknownDonationError: The reference is not one of ours.
    """
    donation = batch.donation(fact.reference)
    if donation.checkout_expires_at is not None and fact.told_at <= donation.checkout_expires_at:
        # A card that was tried; a bank's debit fails days later, and is no attempt.
        transaction.on_commit(partial(note_decline, donation, fact.told_at), robust=True)
    if donation.failed_at is None or donation.failed_at < fact.told_at:
        donation.failed_at = fact.told_at
        batch.change(donation)
    if donation.processing_at is not None and donation.processing_at <= fact.told_at:
        donation.processing_at = None
        batch.change(donation)
        let_promise_lapse(_promise_key(donation))
    return Outcome.NOTED


def note_expired(fact: CheckoutExpired, batch: Batch) -> WebhookEvent.Outcome:
    """Nobody can pay this Checkout any more.

    Raises:
        UnknownDonationError: The reference is not one of ours.
    """
    donation = batch.donation(fact.reference)
    if donation.checkout_ended_at is None or donation.checkout_ended_at > fact.told_at:
        donation.checkout_ended_at = fact.told_at
        batch.change(donation)
    return Outcome.NOTED


def _promise_key(donation: CardDonation) -> str:
    return f"card-donation:{donation.reference}:promised"
