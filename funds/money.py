"""Money, and the one place where it becomes whole minor units and back.

Everywhere in code money is djmoney's ``Money``; only postings and balances hold minor units.
"""

from decimal import Decimal

from djmoney.money import Money
from moneyed import get_currency

__all__ = [
    "InexactMoneyError",
    "Money",
    "decimal_text",
    "from_minor",
    "minor_unit",
    "to_minor",
    "zero",
]


class InexactMoneyError(ValueError):
    """The amount has a fraction of the currency's smallest unit. A bug in the caller."""


def minor_unit(currency: str) -> int:
    """How many minor units make one of ``currency``: 100 for GBP, 1 for JPY, 1000 for KWD.

    Source: ISO 4217, as py-moneyed holds it.
    """
    return int(get_currency(currency).sub_unit)


def to_minor(money: Money) -> int:
    """Whole minor units, e.g. pence.

    Raises:
        InexactMoneyError: Rounding would be needed. Money is never rounded here.
    """
    scaled = money.amount * minor_unit(money.currency.code)
    minor = int(scaled)
    if minor != scaled:
        raise InexactMoneyError(f"{money.amount} {money.currency.code} has a fraction of a unit")
    return minor


def from_minor(amount_minor: int, currency: str) -> Money:
    """The money that ``amount_minor`` minor units of ``currency`` are, with all its decimals."""
    unit = minor_unit(currency)
    decimals = len(str(unit)) - 1
    return Money(Decimal(amount_minor).scaleb(-decimals), currency)


def decimal_text(amount_minor: int, currency: str) -> str:
    """Minor units as plain decimal text with all the currency's decimals: ``42021.50``."""
    unit = minor_unit(currency)
    if unit == 1:
        return str(amount_minor)
    whole, part = divmod(abs(amount_minor), unit)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole}.{part:0{len(str(unit)) - 1}}"


def zero(currency: str) -> Money:
    """No money, of a currency."""
    return from_minor(0, currency)
