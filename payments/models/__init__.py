"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.chore import ChoreRun
from payments.models.refund_order import RefundOrder
from payments.models.webhook import WebhookEvent

__all__ = [
    "CardDonation",
    "CardRefund",
    "CashCollection",
    "ChoreRun",
    "RefundOrder",
    "TransferReceipt",
    "WebhookEvent",
]
