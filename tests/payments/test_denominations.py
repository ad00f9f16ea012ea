"""Notes and coins: which there were, and what a count comes to."""

from datetime import date, timedelta

import pytest

from funds.money import Money
from payments.denominations import (
    MOST_PIECES,
    Denomination,
    UnknownDenominationError,
    counted_lines,
    counted_total,
    denominations_in_use,
    every_denomination,
    every_line,
    lines_on,
    notes_of_other_banks,
    withdrawn_denominations,
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


class TestWhatLiesApart:
    """Withdrawn issues and other banks' notes have lines of their own."""

    @pytest.mark.parametrize(
        ("key", "last_day"),
        [
            ("500-paper", date(2017, 5, 5)),
            ("100-round", date(2017, 10, 15)),
            ("1000-paper", date(2018, 3, 1)),
            ("2000-paper", date(2022, 9, 30)),
            ("5000-paper", date(2022, 9, 30)),
        ],
    )
    def test_an_issue_is_sorted_out_from_the_day_after_its_last(
        self, key: str, last_day: date
    ) -> None:
        def keys(on: date) -> set[str]:
            return {piece.key for piece in withdrawn_denominations("GBP", on=on)}

        assert key not in keys(last_day)
        assert key in keys(last_day + timedelta(days=1))

    def test_a_whole_sheet_is_worth_its_face_values(self) -> None:
        pieces = {"2000": 2, "2000-paper": 1, "10000-snib": 1, "1": 3}

        assert counted_lines(pieces, currency="GBP", on=TODAY) == gbp("160.03")

    @pytest.mark.parametrize(
        "pieces", [{"300": 1}, {"2000-tin": 1}, {"2000": -1}, {"1": MOST_PIECES + 1}]
    )
    def test_what_no_sheet_has_is_refused(self, pieces: dict[str, int]) -> None:
        with pytest.raises(UnknownDenominationError):
            counted_lines(pieces, currency="GBP", on=TODAY)

    def test_each_line_has_a_name_of_its_own(self) -> None:
        for currency in ("GBP", "EUR"):
            lines = every_line(currency)
            assert set(lines) >= set(lines_on(currency, on=TODAY))
            assert len({line.key for line in lines}) == len(lines)
            assert len({(line.full_label, line.is_note) for line in lines}) == len(lines)

    def test_other_currencies_have_nothing_apart(self) -> None:
        assert withdrawn_denominations("EUR", on=TODAY) == notes_of_other_banks("EUR") == ()
