"""Tables of the till: what was told to us, and which entry books it."""

from payments.models.alarm import Alarm, Refusal
from payments.models.balance import BalanceLine, BalanceWindow, Payout, StripeBalance
from payments.models.bucket_count import Agreement, BucketCount
from payments.models.card import CardDonation, CardRefund
from payments.models.cash import CashCollection, TransferReceipt
from payments.models.checkout import CheckoutGiving
from payments.models.cheque import Cheque, PayingInCheque
from payments.models.chore import ChoreOutcome, ChoreRun
from payments.models.counting import Bucket, Occasion, OccasionStep, Seat
from payments.models.disputes import CardDispute, CardDisputeMovement
from payments.models.letter import Letter
from payments.models.match import MatchingRun, PayerRule, StatementMatch
from payments.models.monthly import MonthlyDonation, MonthlyInvoice
from payments.models.named_gift import NamedGift
from payments.models.paying_in import CashNudge, PayingIn, PayingInLine
from payments.models.pledge import Pledge, PledgeList
from payments.models.pledge_check import CheckLine, PledgeSettlement, PledgeStep
from payments.models.pledge_payment import PledgePayment
from payments.models.read_out import ReadOutRule, ReadOutStep
from payments.models.refund_order import RefundOrder
from payments.models.shield import Attack, AttemptCount, CardPause, ChallengeChoice, CheckoutOrigin
from payments.models.statement import (
    BankAccount,
    ColumnMap,
    StatementFile,
    StatementImport,
    StatementLine,
)
from payments.models.tie_out import TieOutRow
from payments.models.two_person_act import TwoPersonAct
from payments.models.webhook import WebhookEvent

__all__ = [
    "Agreement",
    "Alarm",
    "Attack",
    "AttemptCount",
    "BalanceLine",
    "BalanceWindow",
    "BankAccount",
    "Bucket",
    "BucketCount",
    "CardDispute",
    "CardDisputeMovement",
    "CardDonation",
    "CardPause",
    "CardRefund",
    "CashCollection",
    "CashNudge",
    "ChallengeChoice",
    "CheckLine",
    "CheckoutGiving",
    "CheckoutOrigin",
    "Cheque",
    "ChoreOutcome",
    "ChoreRun",
    "ColumnMap",
    "Letter",
    "MatchingRun",
    "MonthlyDonation",
    "MonthlyInvoice",
    "NamedGift",
    "Occasion",
    "OccasionStep",
    "PayerRule",
    "PayingIn",
    "PayingInCheque",
    "PayingInLine",
    "Payout",
    "Pledge",
    "PledgeList",
    "PledgePayment",
    "PledgeSettlement",
    "PledgeStep",
    "ReadOutRule",
    "ReadOutStep",
    "RefundOrder",
    "Refusal",
    "Seat",
    "StatementFile",
    "StatementImport",
    "StatementLine",
    "StatementMatch",
    "StripeBalance",
    "TieOutRow",
    "TransferReceipt",
    "TwoPersonAct",
    "WebhookEvent",
]
