"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.alarm import Alarm, Refusal
from payments.models.balance import BalanceLine, BalanceWindow, Payout, StripeBalance
from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.chore import ChoreRun
from payments.models.disputes import CardDispute, CardDisputeMovement
from payments.models.letter import Letter
from payments.models.webhook import WebhookEvent

__all__ = [
    "Alarm",
    "BalanceLine",
    "BalanceWindow",
    "CardDispute",
    "CardDisputeMovement",
    "CardDonation",
    "CardRefund",
    "CashCollection",
    "ChoreRun",
    "Letter",
    "Payout",
    "Refusal",
    "StripeBalance",
    "TransferReceipt",
    "WebhookEvent",
]
