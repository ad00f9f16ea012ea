"""Giving money back: asking Stripe for a refund, once. Never asked for inside a transaction."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID

import stripe
from django.utils import timezone

from funds.money import Money
from payments.stripe_gateway.amounts import to_stripe
from payments.stripe_gateway.client import PAGE_SIZE, answers, client
from payments.stripe_gateway.facts import Refunded
from payments.stripe_gateway.reading import read_refund

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams

OUR_REFUND_KEY: Final = "whipround_refund"
"""Under this key every refund that we order carries the order's reference, and nothing else."""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What Stripe is asked for. The same request is made once, however often it is sent.

    Attributes:
        reference: Names our order.
        number: How often Stripe refused this order before. It answers the same to the same key
            for 24 hours, so that what it refused for now must be asked for under another.
        stripe_reason: One of Stripe's own three reasons, or "".
    """

    reference: UUID
    number: int
    payment_intent_id: str
    amount: Money
    stripe_reason: str

    @property
    def idempotency_key(self) -> str:
        """Stripe does what is asked under a key once."""
        key = f"whipround-refund-{self.reference}"
        return f"{key}-{self.number}" if self.number else key


class Hold(Enum):
    """Why a refund that Stripe has made does not go yet."""

    DONOR = "the donor must do something first"
    BALANCE = "the account does not hold enough"


@dataclass(frozen=True, slots=True)
class MadeRefund:
    """A refund as Stripe tells of it; ``order_reference`` is "" for one that we did not order."""

    fact: Refunded
    order_reference: str
    hold: Hold | None


class Refusal(Enum):
    """Why Stripe made no refund."""

    ALREADY_BACK = "all of it was given back before"
    TOO_MUCH = "more than is left of it"
    DISPUTED = "the donor's bank has taken it back, or is about to"
    BALANCE = "the account does not hold enough"
    UNKNOWN_PAYMENT = "no such payment on this account"
    OTHER = "another reason"


class RefundRefusedError(Exception):
    """Stripe answered no: nothing was given back by this request."""

    def __init__(self, refusal: Refusal, *, code: str) -> None:
        """``code`` is Stripe's own short word for it, safe to show; it may be empty."""
        super().__init__(f"{refusal.value} ({code or 'no code'})")
        self.refusal = refusal
        self.code = code


class NoRightToRefundError(Exception):
    """Our key may not make refunds. It says nothing about what an earlier key did."""


# Source: docs.stripe.com/error-codes.
_REFUSALS: Final = {
    "charge_already_refunded": Refusal.ALREADY_BACK,
    "charge_disputed": Refusal.DISPUTED,
    "refund_disputed_payment": Refusal.DISPUTED,
    "insufficient_funds": Refusal.BALANCE,
    "balance_insufficient": Refusal.BALANCE,
    "resource_missing": Refusal.UNKNOWN_PAYMENT,
}
# Stripe gives this one no code that can be relied on.
_EMPTY_BALANCE: Final = "insufficient funds in your stripe balance"


def give_back(request: RefundRequest) -> MadeRefund:
    """Ask Stripe for a refund; the same request again gives the same one (within 24 hours).

    Raises:
        RefundRefusedError: None was made by this request.
        NoRightToRefundError: None was made by this request; the operator must change the key.
        StripeUnavailableError: Not known: one may have been made.

    Source: docs.stripe.com/api/refunds/create.
    """
    params: RefundCreateParams = {
        "payment_intent": request.payment_intent_id,
        "amount": to_stripe(request.amount),
        "metadata": {OUR_REFUND_KEY: str(request.reference)},
    }
    if request.stripe_reason:
        params["reason"] = request.stripe_reason
    with answers():
        try:
            refund = client().v1.refunds.create(
                params, {"idempotency_key": request.idempotency_key}
            )
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            raise RefundRefusedError(_refusal(error), code=error.code or "") from error
        except (stripe.PermissionError, stripe.AuthenticationError) as error:
            raise NoRightToRefundError from error
    return _made(refund)


def read_made_refund(refund_id: str) -> MadeRefund:
    """A refund as it stands now.

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        return _made(client().v1.refunds.retrieve(refund_id))


def read_made_refunds(payment_intent_id: str) -> list[MadeRefund]:
    """Every refund of a payment, as it stands now, whoever made it.

    Raises:
        StripeUnavailableError: Not known.
    """
    with answers():
        refunds = client().v1.refunds.list(
            {"payment_intent": payment_intent_id, "limit": PAGE_SIZE}
        )
        return [_made(refund) for refund in refunds.auto_paging_iter()]


def _made(refund: stripe.Refund) -> MadeRefund:
    shape = refund.to_dict()
    fact = read_refund(shape, timezone.now())
    assert isinstance(fact, Refunded), "a refund of a payment intent"
    marked = (shape["metadata"] or {}).get(OUR_REFUND_KEY, "")
    hold = None
    if shape["status"] == "requires_action":
        hold = Hold.DONOR
    elif shape.get("pending_reason") == "insufficient_funds":
        hold = Hold.BALANCE
    return MadeRefund(fact, marked, hold)


def _refusal(error: stripe.InvalidRequestError | stripe.CardError) -> Refusal:
    if error.code in _REFUSALS:
        return _REFUSALS[error.code]
    if _EMPTY_BALANCE in (error.user_message or "").lower():
        return Refusal.BALANCE
    # Of our own parameters only the amount can be wrong, and then by being too large.
    return Refusal.TOO_MUCH if error.param == "amount" else Refusal.OTHER
