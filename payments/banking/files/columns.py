"""Which column of a CSV means what: guessed from its words, confirmed by a person, remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from payments.banking.files.values import DateOrder, DecimalMark, possible_orders, read_minor

_SAMPLED: Final = 400
# The first word of these that a header holds decides; the longer are tried first.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "bank_id": ("transaction id", "unique id", "fitid", "bank id", "transaction number"),
    "direction": ("credit/debit", "debit/credit", "dr/cr", "cr/dr", "soll/haben", "direction"),
    "credit": ("paid in", "money in", "credit", "deposit", "lodgement", "haben", "receipts"),
    "debit": ("paid out", "money out", "debit", "withdrawal", "soll", "payments"),
    "balance": ("balance", "saldo"),
    "date": (
        "transaction date",
        "booking date",
        "posting date",
        "posted",
        "entry date",
        "buchungstag",
        "date",
        "datum",
    ),
    "amount": ("amount", "betrag", "value", "sum"),
    "reference": ("reference", "verwendungszweck", "ref"),
    "text": (
        "description",
        "narrative",
        "details",
        "particulars",
        "memo",
        "payee",
        "payer",
        "name",
        "counter party",
        "counterparty",
        "text",
        "type",
        "auftraggeber",
        "empfänger",
    ),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column (from 0) holds what; ``amount``, or ``credit`` and ``debit``, must be there.

    ``direction`` says in or out where ``amount`` has no sign. ``text`` may be several.
    """

    date: int | None = None
    amount: int | None = None
    credit: int | None = None
    debit: int | None = None
    direction: int | None = None
    reference: int | None = None
    bank_id: int | None = None
    text: tuple[int, ...] = ()
    date_order: DateOrder = DateOrder.DMY
    decimal_mark: DecimalMark = DecimalMark.POINT

    def as_json(self) -> dict[str, Any]:
        """As ``ColumnMap`` and ``StatementImport`` keep it."""
        return {**asdict(self), "text": list(self.text)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The same again."""
        return cls(
            **{
                **kept,
                "text": tuple(kept["text"]),
                "date_order": DateOrder(kept["date_order"]),
                "decimal_mark": DecimalMark(kept["decimal_mark"]),
            }
        )


def guess_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    """What the columns most likely mean, by the header's words and by what stands below."""
    found: dict[str, int] = {}
    texts: list[int] = []
    for at, name in enumerate(header):
        meaning = _meaning(name)
        if meaning == "text":
            texts.append(at)
        elif meaning and meaning not in found:
            found[meaning] = at
    sample = rows[:_SAMPLED]
    if "date" not in found and (dates := _first_of_dates(sample)) is not None:
        found["date"] = dates
    money = {at for at in range(_width(sample)) if _is_money(_cells(sample, at))}
    if not {"amount", "credit", "debit"} & set(found):
        free = sorted(money - set(found.values()))
        if free:
            found["amount"] = free[0]
    if {"credit", "debit"} <= set(found):
        found.pop("amount", None)
        found.pop("direction", None)
    elif "amount" in found:
        found.pop("credit", None)
        found.pop("debit", None)
    if not texts and not header:
        texts = _wordy(sample, taken=set(found.values()) | money)
    columns = Columns(
        date=found.get("date"),
        amount=found.get("amount"),
        credit=found.get("credit"),
        debit=found.get("debit"),
        direction=found.get("direction"),
        reference=found.get("reference"),
        bank_id=found.get("bank_id"),
        text=tuple(texts),
    )
    orders = possible_orders(_cells(sample, columns.date)) if columns.date is not None else []
    order = orders[0] if orders else DateOrder.DMY
    return replace(columns, date_order=order, decimal_mark=_guess_mark(sample, columns))


def _meaning(name: str) -> str:
    words = " ".join(name.casefold().replace("_", " ").split())
    for meaning, hints in _WORDS.items():
        if any(hint in words for hint in hints):
            return meaning
    return ""


def _width(rows: Sequence[Sequence[str]]) -> int:
    return max((len(row) for row in rows), default=0)


def _cells(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at] for row in rows if at < len(row) and row[at].strip()]


def _first_of_dates(rows: Sequence[Sequence[str]]) -> int | None:
    return next((at for at in range(_width(rows)) if possible_orders(_cells(rows, at))), None)


def _is_money(cells: Sequence[str]) -> bool:
    return bool(cells) and all(
        any(read_minor(cell, mark, decimals=2) is not None for mark in DecimalMark)
        and any(c in cell for c in ".,")
        for cell in cells
    )


def _wordy(rows: Sequence[Sequence[str]], *, taken: set[int]) -> list[int]:
    return [
        at
        for at in range(_width(rows))
        if at not in taken and any(any(c.isalpha() for c in cell) for cell in _cells(rows, at))
    ]


def _guess_mark(rows: Sequence[Sequence[str]], columns: Columns) -> DecimalMark:
    """The mark by which every amount can be read; a point when both can."""
    places = [at for at in (columns.amount, columns.credit, columns.debit) if at is not None]
    cells = [cell for at in places for cell in _cells(rows, at)]
    for mark in DecimalMark:
        if all(read_minor(cell, mark, decimals=2) is not None for cell in cells):
            return mark
    return DecimalMark.POINT
