"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.alarm import Alarm, Refusal
from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.checkout import CheckoutGiving
from payments.models.chore import ChoreRun
from payments.models.disputes import CardDispute, CardDisputeMovement
from payments.models.letter import Letter
from payments.models.monthly import MonthlyDonation, MonthlyInvoice
from payments.models.refund_order import RefundOrder
from payments.models.shield import (
    Attack,
    AttemptCount,
    CardPause,
    ChallengeChoice,
    CheckoutOrigin,
)
from payments.models.webhook import WebhookEvent

__all__ = [
    "Alarm",
    "Attack",
    "AttemptCount",
    "CardDispute",
    "CardDisputeMovement",
    "CardDonation",
    "CardPause",
    "CardRefund",
    "CashCollection",
    "ChallengeChoice",
    "CheckoutGiving",
    "CheckoutOrigin",
    "ChoreRun",
    "Letter",
    "MonthlyDonation",
    "MonthlyInvoice",
    "RefundOrder",
    "Refusal",
    "TransferReceipt",
    "WebhookEvent",
]
