"""Amounts in words, as a treasurer would say them."""

import pytest

from funds.money import Money
from payments.amount_words import say_amount, say_number
from tests.factories import gbp


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "nought pounds"),
        ("0.01", "one penny"),
        ("0.99", "ninety-nine pence"),
        ("1", "one pound"),
        ("1.01", "one pound and one penny"),
        ("12.50", "twelve pounds and fifty pence"),
        ("25", "twenty-five pounds"),
        ("100", "one hundred pounds"),
        ("101", "one hundred and one pounds"),
        ("999.20", "nine hundred and ninety-nine pounds and twenty pence"),
        ("1000", "one thousand pounds"),
        ("1050", "one thousand and fifty pounds"),
        ("1250", "one thousand two hundred and fifty pounds"),
        ("45000", "forty-five thousand pounds"),
        ("1000000", "one million pounds"),
        ("2000010", "two million and ten pounds"),
    ],
)
def test_pounds_and_pence(amount: str, words: str) -> None:
    assert say_amount(gbp(amount)) == words


def test_other_money_has_its_own_words_or_figures() -> None:
    assert say_amount(Money("2.50", "EUR")) == "two euros and fifty cents"
    assert say_amount(Money(500, "JPY")) == "500 JPY"
    assert say_amount(gbp(-1)) == "-1 GBP"


def test_no_two_numbers_sound_alike() -> None:
    assert len({say_number(number) for number in range(12_000)}) == 12_000
