"""What Stripe's types of line mean to us. A type that is not in these tables is never guessed.

Source: docs.stripe.com/reports/balance-transaction-types and
docs.stripe.com/reports/reporting-categories.
"""

from enum import Enum
from typing import Final


class Meaning(Enum):
    """What a line is about."""

    CHARGE = "money that somebody paid"
    CHARGE_FAILED = "money that did not come after all"
    REFUND = "money that went back to a donor"
    REFUND_FAILED = "a refund that did not reach the donor"
    DISPUTE = "money that a donor's bank took back"
    DISPUTE_WON = "money that a donor's bank returned"
    PAYOUT = "money on its way to our bank"
    PAYOUT_FAILED = "a payout that came back"
    ACCOUNT_FEE = "what Stripe takes for the account as a whole"


_BY_TYPE: Final = {
    ("charge", "charge"): Meaning.CHARGE,
    ("payment", "charge"): Meaning.CHARGE,
    ("payment_failure_refund", "charge_failure"): Meaning.CHARGE_FAILED,
    ("refund", "refund"): Meaning.REFUND,
    ("payment_refund", "refund"): Meaning.REFUND,
    ("refund_failure", "refund_failure"): Meaning.REFUND_FAILED,
    ("adjustment", "refund_failure"): Meaning.REFUND_FAILED,
    ("adjustment", "dispute"): Meaning.DISPUTE,
    ("adjustment", "dispute_reversal"): Meaning.DISPUTE_WON,
    ("payout", "payout"): Meaning.PAYOUT,
    ("payout_failure", "payout_reversal"): Meaning.PAYOUT_FAILED,
    ("payout_cancel", "payout_reversal"): Meaning.PAYOUT_FAILED,
}
"""By type and reporting category: one alone does not tell a dispute from other adjustments, nor a
refund from what a partial capture leaves."""

_ACCOUNT_FEES: Final = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee"})
"""Billed to the account: Stripe's products, changes of currency, tax on Stripe's fees. By type
alone, since Stripe files them under several categories (``fee``, ``network_cost``, ``tax``)."""

_ADJUSTED_FEES: Final = frozenset({"fee", "network_cost", "tax"})
"""Reporting categories of adjustments that correct a fee billed to the account."""


def meaning_of(line_type: str, reporting_category: str) -> Meaning | None:
    """What a line of this type and category is about; None when a person must say."""
    if line_type in _ACCOUNT_FEES:
        return Meaning.ACCOUNT_FEE
    if line_type == "adjustment" and reporting_category in _ADJUSTED_FEES:
        return Meaning.ACCOUNT_FEE
    return _BY_TYPE.get((line_type, reporting_category))
