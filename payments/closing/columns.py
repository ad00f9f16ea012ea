"""The cash book as rows of text: for the spreadsheet, and in the order of the printed page."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from funds.money import Money
from payments.closing.cash_book import CashBook, CashLine
from payments.closing.tie_out import TieOut

COLUMNS: Final = (
    "Branch",
    "Date",
    "Own date, if it came late",
    "Reference",
    "Description",
    "Appeal",
    "Currency",
    "In",
    "Out",
    "Held where",
    "Banked",
    "Slip",
    "Matched",
)
TIE_OUT_COLUMNS: Final = (
    "Branch",
    "Currency",
    "Opening",
    "In",
    "Banked",
    "Other",
    "In hand",
    "Less at the bank",
)


def cash_book_rows(book: CashBook) -> Iterator[list[str]]:
    """Every line of every branch under its columns, then the tie-out under its own."""
    yield list(COLUMNS)
    for branch_book in book.books:
        for line in branch_book.lines:
            yield [_safe(text) for text in _line_cells(branch_book.branch.name, line)]
    yield []
    yield list(TIE_OUT_COLUMNS)
    for one in book.tie_out:
        yield [_safe(text) for text in _tie_out_cells(one)]


def _line_cells(branch: str, line: CashLine) -> list[str]:
    return [
        branch,
        line.day.isoformat(),
        line.own_day.isoformat() if line.is_late else "",
        line.short_reference,
        line.description,
        line.appeal,
        line.amount.currency.code,
        _plain(line.came_in),
        _plain(line.went_out),
        line.held_where,
        _day(line.banked_on),
        line.slip,
        _day(line.matched_on),
    ]


def _tie_out_cells(one: TieOut) -> list[str]:
    figures = (one.opening, one.came_in, one.banked, one.other, one.in_hand, one.short)
    return [one.name, one.currency, *map(_plain, figures)]


def _plain(amount: Money | None) -> str:
    return "" if amount is None else str(amount.amount)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _safe(text: str) -> str:
    """No cell that a spreadsheet would take for a formula; a negative number is none."""
    is_number = text.lstrip("-").replace(".", "", 1).isdecimal()
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} and not is_number else text
