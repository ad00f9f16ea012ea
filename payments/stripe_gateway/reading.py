"""Reading facts out of Stripe's objects, as API version ``API_VERSION`` writes them.

A shape that is not as published raises (KeyError, ValueError …): the event then waits, with that
error, for a person. Source of all shapes: docs.stripe.com/api, the page of each object.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from payments.stripe_gateway import OUR_METADATA_KEY
from payments.stripe_gateway.amounts import from_stripe
from payments.stripe_gateway.facts import (
    ChargeSettled,
    CheckoutExpired,
    Disputed,
    DisputeLine,
    DisputeStatus,
    Fact,
    NotAFact,
    PaymentDelayed,
    PaymentFailed,
    PaymentReceived,
    Refunded,
    RefundState,
    RefundTotal,
)

StripeObject = Mapping[str, Any]
Reader = Callable[[StripeObject, UUID, datetime], Fact | NotAFact]


def moment(seconds: int) -> datetime:
    """Stripe's seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def this_second() -> datetime:
    """Now, by the second, as Stripe dates its events: an answer is no newer than those of it."""
    return timezone.now().replace(microsecond=0)


def id_of(reference: str | StripeObject | None) -> str:
    """The id of an object that may stand there whole, by its id alone, or not at all."""
    if reference is None:
        return ""
    return reference if isinstance(reference, str) else str(reference["id"])


def read_event(event: StripeObject) -> Fact | NotAFact:
    """The fact that an event tells.

    Its ``created``, seconds since the epoch, is when the thing happened; the object's own
    ``created`` may be days earlier (a session that was opened, a debit that was begun).
    """
    kind: str = event["type"]
    thing: StripeObject = event["data"]["object"]
    told_at = moment(event["created"])
    if kind in _BACK_READERS:
        return _BACK_READERS[kind](thing, told_at)
    if kind in _READERS:
        reference = (thing["metadata"] or {}).get(OUR_METADATA_KEY)
        if reference is None:
            return NotAFact.NOT_OURS
        return _READERS[kind](thing, UUID(reference), told_at)
    return NotAFact.NOTHING


def read_refund(refund: StripeObject, told_at: datetime) -> Fact | NotAFact:
    """A refund in the state that it shows.

    Stripe's line of its balance tells whether the money ever went: a refund that waits, for the
    donor's action or for money to pay it with, has none, and may end without one.
    """
    payment_intent_id = id_of(refund["payment_intent"])
    if not payment_intent_id:
        return NotAFact.NOT_OURS
    status = refund["status"]
    if status not in _REFUND_STATUSES:
        raise ValueError(f"a refund of unknown status {status!r}")
    if status != "succeeded" and not refund["balance_transaction"]:
        state = RefundState.NEVER_WENT
    elif status in {"failed", "canceled"}:
        state = RefundState.BACK
    else:
        state = RefundState.GONE
    return Refunded(
        refund_id=refund["id"],
        payment_intent_id=payment_intent_id,
        amount=from_stripe(refund["amount"], refund["currency"]),
        state=state,
        refunded_at=moment(refund["created"]),
        told_at=told_at,
    )


def read_dispute(dispute: StripeObject, told_at: datetime) -> Disputed | NotAFact:
    """A dispute in the state that it shows, with what it took and brought back until then.

    Source: docs.stripe.com/api/disputes/object; ``due_by`` is 0 when the bank takes no answer.
    """
    payment_intent_id = id_of(dispute["payment_intent"])
    if not payment_intent_id:
        return NotAFact.NOT_OURS
    due_by = dispute["evidence_details"]["due_by"]
    lines = (
        DisputeLine(
            balance_transaction_id=line["id"],
            amount=from_stripe(line["amount"], line["currency"]),
            fee=from_stripe(line["fee"], line["currency"]),
            made_at=moment(line["created"]),
        )
        for line in dispute["balance_transactions"]
    )
    return Disputed(
        dispute_id=dispute["id"],
        payment_intent_id=payment_intent_id,
        amount=from_stripe(dispute["amount"], dispute["currency"]),
        reason=dispute["reason"],
        status=DisputeStatus(dispute["status"]),
        due_by=moment(due_by) if due_by else None,
        opened_at=moment(dispute["created"]),
        # Money goes before it comes back, also within one second.
        lines=tuple(sorted(lines, key=lambda line: (line.made_at, line.amount.amount > 0))),
        told_at=told_at,
    )


def read_session(session: StripeObject, reference: UUID, told_at: datetime) -> Fact | NotAFact:
    """A Checkout that the donor finished: paid, or to be paid days later."""
    kind = PaymentReceived if session["payment_status"] == "paid" else PaymentDelayed
    return kind(
        reference=reference,
        payment_intent_id=id_of(session["payment_intent"]),
        amount=from_stripe(session["amount_total"], session["currency"]),
        told_at=told_at,
    )


def read_succeeded_intent(
    intent: StripeObject, reference: UUID, told_at: datetime
) -> PaymentReceived:
    """A payment that succeeded."""
    return PaymentReceived(
        reference=reference,
        payment_intent_id=intent["id"],
        amount=from_stripe(intent["amount_received"], intent["currency"]),
        told_at=told_at,
    )


def _read_processing_intent(
    intent: StripeObject, reference: UUID, told_at: datetime
) -> PaymentDelayed:
    return PaymentDelayed(
        reference=reference,
        payment_intent_id=intent["id"],
        amount=from_stripe(intent["amount"], intent["currency"]),
        told_at=told_at,
    )


def _read_failure(thing: StripeObject, reference: UUID, told_at: datetime) -> PaymentFailed:  # noqa: ARG001 - as every reader
    return PaymentFailed(reference=reference, told_at=told_at)


def _read_expiry(thing: StripeObject, reference: UUID, told_at: datetime) -> CheckoutExpired:  # noqa: ARG001 - as every reader
    return CheckoutExpired(reference=reference, told_at=told_at)


def _read_charge(
    charge: StripeObject,
    reference: UUID,
    told_at: datetime,
) -> ChargeSettled | NotAFact:
    """Stripe copies a payment's metadata to its charge; its own line often comes later."""
    balance_transaction_id = id_of(charge["balance_transaction"])
    if not (charge["paid"] and balance_transaction_id):
        return NotAFact.NOTHING
    return ChargeSettled(
        reference=reference,
        balance_transaction_id=balance_transaction_id,
        charged_at=moment(charge["created"]),
        told_at=told_at,
    )


def _read_refunded_charge(charge: StripeObject, told_at: datetime) -> RefundTotal | NotAFact:
    if OUR_METADATA_KEY not in (charge["metadata"] or {}):
        return NotAFact.NOT_OURS
    return RefundTotal(
        payment_intent_id=id_of(charge["payment_intent"]),
        amount=from_stripe(charge["amount_refunded"], charge["currency"]),
        told_at=told_at,
    )


_REFUND_STATUSES: Final = frozenset(
    ["pending", "requires_action", "succeeded", "failed", "canceled"]
)

_READERS: Final[Mapping[str, Reader]] = {
    "checkout.session.completed": read_session,
    "checkout.session.async_payment_succeeded": read_session,
    "checkout.session.async_payment_failed": _read_failure,
    "checkout.session.expired": _read_expiry,
    "payment_intent.succeeded": read_succeeded_intent,
    "payment_intent.processing": _read_processing_intent,
    "payment_intent.payment_failed": _read_failure,
    "charge.succeeded": _read_charge,
    "charge.updated": _read_charge,
}

# Their objects do not bear our mark: the payment that they name tells whose they are.
_BACK_READERS: Final[Mapping[str, Callable[[StripeObject, datetime], Fact | NotAFact]]] = {
    "refund.created": read_refund,
    "refund.updated": read_refund,
    "refund.failed": read_refund,
    "charge.refunded": _read_refunded_charge,
    "charge.dispute.created": read_dispute,
    "charge.dispute.updated": read_dispute,
    "charge.dispute.funds_withdrawn": read_dispute,
    "charge.dispute.funds_reinstated": read_dispute,
    "charge.dispute.closed": read_dispute,
}

EVENT_TYPES: Final = (*_READERS, *_BACK_READERS)
"""The events that we act upon: what the webhook endpoint must be subscribed to."""
