"""The admin's pages about the till."""

from payments.admin.cash import CashCollectionAdmin, TransferReceiptAdmin

__all__ = ["CashCollectionAdmin", "TransferReceiptAdmin"]
