"""Dates and amounts as banks write them. A person confirms the order of a date's parts."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from payments.banking.files.lines import MOST_MINOR

_MONTHS: Final = {
    name: month
    for month, names in enumerate(
        (
            "jan january januar janvier",
            "feb february februar",
            "mar march mrz märz maerz",
            "apr april avr",
            "may mai",
            "jun june juni juin",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}
_PARTS: Final = re.compile(r"[^\W_]+")
_COMPACT: Final = re.compile(r"[0-9]{8}")
_CENTURY: Final = 2000


class DateOrder(StrEnum):
    """In which order a date's parts stand."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class DecimalMark(StrEnum):
    """What stands before the pence."""

    POINT = "."
    COMMA = ","


@lru_cache(maxsize=4096)
def read_date(text: str, order: DateOrder) -> date | None:
    """The date that a cell holds, a time behind it left out; None for no date.

    Two figures of a year are of this century.
    """
    stripped = text.strip()
    if _COMPACT.fullmatch(stripped.split("T", 1)[0].split(" ", 1)[0]):
        parts = _split_compact(stripped[:8], order)
    else:
        parts = _PARTS.findall(stripped)[:3]
        if parts and "T" in parts[-1]:  # 2026-11-07T10:00:00
            parts[-1] = parts[-1].split("T", 1)[0]
    if len(parts) != 3:
        return None
    places = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}[order]
    year, month, day = (parts[place] for place in places)
    month_number = _MONTHS.get(month.casefold().rstrip(".")) or _number(month, 2)
    year_number, day_number = _number(year, 4), _number(day, 2)
    if year_number is not None and len(year) == 2:
        year_number += _CENTURY
    if not year_number or not month_number or not day_number or len(year) not in {2, 4}:
        return None
    try:
        return date(year_number, month_number, day_number)
    except ValueError:
        return None


def _split_compact(text: str, order: DateOrder) -> list[str]:
    if order is DateOrder.YMD:
        return [text[:4], text[4:6], text[6:]]
    return [text[:2], text[2:4], text[4:]]


def _number(text: str, figures: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= figures else None


def possible_orders(texts: Iterable[str]) -> list[DateOrder]:
    """The orders in which every one of some cells is a date; none when they are no dates."""
    orders = list(DateOrder)
    seen = False
    for text in texts:
        seen = True
        orders = [order for order in orders if read_date(text, order) is not None]
        if not orders:
            return []
    return orders if seen else []


# A hyphen, or one of the dashes that banks print for it.
_MINUS: Final = frozenset("-\N{MINUS SIGN}\N{EN DASH}")
_SIGN: Final = "[-+\N{MINUS SIGN}\N{EN DASH}]"
_APOSTROPHES: Final = "'\N{RIGHT SINGLE QUOTATION MARK}"
_AMOUNT: Final = re.compile(
    rf"""
    (?P<open>\()? \s* (?P<before>{_SIGN}?) \s* (?:[£€$]|GBP|EUR|USD)? \s* (?P<inner>{_SIGN}?) \s*
    (?P<figures>[0-9][0-9.,{_APOSTROPHES}\s]*|[.,][0-9]+) \s* (?:[£€$]|GBP|EUR|USD)? \s*
    (?P<after>{_SIGN}|CR|DR|C|D)? \s* (?P<close>\))? \s*
    """,
    re.VERBOSE | re.IGNORECASE,
)


def read_minor(text: str, mark: DecimalMark, *, decimals: int) -> int | None:
    """An amount in minor units; negative with a minus, in brackets, or marked DR. None for none.

    Args:
        text: Such as ``1,234.50``, ``-£12``, ``(12.00)``, ``12.00 DR``, ``1.234,50-``.
        mark: What stands before the smallest unit's figures.
        decimals: How many figures that are.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    figures = re.sub(rf"[\s{_APOSTROPHES}]", "", found["figures"])
    thousands = "," if mark is DecimalMark.POINT else "."
    whole, _, part = figures.partition(mark)
    groups = whole.split(thousands)
    if len(groups) > 1 and any(len(group) != 3 for group in groups[1:]):
        return None
    digits = "".join(groups) or "0"
    part = part.rstrip("0") if len(part) > decimals else part
    if not (digits + part).isdigit() or len(part) > decimals:
        return None
    minor = int(digits + part.ljust(decimals, "0"))
    if minor > MOST_MINOR:
        return None
    after = (found["after"] or "").upper()
    is_negative = (
        bool(found["open"])
        or found["before"] in _MINUS
        or found["inner"] in _MINUS
        or after in _MINUS
        or after in {"DR", "D"}
    )
    return -minor if is_negative else minor


def read_plain_minor(text: str, *, decimals: int) -> int | None:
    """An amount as machines write it, with a point or a comma and nothing between thousands."""
    plain = text.strip().replace(",", ".")
    if not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+|[-+]?[0-9]+\.", plain):
        return None
    scaled = Decimal(plain).scaleb(decimals)
    if scaled != scaled.to_integral_value() or abs(scaled) > MOST_MINOR:
        return None
    return int(scaled)
