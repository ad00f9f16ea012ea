"""Amounts in words, for whoever is about to part with them: a nought too many reads aloud."""

from typing import Final

from funds.money import Money, to_minor

_ONES: Final = (
    *("nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS: Final = (
    *("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
)
_GREAT: Final = ((1_000_000, "million"), (1_000, "thousand"))

_UNITS: Final = {
    "GBP": (("pound", "pounds"), ("penny", "pence")),
    "EUR": (("euro", "euros"), ("cent", "cents")),
}
"""One and many of the currency, and of its hundredth."""


def say_amount(amount: Money) -> str:
    """An amount in words: "one thousand two hundred pounds and fifty pence".

    Below a thousand million, of a currency that has words here; other amounts in figures.
    """
    code = amount.currency.code
    minor = to_minor(amount)
    if code not in _UNITS or not 0 <= minor < 100_000_000_000:
        return f"{amount.amount} {code}"
    whole, part = divmod(minor, 100)
    (one, many), (one_part, many_parts) = _UNITS[code]
    words = []
    if whole or not part:
        words.append(f"{say_number(whole)} {one if whole == 1 else many}")
    if part:
        words.append(f"{say_number(part)} {one_part if part == 1 else many_parts}")
    return " and ".join(words)


def say_number(number: int) -> str:
    """A whole number in British words, from nought to 999,999,999."""
    words: list[str] = []
    rest = number
    for size, name in _GREAT:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{_below_thousand(count)} {name}")
    if rest or not words:
        joins = words and rest < 100
        words.append(f"and {_below_thousand(rest)}" if joins else _below_thousand(rest))
    return " ".join(words)


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = f"{_ONES[hundreds]} hundred" if hundreds else ""
    if rest or not hundreds:
        small = _below_hundred(rest)
        words = f"{words} and {small}" if words else small
    return words


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]
