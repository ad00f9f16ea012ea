"""Stripe's table of currencies, where it agrees with ISO 4217 and where it does not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funds.money import Money
from payments.stripe_gateway.amounts import UnchargeableAmountError, from_stripe, to_stripe

CODES = ("GBP", "EUR", "JPY", "KRW", "KWD", "BHD", "ISK", "UGX", "HUF", "TWD")


@pytest.mark.parametrize(
    ("amount", "currency", "number"),
    [
        ("25.00", "GBP", 2500),
        ("0.30", "GBP", 30),
        ("999999.99", "GBP", 99_999_999),
        ("2500", "JPY", 2500),  # the yen times a hundred was Mozilla's mistake
        ("1500", "KRW", 1500),
        ("5.120", "KWD", 5120),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("10.50", "HUF", 1050),
        ("800.45", "TWD", 80_045),
    ],
)
def test_the_number_that_stripe_takes(amount: str, currency: str, number: int) -> None:
    money = Money(Decimal(amount), currency)
    assert to_stripe(money) == number
    assert from_stripe(number, currency.lower()) == money


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.001", "GBP"), ("0.5", "JPY"), ("5.50", "ISK"), ("5.50", "UGX"), ("5.121", "KWD")],
)
def test_what_stripe_cannot_take_is_refused_and_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(UnchargeableAmountError):
        to_stripe(Money(Decimal(amount), currency))


@given(number=st.integers(0, 99_999_999), currency=st.sampled_from(CODES))
def test_there_and_back_loses_nothing(number: int, currency: str) -> None:
    step = {"ISK": 100, "UGX": 100, "KWD": 10, "BHD": 10}.get(currency, 1)
    whole = number - number % step
    assert to_stripe(from_stripe(whole, currency)) == whole
