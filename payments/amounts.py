"""Reading an amount that a person typed. Kind words when it cannot be meant."""

import re
from decimal import Decimal
from typing import Final

from funds.money import Money, minor_unit, zero

CAP: Final = Decimal(1_000_000)
"""Largest amount that any form takes, in whole units of its currency: more is a slip of the thumb,
or business for the bank."""

SYMBOLS: Final = {"GBP": "£", "EUR": "€"}
"""What people write before an amount, by ISO 4217 code."""

# ASCII digits only, grouped by commas in threes or not at all: never "1e9", "NaN" or "٢٥".
_NUMBER: Final = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.(?P<part>[0-9]+))?"
)


class AmountError(ValueError):
    """What was typed is not an amount that we take. The message is for the person who typed it."""


class AmountTooLargeError(AmountError):
    """More than any form takes."""


def parse_amount(text: str, *, currency: str) -> Money:
    """The money that a person meant: "25", "25.50", "£1,250" or "25.5".

    Args:
        text: As typed. Spaces around and the currency's own symbol are allowed.
        currency: ISO 4217 code that the amount is in.

    Raises:
        AmountError: Empty, not a number, zero or less, a fraction of the smallest coin, or over
            ``CAP``.
    """
    typed = text.strip()
    symbol = SYMBOLS.get(currency, "")
    if symbol and typed.startswith(symbol):
        typed = typed.removeprefix(symbol).lstrip()
    if not typed:
        raise AmountError("Type an amount.")
    number = _NUMBER.fullmatch(typed)
    if number is None:
        if typed.startswith(("-", "\N{MINUS SIGN}", "\N{EN DASH}")):
            raise AmountError("Type an amount above nothing, without a minus.")
        raise AmountError(f"Type the amount in figures, like {symbol}25 or {symbol}25.50.")
    decimals = len(str(minor_unit(currency))) - 1
    part = number["part"] or ""
    if len(part) > decimals:
        raise AmountError(
            f"Type at most {decimals} figures after the point, like {symbol}25.50."
            if decimals
            else f"{currency} has no smaller coins: type a whole amount."
        )
    amount = Decimal(f"{number['whole'].replace(',', '')}.{part or 0}")
    money = Money(amount, currency) + zero(currency)
    require_below_cap(money)
    if not amount:
        raise AmountError("Type an amount above nothing.")
    return money


def require_below_cap(amount: Money) -> None:
    """Refuse what is over ``CAP``, however it was told.

    Raises:
        AmountTooLargeError: Names the most that is taken.
    """
    if amount.amount > CAP:
        symbol = SYMBOLS.get(amount.currency.code, "")
        raise AmountTooLargeError(f"That is more than {symbol}{CAP:,}. Check the noughts.")
