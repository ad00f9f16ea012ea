"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.alarm import Alarm, Refusal
from payments.models.balance import BalanceLine, BalanceWindow, Payout, StripeBalance
from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.checkout import CheckoutGiving
from payments.models.chore import ChoreOutcome, ChoreRun
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
    "BalanceLine",
    "BalanceWindow",
    "CardDispute",
    "CardDisputeMovement",
    "CardDonation",
    "CardPause",
    "CardRefund",
    "CashCollection",
    "ChallengeChoice",
    "CheckoutGiving",
    "CheckoutOrigin",
    "ChoreOutcome",
    "ChoreRun",
    "Letter",
    "MonthlyDonation",
    "MonthlyInvoice",
    "Payout",
    "RefundOrder",
    "Refusal",
    "StripeBalance",
    "TransferReceipt",
    "WebhookEvent",
]
