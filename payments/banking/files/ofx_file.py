"""Reading OFX, of both generations, by the library ``ofxtools``.

Its parser makes the tree, from SGML and from XML alike; its stricter half, which turns the tree
into objects, is left aside, since banks add words of their own to what the standard has.
"""

import io
from collections.abc import Iterator
from html import unescape
from typing import Final
from xml.etree.ElementTree import Element

from ofxtools.Parser import OFXTree, ParseError

from payments.banking.files.lines import (
    MAX_REFERENCE,
    MAX_TEXT,
    FileLine,
    StatementFileError,
    StatementReader,
    join_texts,
    tidy,
)
from payments.banking.files.values import DateOrder, read_date, read_plain_minor

_STATEMENTS: Final = ("STMTRS", "CCSTMTRS")


def open_ofx(content: bytes, *, decimals: int) -> StatementReader:
    """Understand an OFX file.

    Args:
        content: The file's bytes.
        decimals: Of the account's currency.

    Raises:
        StatementFileError: It is no OFX, or holds no statement, or more than one account's.
    """
    root = _parse(content)
    statements = [found for name in _STATEMENTS for found in root.iter(name)]
    if not statements:
        raise StatementFileError("This OFX file holds no statement of a bank account.")
    numbers = {_account_number(statement) for statement in statements}
    currencies = {_text(statement, "CURDEF") for statement in statements}
    if len(numbers) > 1 or len(currencies) > 1:
        raise StatementFileError(
            "This OFX file holds more than one account. Export one account at a time."
        )

    def read() -> Iterator[FileLine | None]:
        for statement in statements:
            for entry in statement.iter("STMTTRN"):
                yield _read_entry(entry, decimals=decimals)

    return StatementReader(numbers.pop(), currencies.pop(), read)


def _parse(content: bytes) -> Element:
    tree = OFXTree()
    try:
        tree.parse(io.BytesIO(content))
    except (ParseError, ValueError, SyntaxError, LookupError) as error:
        raise StatementFileError(
            "This OFX file cannot be read. Export it once more, or take CSV."
        ) from error
    root = tree.getroot()
    if root is None:
        raise StatementFileError("This OFX file is empty.")
    return root


def _account_number(statement: Element) -> str:
    for name in ("BANKACCTFROM", "CCACCTFROM"):
        if (account := statement.find(name)) is not None:
            parts = (_text(account, "BANKID"), _text(account, "ACCTID"))
            return " ".join(part for part in parts if part)
    return ""


def _read_entry(entry: Element, *, decimals: int) -> FileLine | None:
    posted, told = _text(entry, "DTPOSTED"), _text(entry, "TRNAMT")
    booked_on = read_date(posted[:8], DateOrder.YMD)
    amount_minor = read_plain_minor(told, decimals=decimals)
    if booked_on is None or amount_minor is None:
        raise StatementFileError(
            f"An entry has no date or amount that can be read: {posted} {told}"
        )
    if not amount_minor:
        return None
    return FileLine(
        booked_on=booked_on,
        amount_minor=amount_minor,
        text=join_texts(_text(entry, "NAME") or _text(entry, "PAYEE/NAME"), _text(entry, "MEMO"))[
            :MAX_TEXT
        ],
        bank_reference=tidy(
            " ".join(filter(None, (_text(entry, "CHECKNUM"), _text(entry, "REFNUM")))),
            at_most=MAX_REFERENCE,
        ),
        bank_id=tidy(_text(entry, "FITID"), at_most=255),
    )


def _text(element: Element, path: str) -> str:
    """The text below an element; the parser leaves ``&amp;`` and the like to us."""
    return unescape(element.findtext(path) or "").strip()
