"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.balance import BalanceLine, BalanceWindow, Payout, StripeBalance
from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.chore import ChoreRun
from payments.models.webhook import WebhookEvent

__all__ = [
    "BalanceLine",
    "BalanceWindow",
    "CardDonation",
    "CardRefund",
    "CashCollection",
    "ChoreRun",
    "Payout",
    "StripeBalance",
    "TransferReceipt",
    "WebhookEvent",
]
