"""The admin's pages about the till."""

from payments.admin.balance import BalanceLineAdmin, PayoutAdmin
from payments.admin.card import CardDonationAdmin
from payments.admin.cash import CashCollectionAdmin, PayingInAdmin, TransferReceiptAdmin
from payments.admin.monthly import MonthlyDonationAdmin
from payments.admin.refund_order import RefundOrderAdmin
from payments.admin.webhook import WebhookEventAdmin

__all__ = [
    "BalanceLineAdmin",
    "CardDonationAdmin",
    "CashCollectionAdmin",
    "MonthlyDonationAdmin",
    "PayingInAdmin",
    "PayoutAdmin",
    "RefundOrderAdmin",
    "TransferReceiptAdmin",
    "WebhookEventAdmin",
]
