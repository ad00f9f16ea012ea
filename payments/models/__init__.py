"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.checkout import CheckoutGiving
from payments.models.chore import ChoreRun
from payments.models.monthly import MonthlyDonation, MonthlyInvoice
from payments.models.webhook import WebhookEvent

__all__ = [
    "CardDonation",
    "CardRefund",
    "CashCollection",
    "CheckoutGiving",
    "ChoreRun",
    "MonthlyDonation",
    "MonthlyInvoice",
    "TransferReceipt",
    "WebhookEvent",
]
