from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funds.money import (
    InexactMoneyError,
    Money,
    decimal_text,
    from_minor,
    minor_unit,
    to_minor,
    zero,
)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("25", "GBP", 2500), ("0.01", "GBP", 1), ("500", "JPY", 500), ("1.234", "KWD", 1234)],
)
def test_minor_units_follow_iso_4217(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Money(Decimal(amount), currency)) == minor
    assert from_minor(minor, currency) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "GBP"), ("0.5", "JPY")])
def test_money_is_never_rounded_on_its_way_to_the_books(amount: str, currency: str) -> None:
    with pytest.raises(InexactMoneyError):
        to_minor(Money(Decimal(amount), currency))


def test_money_from_minor_units_shows_all_its_decimals() -> None:
    assert str(from_minor(500, "GBP").amount) == "5.00"
    assert str(zero("JPY").amount) == "0"


def test_two_currencies_do_not_add() -> None:
    with pytest.raises(TypeError):
        _ = Money(1, "GBP") + Money(1, "EUR")


def test_the_yen_is_not_times_100() -> None:
    assert minor_unit("JPY") == 1


@given(st.integers(-(10**15), 10**15), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_minor_units_as_text_are_the_text_of_their_money(amount_minor: int, currency: str) -> None:
    assert decimal_text(amount_minor, currency) == f"{from_minor(amount_minor, currency).amount:f}"
