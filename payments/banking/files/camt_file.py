"""Reading CAMT.053 (ISO 20022, "Bank to customer statement"), in every version.

A small reader of our own, on ``defusedxml``: it streams, so that a file of any length needs little
memory, and takes each entry once. The library that we looked at (``pycamt``) builds the whole tree
by ``lxml``, has no types, and splits an entry that the bank booked as one sum into its parts,
where the statement, and so the books, have one line.
"""

import io
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from payments.banking.files.lines import (
    MAX_REFERENCE,
    FileLine,
    StatementFileError,
    StatementReader,
    join_texts,
    tidy,
)
from payments.banking.files.values import DateOrder, read_date, read_plain_minor

# Of one entry that the bank booked as a sum, so many of its parts are told.
_MOST_PARTS: Final = 20
_NOT_GIVEN: Final = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF"})


def open_camt(content: bytes, *, decimals: int) -> StatementReader:
    """Understand a CAMT.053 file: the account is looked up at once, the entries when asked for.

    Args:
        content: The file's bytes.
        decimals: Of the account's currency.

    Raises:
        StatementFileError: It is no such file, or holds more than one account's statement.
    """
    numbers: set[str] = set()
    currencies: set[str] = set()
    for element in _elements(content, {"Acct", "Ntry"}):
        if _name(element) == "Acct":
            if number := _text(element, "Id/IBAN") or _text(element, "Id/Othr/Id"):
                numbers.add(number)
        elif (amount := element.find(_any("Amt"))) is not None:
            currencies.add(amount.get("Ccy", ""))
    if len(numbers) > 1:
        raise StatementFileError(
            "This CAMT file holds more than one account. Export one account at a time."
        )
    if len(currencies) > 1:
        raise StatementFileError("This CAMT file holds more than one currency.")

    def read() -> Iterator[FileLine | None]:
        for entry in _elements(content, {"Ntry"}):
            yield _read_entry(entry, decimals=decimals)

    return StatementReader("".join(numbers), "".join(currencies), read)


def _elements(content: bytes, names: set[str]) -> Iterator[Element]:
    """Each finished element of these names directly under a statement; then it is forgotten."""
    try:
        path: list[Element] = []
        for event, element in iterparse(
            io.BytesIO(content), events=("start", "end"), forbid_dtd=True
        ):
            if event == "start":
                path.append(element)
                continue
            path.pop()
            if path and _name(path[-1]) in {"Stmt", "Rpt"}:
                if _name(element) in names:
                    yield element
                path[-1].remove(element)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise StatementFileError(
            "This CAMT file cannot be read. Export it once more, or take CSV."
        ) from error


def _read_entry(entry: Element, *, decimals: int) -> FileLine | None:
    if _text(entry, "Sts/Cd") not in {"", "BOOK"} or _plain_status(entry) not in {"", "BOOK"}:
        return None  # pending, or for information: the bank has not booked it
    day = _text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm")
    day = day or _text(entry, "ValDt/Dt") or _text(entry, "ValDt/DtTm")
    told, side = _text(entry, "Amt"), _text(entry, "CdtDbtInd")
    booked_on = read_date(day[:10], DateOrder.YMD)
    amount_minor = read_plain_minor(told, decimals=decimals)
    if booked_on is None or amount_minor is None or side not in {"CRDT", "DBIT"}:
        raise StatementFileError(
            f"An entry has no date, amount or side that can be read: {day} {told} {side}"
        )
    if not amount_minor:
        return None
    parts = list(entry.iterfind(f"{_any('NtryDtls')}/{_any('TxDtls')}"))[:_MOST_PARTS]
    return FileLine(
        booked_on=booked_on,
        amount_minor=amount_minor if side == "CRDT" else -amount_minor,
        text=join_texts(*(_text_of_part(part) for part in parts), _text(entry, "AddtlNtryInf")),
        bank_reference=tidy(
            " ".join(dict.fromkeys(filter(None, map(_reference_of_part, parts)))),
            at_most=MAX_REFERENCE,
        ),
        bank_id=tidy(_text(entry, "AcctSvcrRef"), at_most=255),
    )


def _plain_status(entry: Element) -> str:
    """As versions before 001.08 write it: ``<Sts>BOOK</Sts>``."""
    status = entry.find(_any("Sts"))
    return (status.text or "").strip() if status is not None and not len(status) else ""


def _text_of_part(part: Element) -> str:
    names = (
        _text(part, f"RltdPties/{who}")
        for who in ("Dbtr/Nm", "Dbtr/Pty/Nm", "Cdtr/Nm", "Cdtr/Pty/Nm")
    )
    remitted = [*_texts(part, "RmtInf/Ustrd"), *_texts(part, "RmtInf/Strd/CdtrRefInf/Ref")]
    return join_texts(*names, *remitted, _text(part, "AddtlTxInf"))


def _reference_of_part(part: Element) -> str:
    references = (
        _text(part, f"Refs/{name}") for name in ("EndToEndId", "ChqNb", "MsgId", "InstrId")
    )
    return " ".join(one for one in references if one and one.upper() not in _NOT_GIVEN)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _any(path: str) -> str:
    """A path in whatever namespace: each version has its own."""
    return "/".join(f"{{*}}{name}" for name in path.split("/"))


def _texts(element: Element, path: str) -> list[str]:
    return [(found.text or "").strip() for found in element.iterfind(_any(path))]


def _text(element: Element, path: str) -> str:
    return (element.findtext(_any(path)) or "").strip()
