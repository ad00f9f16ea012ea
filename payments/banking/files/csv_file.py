"""Reading the CSV of any bank: its delimiter, its letters and its header are found out."""

import csv
import hashlib
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from payments.banking.files.columns import Columns
from payments.banking.files.formats import decode
from payments.banking.files.lines import (
    MAX_REFERENCE,
    FileLine,
    StatementFileError,
    StatementReader,
    join_texts,
    tidy,
)
from payments.banking.files.values import DateOrder, DecimalMark, read_date, read_minor

_DELIMITERS: Final = ",;\t|"
_PREAMBLE: Final = 30
"""So many rows a bank may write above the header."""

_SAMPLE_ROWS: Final = 400
_IN: Final = frozenset({"c", "cr", "credit", "in", "h", "haben", "+", "crdt"})
_OUT: Final = frozenset({"d", "dr", "debit", "out", "s", "soll", "-", "dbit"})

csv.field_size_limit(65_536)


@dataclass(frozen=True, slots=True)
class CsvShape:
    """How a CSV is built.

    ``header_row`` is where the header stands (from 0), or -1 when there is none; ``fingerprint``
    is the same for every file that this bank writes this way.
    """

    delimiter: str
    header_row: int
    header: tuple[str, ...]
    fingerprint: str
    sample: tuple[tuple[str, ...], ...]


def tell_shape(content: bytes) -> CsvShape:
    """How a file is built, by its first rows.

    Raises:
        StatementFileError: It has no columns.
    """
    text = decode(content)
    delimiter = _tell_delimiter(text)
    first = list(itertools.islice(_rows(text, delimiter), _PREAMBLE + _SAMPLE_ROWS))
    at = _find_header(first[:_PREAMBLE])
    header = tuple(cell.strip() for cell in first[at]) if at >= 0 else ()
    # Rows of another width stand above the table, or below it.
    below = [tuple(row) for row in first[at + 1 :] if any(cell.strip() for cell in row)]
    words = [" ".join(cell.casefold().split()) for cell in header]
    width = max((len(row) for row in below), default=0)
    told = "\x1f".join([delimiter, *(words or [f"{width} columns without a header"])])
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    return CsvShape(delimiter, at, header, fingerprint, tuple(below[:_SAMPLE_ROWS]))


def open_csv(content: bytes, columns: Columns, *, decimals: int) -> StatementReader:
    """Understand a CSV whose columns a person confirmed.

    Args:
        content: The file's bytes.
        columns: What they mean.
        decimals: Of the account's currency.
    """
    shape = tell_shape(content)
    text = decode(content)

    def read() -> Iterator[FileLine | None]:
        rows = _rows(text, shape.delimiter)
        for number, row in enumerate(rows):
            if number > shape.header_row:
                yield read_row(row, columns, decimals=decimals, number=number + 1)

    return StatementReader("", "", read)


def read_row(
    row: Sequence[str], columns: Columns, *, decimals: int, number: int
) -> FileLine | None:
    """One row as a line; None for a row that holds neither a date nor money, or no money at all.

    Raises:
        StatementFileError: It holds one of them and not the other; names the row.
    """
    day = _cell(row, columns.date)
    booked_on = read_date(day, columns.date_order)
    amount_minor, told = _amount(row, columns, decimals=decimals, number=number)
    if booked_on is None:
        if day.strip() and told and any(c.isdigit() for c in day):
            raise StatementFileError(f"Row {number}: “{day.strip()[:40]}” is not a date.")
        return None  # a total, or something in words, below the table
    if not told:
        raise StatementFileError(f"Row {number} has a date and no amount.")
    if not amount_minor:
        return None
    return FileLine(
        booked_on=booked_on,
        amount_minor=amount_minor,
        text=join_texts(*(_cell(row, at) for at in columns.text)),
        bank_reference=tidy(_cell(row, columns.reference), at_most=MAX_REFERENCE),
        bank_id=tidy(_cell(row, columns.bank_id), at_most=255),
    )


def _amount(
    row: Sequence[str], columns: Columns, *, decimals: int, number: int
) -> tuple[int, bool]:
    """What came, less what went; and whether anything was told."""
    mark = columns.decimal_mark
    total, told = 0, False
    for at, sign in ((columns.amount, 1), (columns.credit, 1), (columns.debit, -1)):
        text = _cell(row, at).strip()
        if not text or text in {"-", "\N{EN DASH}"}:
            continue
        minor = read_minor(text, mark, decimals=decimals)
        if minor is None:
            if not any(c.isdigit() for c in text):
                continue
            raise StatementFileError(f"Row {number}: “{text[:40]}” is not an amount.")
        told = True
        # Some banks write what went with a minus in its own column, most without.
        total += -abs(minor) if sign < 0 else minor
    if columns.direction is not None and told:
        total = _directed(total, _cell(row, columns.direction), number=number)
    return total, told


def _directed(minor: int, direction: str, *, number: int) -> int:
    word = direction.strip().casefold()
    if word in _IN:
        return abs(minor)
    if word in _OUT:
        return -abs(minor)
    raise StatementFileError(f"Row {number}: “{direction.strip()[:40]}” is neither in nor out.")


def _cell(row: Sequence[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise StatementFileError(
            "This CSV file cannot be read: a quotation mark is open."
        ) from error


def _tell_delimiter(text: str) -> str:
    """The one that cuts most rows alike, into two columns or more."""
    head = "\n".join(text.splitlines()[: _PREAMBLE * 2])
    best, found = 0, ""
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in _rows(head, delimiter) if len(row) > 1)
        if widths and (score := max(width * n for width, n in widths.items())) > best:
            best, found = score, delimiter
    if not found:
        raise StatementFileError("This file has no columns. Export the statement as CSV.")
    return found


def _find_header(rows: Sequence[Sequence[str]]) -> int:
    """The row of words above the first row of the table; -1 for none.

    A row of the table is as wide as most, and has a date and an amount in it.
    """
    widths = Counter(len(row) for row in rows if len(row) > 1)
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    for at, row in enumerate(rows):
        if len(row) == usual and _has_date_and_amount(row):
            return at - 1 if at and _is_header(rows[at - 1]) else -1
    return -1


def _is_header(row: Sequence[str]) -> bool:
    cells = [cell for cell in row if cell.strip()]
    return len(cells) > 1 and not any(_is_date(cell) or _is_amount(cell) for cell in cells)


def _has_date_and_amount(row: Sequence[str]) -> bool:
    dates = [_is_date(cell) for cell in row]
    return any(dates) and any(
        _is_amount(cell) for cell, is_date in zip(row, dates, strict=True) if not is_date
    )


def _is_date(cell: str) -> bool:
    return any(read_date(cell, order) is not None for order in DateOrder)


def _is_amount(cell: str) -> bool:
    return any(read_minor(cell, mark, decimals=2) is not None for mark in DecimalMark)
