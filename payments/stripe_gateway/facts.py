"""The facts that Stripe tells us, in our own terms. All moments are aware, in UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from uuid import UUID

from funds.money import Money


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    """The money of a donation came. ``told_at`` is when it succeeded."""

    reference: UUID
    payment_intent_id: str
    amount: Money
    told_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentDelayed:
    """The donor did their part, and the money comes days later or not at all."""

    reference: UUID
    payment_intent_id: str
    amount: Money
    told_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """An attempt did not succeed. While the Checkout is open, the donor may try again."""

    reference: UUID
    told_at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutExpired:
    """The Checkout ended unpaid: nobody can pay it any more."""

    reference: UUID
    told_at: datetime


@dataclass(frozen=True, slots=True)
class ChargeSettled:
    """Stripe's own line for a charge is known: there its real fee stands."""

    reference: UUID
    balance_transaction_id: str
    charged_at: datetime
    told_at: datetime


class RefundState(Enum):
    """Whether a refund's money went: out, out and back, or never."""

    GONE = "gone"
    BACK = "back"
    NEVER_WENT = "never went"


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund, in full or in part. ``refunded_at`` is when it was made, ``told_at`` the news."""

    refund_id: str
    payment_intent_id: str
    amount: Money
    state: RefundState
    refunded_at: datetime
    told_at: datetime


@dataclass(frozen=True, slots=True)
class RefundTotal:
    """How much of a payment was given back in all, without saying by which refunds."""

    payment_intent_id: str
    amount: Money
    told_at: datetime


class DisputeStatus(StrEnum):
    """How a dispute stands, in Stripe's words. What begins with WARNING is an inquiry."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    PREVENTED = "prevented"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """A line of Stripe's balance that a dispute caused.

    ``amount`` is negative when money was taken, positive when it came back, without the ``fee``;
    a negative fee was given back.
    """

    balance_transaction_id: str
    amount: Money
    fee: Money
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute as it stands at ``told_at``, with every line that it has caused by then.

    ``reason`` is Stripe's word. ``due_by`` is None when the bank takes no answer.
    """

    dispute_id: str
    payment_intent_id: str
    amount: Money
    reason: str
    status: DisputeStatus
    due_by: datetime | None
    opened_at: datetime
    lines: tuple[DisputeLine, ...]
    told_at: datetime


Fact = (
    PaymentReceived
    | PaymentDelayed
    | PaymentFailed
    | CheckoutExpired
    | ChargeSettled
    | Refunded
    | RefundTotal
    | Disputed
)


@dataclass(frozen=True, slots=True)
class Fee:
    """What Stripe kept of one charge; zero is possible."""

    balance_transaction_id: str
    amount: Money
    charged_at: datetime


class NotAFact(Enum):
    """What an event is when it tells us no fact."""

    NOT_OURS = "a payment that this site did not begin"
    NOTHING = "nothing that we book"
