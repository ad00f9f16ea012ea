"""Dates and amounts as banks write them."""

from datetime import date

import pytest

from payments.banking.files.values import (
    DateOrder,
    DecimalMark,
    possible_orders,
    read_date,
    read_minor,
    read_plain_minor,
)
from payments.banking.words import holds_run, length_of, words_of

NOVEMBER = date(2026, 11, 7)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("07/11/2026", DateOrder.DMY),
        ("7/11/26", DateOrder.DMY),
        ("07.11.2026", DateOrder.DMY),
        ("07-Nov-2026", DateOrder.DMY),
        ("7 November 2026", DateOrder.DMY),
        ("07 nov. 26", DateOrder.DMY),
        ("07/11/2026 14:30:59", DateOrder.DMY),
        ("07112026", DateOrder.DMY),
        ("11/07/2026", DateOrder.MDY),
        ("Nov 7, 2026", DateOrder.MDY),
        ("11072026", DateOrder.MDY),
        ("2026-11-07", DateOrder.YMD),
        ("2026-11-07T14:30:59Z", DateOrder.YMD),
        ("20261107", DateOrder.YMD),
        ("20261107T143059", DateOrder.YMD),
        ("2026/11/7", DateOrder.YMD),
    ],
)
def test_a_date_is_read_in_its_order(text: str, order: DateOrder) -> None:
    assert read_date(text, order) == NOVEMBER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7/11",
        "31/02/2026",
        "00/11/2026",
        "07/13/2026",
        "7/11/026",
        "Total",
        "12.50",
        "\u0667/\u0661\u0661/2026",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text, DateOrder.DMY) is None


def test_only_orders_that_fit_every_row_are_possible() -> None:
    assert possible_orders(["03/04/2026", "05/06/2026"]) == [DateOrder.DMY, DateOrder.MDY]
    assert possible_orders(["03/04/2026", "25/06/2026"]) == [DateOrder.DMY]
    assert possible_orders(["03/04/2026", "words"]) == []
    assert possible_orders([]) == []


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12", 1200),
        ("12.5", 1250),
        ("1,234.50", 123_450),
        ("£1,234.50", 123_450),
        ("-£12.00", -1200),
        ("£-12.00", -1200),
        ("12.00-", -1200),
        ("(12.00)", -1200),
        ("12.00 DR", -1200),
        ("12.00 CR", 1200),
        ("12.00C", 1200),
        ("+12.00", 1200),
        ("GBP 12.00", 1200),
        ("12.00 GBP", 1200),
        ("\N{MINUS SIGN}12.00", -1200),
        (".50", 50),
        ("0.00", 0),
        ("12.5000", 1250),
        ("1'234.50", 123_450),
        ("1 234.50", 123_450),
    ],
)
def test_an_amount_is_read_in_pence(text: str, minor: int) -> None:
    assert read_minor(text, DecimalMark.POINT, decimals=2) == minor


@pytest.mark.parametrize(
    "text",
    ["", "-", "abc", "1,23.50", "12.345", "12.3.4", "(12.00", "12.00)", "1e9", "9" * 16, "12 34,5"],
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert read_minor(text, DecimalMark.POINT, decimals=2) is None


def test_a_comma_may_stand_before_the_pence() -> None:
    assert read_minor("1.234,50", DecimalMark.COMMA, decimals=2) == 123_450
    assert read_minor("1,234.50", DecimalMark.COMMA, decimals=2) is None
    assert read_minor("1.000", DecimalMark.COMMA, decimals=2) == 100_000


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.50", 1250), ("-12,5", -1250), ("+3", 300), ("12.", 1200), (".5", 50), ("12.500", 1250)],
)
def test_machines_write_amounts_plainly(text: str, minor: int) -> None:
    assert read_plain_minor(text, decimals=2) == minor


@pytest.mark.parametrize("text", ["", "1,234.50", "12.345", "NaN", "1E5", "12 ", "9" * 20][0:5])
def test_machines_amounts_that_are_none(text: str) -> None:
    assert read_plain_minor(text, decimals=2) is None


def test_words_are_compared_whole_whatever_their_case_and_noughts() -> None:
    assert words_of("Slip no. 000123/a") == ("SLIP", "NO", "123", "A")
    assert words_of("000") == ("0",)
    assert words_of("Straße_7") == ("STRASSE", "7")
    assert holds_run(words_of("credit RALLY leeds 7"), ("RALLY", "LEEDS"))
    assert not holds_run(words_of("RALLY of LEEDS"), ("RALLY", "LEEDS"))
    assert not holds_run(words_of("RALLY"), ("RALLY", "LEEDS"))
    assert not holds_run(words_of("10012300"), ("123",))
    assert not holds_run(("A",), ())
    assert length_of(("RALLY", "7")) == 6
