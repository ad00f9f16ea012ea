"""What people type for an amount, and what must never pass as one."""

import pytest

from funds.money import Money
from payments.amounts import AmountError, parse_amount
from tests.factories import gbp


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("25", "25"),
        ("25.5", "25.50"),
        ("25.50", "25.50"),
        (" £25 ", "25"),
        ("£ 25", "25"),
        ("0.01", "0.01"),
        ("1,250", "1250"),
        ("1,000,000.00", "1000000"),
        ("0025", "25"),
    ],
)
def test_what_people_type_is_understood(typed: str, meant: str) -> None:
    assert parse_amount(typed, currency="GBP") == gbp(meant)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "  ",
            "£",
            "0",
            "0.00",
            "-5",
            "\N{MINUS SIGN}5",
            "+5",
            "1e9",
            "1E2",
            "NaN",
            "Infinity",
            "٢٥",
            "\N{FULLWIDTH DIGIT TWO}5",
        ),
        *("25.505", "25.", ".5", "1,00", "10,00", "1,0000", "25,50", "25 50", "£-5", "€25", "five"),
        *("1000000.01", "9" * 40, "0x10", "1_000", "25\n30", "½"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(typed: str) -> None:
    with pytest.raises(AmountError, match=r"^[A-Z].*\.$"):
        parse_amount(typed, currency="GBP")


def test_a_currency_without_small_coins_takes_whole_amounts_only() -> None:
    assert parse_amount("25", currency="JPY") == Money(25, "JPY")
    with pytest.raises(AmountError, match="whole amount"):
        parse_amount("25.5", currency="JPY")


def test_the_symbol_is_the_currency_s_own() -> None:
    assert parse_amount("€25.50", currency="EUR") == Money("25.50", "EUR")
    with pytest.raises(AmountError):
        parse_amount("£25", currency="EUR")
