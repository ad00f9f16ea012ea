"""What Stripe tells of monthly donations, in our own terms. All moments are aware, in UTC.

``monthly`` is the monthly donation's reference, where our mark was still on Stripe's object; else
its ``subscription_id`` tells whose it is.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from funds.money import Money


class Telling(IntEnum):
    """How a state was told. Of two of one second, the later word here is the later state."""

    BEGAN = 0
    CHANGED = 1
    ENDED = 2


@dataclass(frozen=True, slots=True)
class MonthlyBegun:
    """The donor finished the Checkout: Stripe takes the months by itself from now on."""

    monthly: UUID
    subscription_id: str
    customer_id: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class MonthlyExpired:
    """The Checkout ended and nothing was begun."""

    monthly: UUID
    told_at: datetime


@dataclass(frozen=True, slots=True)
class MonthlyState:
    """A subscription as it stood at ``told_at``; ``status`` is Stripe's word for it.

    ``amount`` is a month's. ``next_at`` is when the month that is paid for ends, ``cancel_at`` when
    it is to end, where that is settled already.
    """

    monthly: UUID | None
    subscription_id: str
    customer_id: str
    status: str
    amount: Money
    started_at: datetime
    next_at: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    telling: Telling
    told_at: datetime


@dataclass(frozen=True, slots=True)
class MonthPaid:
    """Money came for a month's invoice. By which payment, and how much, ``MonthSettled`` tells."""

    monthly: UUID | None
    subscription_id: str
    customer_id: str
    invoice_id: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class MonthSettled:
    """The payment of an invoice succeeded at ``paid_at``. Whose it is, ``MonthPaid`` tells."""

    invoice_id: str
    payment_intent_id: str
    amount: Money
    paid_at: datetime
    told_at: datetime


@dataclass(frozen=True, slots=True)
class MonthFailed:
    """A month's payment did not succeed; Stripe tries again at ``next_attempt_at``, if ever."""

    monthly: UUID | None
    subscription_id: str
    customer_id: str
    invoice_id: str
    next_attempt_at: datetime | None
    told_at: datetime


MonthlyFact = MonthlyBegun | MonthlyExpired | MonthlyState | MonthPaid | MonthSettled | MonthFailed
