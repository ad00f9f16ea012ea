"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.alarm import Alarm, Refusal
from payments.models.bucket_count import Agreement, BucketCount, Cheque
from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.chore import ChoreRun
from payments.models.counting import Bucket, Occasion, OccasionStep, Seat
from payments.models.letter import Letter
from payments.models.named_gift import NamedGift
from payments.models.refund_order import RefundOrder
from payments.models.webhook import WebhookEvent

__all__ = [
    "Agreement",
    "Alarm",
    "Bucket",
    "BucketCount",
    "CardDonation",
    "CardRefund",
    "CashCollection",
    "Cheque",
    "ChoreRun",
    "Letter",
    "NamedGift",
    "Occasion",
    "OccasionStep",
    "RefundOrder",
    "Refusal",
    "Seat",
    "TransferReceipt",
    "WebhookEvent",
]
