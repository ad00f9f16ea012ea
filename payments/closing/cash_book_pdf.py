"""The cash book to print and sign: A4 across, the tie-out first, then each branch's lines."""

from datetime import date
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from appeals.templatetags.money import exact
from funds.money import Money
from payments.closing.cash_book import BranchBook, CashBook, CashLine
from payments.closing.tie_out import TieOut, total_of
from payments.paper.page import FONT, plain
from payments.recording import say_day

_ENCODING: Final = "cp1252"
_ROW: Final = 5.2
_TEXT: Final = 8
_HEAD: Final = 12

Column = tuple[str, float, str]  # its heading, its share of the width, and its alignment

_LINE_COLUMNS: Final[tuple[Column, ...]] = (
    ("Date", 0.075, "L"),
    ("Reference", 0.075, "L"),
    ("Description", 0.31, "L"),
    ("In", 0.09, "R"),
    ("Out", 0.09, "R"),
    ("Held where", 0.09, "L"),
    ("Banked", 0.08, "L"),
    ("Slip", 0.11, "L"),
    ("Matched", 0.08, "L"),
)
_TIE_OUT_COLUMNS: Final[tuple[Column, ...]] = (
    ("Branch", 0.28, "L"),
    ("Opening", 0.12, "R"),
    ("In", 0.12, "R"),
    ("Banked", 0.12, "R"),
    ("Other", 0.12, "R"),
    ("In hand", 0.12, "R"),
    ("Less at the bank", 0.12, "R"),
)


class _Page(FPDF):
    """A4 across, with what it is and the page's number at its foot."""

    def __init__(self, foot: str) -> None:
        super().__init__(orientation="landscape", unit="mm", format="A4")
        self.core_fonts_encoding = _ENCODING
        self._foot = foot
        self.set_margin(12)
        self.set_auto_page_break(auto=True, margin=15)
        self.add_page()

    def footer(self) -> None:
        """On every page."""
        self.set_y(-11)
        self.set_font(FONT, size=_TEXT)
        self.cell(self.epw - 30, 4, plain(self._foot))
        self.cell(30, 4, f"Page {self.page_no()} of {{nb}}", align="R")

    def title_line(self, text: str, *, size: int = _HEAD) -> None:
        """A heading, never alone at the foot of a page."""
        if self.get_y() > self.h - 45:
            self.add_page()
        self.ln(3)
        self.set_font(FONT, style="B", size=size)
        self.multi_cell(0, size * 0.6, plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def text_line(self, text: str) -> None:
        """A sentence."""
        self.set_font(FONT, size=9)
        self.multi_cell(0, 5, plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def row(self, columns: tuple[Column, ...], cells: list[str], *, strong: bool = False) -> None:
        """One row of a table; its heading again at the top of each new page."""
        if self.will_page_break(_ROW):
            self.add_page()
            self.heads(columns)
        self.set_font(FONT, style="B" if strong else "", size=_TEXT)
        for (_, share, align), text in zip(columns, cells, strict=True):
            width = share * self.epw
            self.cell(width, _ROW, self._fit(text, width), align=align, border="B")
        self.ln(_ROW)

    def heads(self, columns: tuple[Column, ...]) -> None:
        """The headings of a table."""
        self.set_font(FONT, style="B", size=_TEXT)
        for name, share, align in columns:
            self.cell(share * self.epw, _ROW, name, align=align, border="B")
        self.ln(_ROW)

    def _fit(self, text: str, width: float) -> str:
        shown = plain(text)
        while self.get_string_width(shown) > width - 1.5 and len(shown) > 4:
            shown = f"{shown[:-2].rstrip('…')}…"
        return shown


def draw_cash_book(book: CashBook, *, organisation: str) -> bytes:
    """The cash book as PDF.

    Args:
        book: Of some branches, over a period.
        organisation: Whose money it is.
    """
    page = _Page(f"{organisation} · Cash book, {book.period.name}")
    page.set_title(plain(f"Cash book, {book.period.name}"))
    page.set_lang("en-GB")
    page.title_line(f"Cash book, {book.period.name}", size=20)
    days = f"{say_day(book.period.since)} to {say_day(book.period.until)}"
    if days != book.period.name:
        page.text_line(days)
    page.text_line(_standing(book))
    page.title_line("Tie-out: opening + in - banked = in hand")
    _draw_tie_out(page, book.tie_out)
    for branch_book in book.books:
        _draw_branch(page, branch_book)
    if not book.books:
        page.text_line("No cash moved, and none was in hand.")
    _draw_signatures(page)
    return bytes(page.output())


def _standing(book: CashBook) -> str:
    close = book.close
    if close is None:
        return "Not closed: figures may still change."
    confirmed = f", confirmed by {_name(close.confirmed_by)}" if close.confirmed_by else ""
    return (
        f"Closed on {say_day(close.closed_at.date())} by {_name(close.closed_by)}{confirmed}. "
        "The figures are those that were signed."
    )


def _name(user: object) -> str:
    full_name = getattr(user, "get_full_name", str)()
    return full_name or str(user)


def _draw_tie_out(page: _Page, tie_out: list[TieOut]) -> None:
    page.heads(_TIE_OUT_COLUMNS)
    for one in tie_out:
        page.row(_TIE_OUT_COLUMNS, [one.name, *_figures(one)])
    for total in total_of(tie_out):
        page.row(_TIE_OUT_COLUMNS, [f"Together, {total.currency}", *_figures(total)], strong=True)


def _figures(one: TieOut) -> list[str]:
    figures = (one.opening, one.came_in, one.banked, one.other, one.in_hand, one.short)
    return [_say(figure) for figure in figures]


def _draw_branch(page: _Page, branch_book: BranchBook) -> None:
    page.title_line(branch_book.branch.name)
    page.heads(_LINE_COLUMNS)
    for one in branch_book.tie_out:
        page.row(_LINE_COLUMNS, ["", "", "Opening", _say(one.opening), *[""] * 5], strong=True)
    for line in branch_book.lines:
        page.row(_LINE_COLUMNS, _cells(line))
    for one in branch_book.tie_out:
        page.row(
            _LINE_COLUMNS,
            ["", "", "In hand at the end", _say(one.in_hand), *[""] * 5],
            strong=True,
        )


def _cells(line: CashLine) -> list[str]:
    late = f" (late: own date {_day(line.own_day)})" if line.is_late else ""
    return [
        _day(line.day),
        line.short_reference,
        f"{line.description}{late}",
        _say(line.came_in) if line.came_in is not None else "",
        _say(line.went_out) if line.went_out is not None else "",
        line.held_where,
        _day(line.banked_on),
        line.slip,
        _day(line.matched_on),
    ]


def _draw_signatures(page: _Page) -> None:
    if page.get_y() > page.h - 40:
        page.add_page()
    page.ln(10)
    page.set_font(FONT, size=9)
    for who in ("Treasurer", "Second person"):
        page.cell(page.epw * 0.45, 8, f"{who}:", border="B")
        page.cell(page.epw * 0.05, 8, "")
    page.ln(8)


def _day(day: date | None) -> str:
    return f"{day:%d %b %y}" if day else ""


def _say(amount: Money) -> str:
    return exact(amount).replace("\N{MINUS SIGN}", "-")
