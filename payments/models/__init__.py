"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.alarm import Alarm, Refusal
from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.chore import ChoreRun
from payments.models.disputes import CardDispute, CardDisputeMovement
from payments.models.letter import Letter
from payments.models.match import MatchingRun, PayerRule, StatementMatch
from payments.models.paying_in import CashNudge, PayingIn, PayingInLine
from payments.models.refund_order import RefundOrder
from payments.models.shield import (
    Attack,
    AttemptCount,
    CardPause,
    ChallengeChoice,
    CheckoutOrigin,
)
from payments.models.statement import (
    BankAccount,
    ColumnMap,
    StatementFile,
    StatementImport,
    StatementLine,
)
from payments.models.webhook import WebhookEvent

__all__ = [
    "Alarm",
    "Attack",
    "AttemptCount",
    "BankAccount",
    "CardDispute",
    "CardDisputeMovement",
    "CardDonation",
    "CardPause",
    "CardRefund",
    "CashCollection",
    "CashNudge",
    "ChallengeChoice",
    "CheckoutOrigin",
    "ChoreRun",
    "ColumnMap",
    "Letter",
    "MatchingRun",
    "PayerRule",
    "PayingIn",
    "PayingInLine",
    "RefundOrder",
    "Refusal",
    "StatementFile",
    "StatementImport",
    "StatementLine",
    "StatementMatch",
    "TransferReceipt",
    "WebhookEvent",
]
