"""The count sheet on paper, A4: the boxes of the screen's sheet, in the same order, to count by.

One page for each bucket and counter, with a QR code to where it is typed in; or blank ones.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from funds.models import Branch
from funds.money import Money
from payments.denominations import Denomination, lines_on
from payments.forms.sheets import CHEQUE_ROWS, group_of, large_gift_limit
from payments.models import Bucket, Occasion, Seat
from payments.paper.page import A4, CODE_SIZE, FONT, PrintedPage, plain, say
from payments.recording import local_today, say_day

_ROW: Final = 7.4
_GAP: Final = 6.0
_BOX: Final = 20.0
_TICK: Final = 3.8
_CHEQUE: Final = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlankSheet:
    """What is printed on one count sheet already; what is empty is a line to write on.

    ``address`` is where it is typed in later; ``side`` is A, B or none; ``limit`` is what a single
    donation may be before it is taken out by name, if there is such a limit.
    """

    organisation: str
    currency: str
    lines: tuple[Denomination, ...]
    address: str
    limit: Money | None
    has_witness: bool = False
    side: str = ""
    appeal: str = ""
    branch: str = ""
    occasion: str = ""
    held_on: date | None = None
    bucket: str = ""
    seal_number: str = ""
    collector: str = ""
    float_amount: Money | None = None


def sheets_of(
    occasion: Occasion, *, organisation: str, address: Callable[[Bucket, Seat.Side], str]
) -> list[BlankSheet]:
    """A sheet for each bucket that is not counted yet, and for each who counts it."""
    has_witness = occasion.count_rule == Branch.CountRule.WITNESS
    settled = [Bucket.State.AGREED, Bucket.State.SET_ASIDE]
    currency = occasion.appeal.currency
    whole = BlankSheet(
        organisation=organisation,
        currency=currency,
        lines=lines_on(currency, on=occasion.held_on),
        address="",
        limit=large_gift_limit(currency),
        has_witness=has_witness,
        appeal=occasion.appeal.title,
        branch=occasion.branch.name,
        occasion=occasion.name,
        held_on=occasion.held_on,
    )
    return [
        replace(
            whole,
            address=address(bucket, side),
            side=side.value.upper(),
            bucket=str(bucket.number),
            seal_number=bucket.seal_number,
            collector=bucket.collector,
            float_amount=bucket.float_amount,
        )
        for bucket in occasion.buckets.exclude(state__in=settled)
        for side in _sides(bucket, has_witness=has_witness)
    ]


def _sides(bucket: Bucket, *, has_witness: bool) -> list[Seat.Side]:
    if bucket.state == Bucket.State.DISPUTED:
        return [Seat.Side.THIRD]
    return [Seat.Side.A] if has_witness else [Seat.Side.A, Seat.Side.B]


def blank_sheets(*, organisation: str, currency: str, address: str) -> list[BlankSheet]:
    """Counter A's and counter B's, for a bucket that nobody has written down yet."""
    sheet = BlankSheet(
        organisation=organisation,
        currency=currency,
        lines=lines_on(currency, on=local_today()),
        address=address,
        limit=large_gift_limit(currency),
        has_witness=True,  # it may be a branch where one counts
    )
    return [replace(sheet, side=side) for side in ("A", "B")]


def draw_count_sheets(sheets: Iterable[BlankSheet]) -> bytes:
    """The sheets as PDF, a page each."""
    page = PrintedPage(A4, breaks=False)
    page.set_title("Count sheets")
    for sheet in sheets:
        page.add_page()
        _draw_head(page, sheet)
        y = _draw_pieces(page, sheet, y=48)
        y = _draw_sums(page, y=y + 2.5)
        y = _draw_cheques(page, y=y + 3)
        y = _draw_large_gift(page, sheet, y=y + 3)
        _draw_people(page, sheet, y=y + 3)
    return page.content()


def _draw_head(page: PrintedPage, sheet: BlankSheet) -> None:
    left, right = page.l_margin, page.w - page.r_margin
    page.code(sheet.address, x=right - CODE_SIZE, y=page.t_margin)
    page.write_at(left, 12, f"Count sheet {sheet.side}".rstrip(), size=24, style="B")
    page.write_at(left + 72, 12, sheet.organisation, size=9, width=86)
    page.write_at(left + 72, 16.5, "Count alone. Do not show it before both are in.", size=9)
    day = say_day(sheet.held_on) if sheet.held_on else ""
    page.blank(left, 25, "Appeal", width=84, value=sheet.appeal)
    page.blank(left + 88, 25, "Branch", width=68, value=sheet.branch)
    page.blank(left, 32, "Occasion", width=100, value=sheet.occasion)
    page.blank(left + 104, 32, "Held on", width=52, value=day)
    page.blank(left, 39, "Bucket no.", width=30, value=sheet.bucket)
    page.blank(left + 34, 39, "Seal no.", width=44, value=sheet.seal_number)
    _tick(page, left + 82, 39, "intact")
    _tick(page, left + 99, 39, "broken")
    held = sheet.float_amount
    page.blank(left + 119, 39, "Float in it", width=67, value=say(held) if held else "")
    page.blank(left, 45.5, "Collector", width=84, value=sheet.collector)
    _tick(page, left + 88, 45.5, "first count")
    _tick(page, left + 113, 45.5, "counted again")
    page.write_at(right - CODE_SIZE, 45.7, "Type it in there", size=8, width=CODE_SIZE)


def _tick(page: PrintedPage, x: float, y: float, label: str) -> None:
    page.box(x, y + 0.2, width=_TICK, height=_TICK)
    page.write_at(x + _TICK + 1.5, y, label, size=9)


def _draw_pieces(page: PrintedPage, sheet: BlankSheet, *, y: float) -> float:
    """The groups two by two, as they stand on the screen; answers where they end."""
    groups: dict[str, list[Denomination]] = {}
    for piece in sheet.lines:
        groups.setdefault(group_of(piece), []).append(piece)
    width = (page.epw - _GAP) / 2
    named = list(groups.items())
    for pair in range(0, len(named), 2):
        ends = [
            _draw_group(page, *group, x=page.l_margin + place * (width + _GAP), y=y + 2, to=width)
            for place, group in enumerate(named[pair : pair + 2])
        ]
        y = max(ends)
    return y


def _draw_group(
    page: PrintedPage, name: str, pieces: list[Denomination], *, x: float, y: float, to: float
) -> float:
    page.write_at(x, y, name, size=10, style="B")
    y += 5.2
    for piece in pieces:
        page.set_font(FONT, style="B", size=11)
        page.set_xy(x, y)
        page.cell(24, _ROW, plain(piece.label), align="R")
        page.set_font(FONT, size=9)
        page.cell(5, _ROW, "\N{MULTIPLICATION SIGN}", align="C")
        page.box(x + 29, y + 0.4, width=_BOX, height=_ROW - 0.8)
        page.set_xy(x + 29 + _BOX, y)
        page.cell(5, _ROW, "=", align="C")
        page.line(x + 34 + _BOX, y + _ROW - 0.8, x + to, y + _ROW - 0.8)
        y += _ROW
    return y


def _draw_sums(page: PrintedPage, *, y: float) -> float:
    left = page.l_margin
    page.write_at(left, y + 1.2, "Foreign coins and notes, how many pieces", size=9)
    page.box(left + 66, y, width=_BOX - 6, height=_ROW)
    _tick(page, left + 84, y + 1.2, "nothing was in it")
    page.write_at(left + 120, y + 1, "Notes and coins", size=10, style="B")
    page.box(left + 150, y - 0.5, width=page.epw - 150, height=_ROW + 1)
    return y + _ROW


def _draw_cheques(page: PrintedPage, *, y: float) -> float:
    left = page.l_margin
    page.write_at(left, y, "Cheques, one by one", size=10, style="B")
    page.write_at(
        left + 40,
        y + 0.2,
        "They are no cash: they count when they have cleared. Not dated ahead, nor over six "
        "months old.",
        size=8,
        width=page.epw - 40,
    )
    y += 5.4
    for place in range(CHEQUE_ROWS):
        page.write_at(left, y + 1.5, f"{place + 1}", size=9, style="B")
        page.box(left + 5, y, width=42, height=_CHEQUE - 0.8)
        page.blank(left + 52, y + 1.5, "dated", width=44)
        _tick(page, left + 101, y + 1.3, "made out to us")
        _tick(page, left + 132, y + 1.3, "words say the same as figures")
        y += _CHEQUE
    return y


def _draw_large_gift(page: PrintedPage, sheet: BlankSheet, *, y: float) -> float:
    if sheet.limit is None:
        return y - 3
    left = page.l_margin
    question = f"One donation of more than {say(sheet.limit)} in it, whose giver can be told?"
    page.write_at(left, y, question, size=9, style="B")
    _tick(page, left + 126, y, "no")
    _tick(page, left + 140, y, "yes")
    page.write_at(
        left,
        y + 4.6,
        "If yes: take it out, do not count it here, and hand it to the treasurer, who writes down "
        "who gave it.",
        size=8,
    )
    return y + 9


def _draw_people(page: PrintedPage, sheet: BlankSheet, *, y: float) -> None:
    left = page.l_margin
    row = 8.6
    page.line(left, y, left + page.epw, y)
    y += 2
    page.blank(left, y, "Counter, first and last name", width=112)
    page.blank(left + 116, y, "Signature", width=70)
    y += row
    page.write_at(left, y, "Related to, or living with, another who counts here?", size=9)
    _tick(page, left + 78, y, "no")
    _tick(page, left + 90, y, "yes, since nobody else could:")
    page.line(left + 141, y + 4.6, left + page.epw, y + 4.6)
    y += row
    page.blank(left, y, "Counted on (date)", width=78)
    page.blank(left + 82, y, "at (time)", width=40)
    y += row
    if sheet.has_witness:
        page.blank(left, y, "Witness, first and last name", width=112)
        page.blank(left + 116, y, "Signature", width=70)
