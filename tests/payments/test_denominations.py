"""Notes and coins: which there were, and what a count comes to."""

from datetime import date

import pytest

from funds.money import Money
from payments.denominations import (
    MOST_PIECES,
    Denomination,
    UnknownDenominationError,
    counted_total,
    denominations_in_use,
    every_denomination,
)
from tests.factories import TODAY, gbp


def test_a_count_comes_to_the_sum_of_face_value_times_pieces() -> None:
    pieces = {50_00: 1, 20_00: 2, 5_00: 3, 2_00: 4, 50: 5, 1: 7, 2: 0}

    assert counted_total(pieces, currency="GBP", on=TODAY) == gbp("115.57")


def test_an_empty_count_comes_to_nothing() -> None:
    assert counted_total({}, currency="GBP", on=TODAY) == gbp(0)


def test_british_notes_and_coins_are_all_there_largest_first() -> None:
    labels = [piece.label for piece in denominations_in_use("GBP", on=TODAY)]

    assert labels == ["£50", "£20", "£10", "£5", "£2", "£1", "50p", "20p", "10p", "5p", "2p", "1p"]


def test_euro_cents_are_counted_in_euro() -> None:
    assert counted_total({500_00: 1, 1: 3}, currency="EUR", on=TODAY) == Money("500.03", "EUR")


def test_a_coin_is_not_offered_before_there_was_one() -> None:
    before, after = date(1998, 6, 14), date(1998, 6, 15)

    assert 2_00 not in {piece.face_minor for piece in denominations_in_use("GBP", on=before)}
    assert 2_00 in {piece.face_minor for piece in denominations_in_use("GBP", on=after)}
    with pytest.raises(UnknownDenominationError, match=r"No £2\.00 .* on 14 June 1998"):
        counted_total({2_00: 1}, currency="GBP", on=before)


def test_a_withdrawn_coin_is_in_use_up_to_its_last_day() -> None:
    coin = Denomination(1, "1p", is_note=False, until=date(2030, 1, 31))

    assert coin.is_in_use(date(2030, 1, 31))
    assert not coin.is_in_use(date(2030, 2, 1))


@pytest.mark.parametrize("pieces", [{3_00: 1}, {0: 1}, {-1: 1}, {20_00: -1}, {1: MOST_PIECES + 1}])
def test_what_nobody_holds_is_refused(pieces: dict[int, int]) -> None:
    with pytest.raises(UnknownDenominationError):
        counted_total(pieces, currency="GBP", on=TODAY)


def test_a_currency_without_a_sheet_has_no_denominations() -> None:
    assert every_denomination("JPY") == ()
