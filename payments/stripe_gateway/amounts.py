"""Stripe's whole numbers and our money. Stripe's table differs from ISO 4217 in places."""

from decimal import Decimal
from typing import Final

from funds.money import Money

# Source: docs.stripe.com/currencies, "Zero-decimal currencies".
_ZERO_DECIMAL: Final = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905 - a table
)
# Source: docs.stripe.com/currencies, "Three-decimal currencies": the last digit must be 0.
_THREE_DECIMAL: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# Source: docs.stripe.com/currencies, "Special cases": written with two decimals that must be 00.
_WHOLE_IN_TWO_DECIMALS: Final = frozenset(["ISK", "UGX"])


class UnchargeableAmountError(ValueError):
    """Stripe cannot take that amount in that currency, e.g. half a yen. A bug in the caller."""


def from_stripe(amount: int, currency: str) -> Money:
    """The money that Stripe means by a whole number of a currency (ISO code, any case)."""
    code = currency.upper()
    return Money(Decimal(amount).scaleb(-_decimals(code)), code)


def to_stripe(money: Money) -> int:
    """The whole number by which Stripe means this money.

    Raises:
        UnchargeableAmountError: It has a fraction that Stripe does not take.
    """
    code = money.currency.code
    scaled = money.amount.scaleb(_decimals(code))
    step = 100 if code in _WHOLE_IN_TWO_DECIMALS else 10 if code in _THREE_DECIMAL else 1
    if scaled % step:
        raise UnchargeableAmountError(f"Stripe takes no fractions such as {money.amount} {code}")
    return int(scaled)


def _decimals(code: str) -> int:
    """HUF and TWD have two here: only their payouts are whole."""
    if code in _ZERO_DECIMAL:
        return 0
    return 3 if code in _THREE_DECIMAL else 2
