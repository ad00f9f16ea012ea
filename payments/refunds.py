"""Refunds of card donations: they lower what was raised at once, by what they are."""

from funds.ledger import reverse_entry
from payments.batch import Batch
from payments.errors import AmountMismatchError, OutOfOrderError
from payments.letters.outbox import enclose_failed_refunds
from payments.models import CardRefund, WebhookEvent
from payments.stripe_gateway.facts import Refunded, RefundState, RefundTotal

Outcome = WebhookEvent.Outcome


def book_refund(fact: Refunded, batch: Batch) -> WebhookEvent.Outcome:
    """Book a refund, whole or partial, by Stripe's date for it; told twice, it is booked once.

    One that has failed is booked too, since the money did leave: ``book_failure`` then brings
    it back. So it does not matter which of its events comes first.

    Raises:
        OutOfOrderError: The payment is not booked yet.
        AmountMismatchError: It is of another currency than the donation.
    """
    donation = batch.paid_donation(fact.payment_intent_id)
    known = batch.refunds_of(donation)
    if fact.refund_id in known:
        return Outcome.KNOWN
    if fact.state is RefundState.NEVER_WENT:
        return Outcome.NOTED
    if fact.amount.currency != donation.amount.currency:
        raise AmountMismatchError(
            f"{donation}: gave {donation.amount}, Stripe gave back {fact.amount}"
        )
    key = f"stripe:{fact.refund_id}:refunded"
    batch.add_refund(
        CardRefund(stripe_id=fact.refund_id, donation=donation, amount=fact.amount),
        batch.refunded(donation, fact.amount, key=key, on=batch.local_date(fact.refunded_at)),
    )
    return Outcome.BOOKED


def book_failure(fact: Refunded, batch: Batch) -> WebhookEvent.Outcome:
    """Bring a refund's money back that did not reach the donor.

    To be called after the batch was written, so that the refund itself stands.
    """
    if fact.state is not RefundState.BACK:
        return Outcome.KNOWN  # also when it is older news: that it had not gone yet
    refund = CardRefund.objects.select_related("entry", "donation").get(stripe_id=fact.refund_id)
    _, is_new = reverse_entry(
        refund.entry,
        reason="the refund failed, and Stripe holds the money again",
        occurred_on=batch.local_date(fact.told_at),
        source_key=f"stripe:{fact.refund_id}:failed",
    )
    if is_new:
        enclose_failed_refunds([refund])
    return Outcome.BOOKED if is_new else Outcome.KNOWN


def check_total(fact: RefundTotal, batch: Batch) -> WebhookEvent.Outcome:
    """Stripe says how much went back in all; the refunds themselves tell it one by one.

    Raises:
        OutOfOrderError: A refund among them is not known yet: the sweep asks Stripe for it.
    """
    donation = batch.paid_donation(fact.payment_intent_id)
    known = sum(
        (refund.amount for refund in batch.refunds_of(donation).values()), donation.amount * 0
    )
    if known < fact.amount:
        raise OutOfOrderError(
            f"{fact.payment_intent_id}: {fact.amount} was given back, and refunds of {known} are "
            "known"
        )
    return Outcome.KNOWN
