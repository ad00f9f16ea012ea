"""The admin's pages about the till."""

from payments.admin.card import CardDonationAdmin
from payments.admin.cash import CashCollectionAdmin, PayingInAdmin, TransferReceiptAdmin
from payments.admin.refund_order import RefundOrderAdmin
from payments.admin.webhook import WebhookEventAdmin

__all__ = [
    "CardDonationAdmin",
    "CashCollectionAdmin",
    "PayingInAdmin",
    "RefundOrderAdmin",
    "TransferReceiptAdmin",
    "WebhookEventAdmin",
]
