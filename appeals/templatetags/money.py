"""The one place where money becomes text for people."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from django import template

from funds.money import Money, minor_unit

register = template.Library()

_SYMBOLS: Final[Mapping[str, str]] = {"GBP": "£", "EUR": "€"}
_MINUS: Final = "\N{MINUS SIGN}"


@register.filter
def in_currency(amount: Decimal, currency: str) -> Money:
    """A bare amount, such as a suggested one, as money of an ISO 4217 currency."""
    return Money(amount, currency)


@register.filter
def money(amount: Money | Literal[""] | None) -> str:
    """``£42,021``; ``£42,021.50`` when it is not whole; nothing for None.

    A debt has the real minus sign before all else. A currency without a sign of its own here is
    named by its ISO 4217 code: ``SEK 500``.
    """
    if amount is None or amount == "":  # a name that a template does not know comes as ""
        return ""
    code = amount.currency.code
    is_whole = amount.amount == int(amount.amount)
    return _written(amount, decimals=0 if is_whole else _decimals(code))


@register.filter
def exact(amount: Money | Literal[""] | None) -> str:
    """``£42,021.00``: as ``money``, with all the currency's decimals, for columns of figures."""
    if amount is None or amount == "":
        return ""
    return _written(amount, decimals=_decimals(amount.currency.code))


def _decimals(code: str) -> int:
    return len(str(minor_unit(code))) - 1


def _written(amount: Money, *, decimals: int) -> str:
    code = amount.currency.code
    sign = _MINUS if amount.amount < 0 else ""
    symbol = _SYMBOLS.get(code, f"{code}\N{NO-BREAK SPACE}")
    return f"{sign}{symbol}{abs(amount.amount):,.{decimals}f}"
