"""A paying-in slip to print: A5, one page if it can be, with the way back to its page."""

import unicodedata
from typing import Final

import segno
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from funds.money import Money
from payments.amounts import SYMBOLS
from payments.models import PayingIn
from payments.paying_in_records import Slip
from payments.recording import say_day

_A5: Final = (148.0, 210.0)  # millimetres
_FONT: Final = "Helvetica"
_ENCODING: Final = "cp1252"  # what the fonts that every reader has can show
_CODE_MILLIMETRES: Final = 24.0
_ROW: Final = 6.0
_HEAD: Final = 8.5
_SMALL: Final = 8


class _Page(FPDF):
    """A5 upright, with the small print at its foot."""

    def __init__(self, foot: str) -> None:
        super().__init__(orientation="portrait", unit="mm", format=_A5)
        self.core_fonts_encoding = _ENCODING
        self._foot = foot
        self.set_margin(12)
        self.set_auto_page_break(auto=True, margin=14)
        self.add_page()

    def footer(self) -> None:
        """What it is, on every page."""
        self.set_y(-11)
        self.set_font(_FONT, size=_SMALL)
        self.cell(0, 4, plain(self._foot))

    def line_of(self, *columns: tuple[str, float, str], strong: bool = False) -> None:
        """A row: each column's text, width and alignment (``L`` or ``R``)."""
        self.set_font(_FONT, style="B" if strong else "")
        for text, width, align in columns[:-1]:
            self.cell(width, _ROW, plain(text), align=align, border="B")
        text, width, align = columns[-1]
        self.cell(
            width,
            _ROW,
            plain(text),
            align=align,
            border="B",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def heading(self, text: str) -> None:
        """A small title above a table."""
        self.ln(3)
        self.set_font(_FONT, style="B", size=11)
        self.cell(0, _HEAD, plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(_FONT, size=10)

    def code(self, address: str, *, x: float, y: float) -> None:
        """A QR code, drawn as squares: sharp at any printer's resolution."""
        matrix = segno.make(address, error="m", micro=False).matrix
        size = _CODE_MILLIMETRES / len(matrix)
        for row, cells in enumerate(matrix):
            for column, is_dark in enumerate(cells):
                if is_dark:
                    self.rect(x + column * size, y + row * size, size, size, style="F")


def draw_slip(paying_in: PayingIn, slip: Slip, *, address: str, organisation: str) -> bytes:
    """The slip as PDF.

    Args:
        paying_in: What was paid in.
        slip: What stands on it.
        address: Where its page is; goes into the QR code, and holds nothing but its reference.
        organisation: Whose money it is.
    """
    page = _Page(f"{organisation} · {paying_in.reference}")
    page.set_title(plain(f"Paying-in slip {paying_in.slip_number}"))
    page.set_lang("en-GB")
    _draw_head(page, paying_in, address)
    _draw_pieces(page, slip)
    _draw_shares(page, slip)
    page.ln(9)
    page.set_font(_FONT, size=10)
    for who in (paying_in.paid_in_by, paying_in.paid_in_with):
        signer = f"Paid in by {who}" if who else "Second person"
        page.line_of((signer, page.epw * 0.5, "L"), ("Signed", page.epw * 0.5, "L"))
        page.ln(3)
    return bytes(page.output())


def _draw_head(page: _Page, paying_in: PayingIn, address: str) -> None:
    page.code(address, x=page.w - page.r_margin - _CODE_MILLIMETRES, y=page.t_margin)
    page.set_font(_FONT, style="B", size=20)
    page.cell(0, 10, "Paying-in slip", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(_FONT, size=11)
    beside = page.epw - _CODE_MILLIMETRES - 4
    told = [
        ("Slip", paying_in.slip_number),
        ("Date", say_day(paying_in.paid_in_on)),
        ("Sealed bags", paying_in.bag_numbers),
    ]
    for name, text in told:
        if text:
            page.multi_cell(
                beside, 6, plain(f"{name}: {text}"), new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
    if paying_in.reversed_at is not None:
        page.set_font(_FONT, style="B", size=11)
        page.cell(beside, 6, "Undone: it counts for nothing", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_y(max(page.get_y(), page.t_margin + _CODE_MILLIMETRES))


def _draw_pieces(page: _Page, slip: Slip) -> None:
    page.heading("Notes and coins")
    third = page.epw / 3
    for piece in slip.pieces:
        page.line_of(
            (piece.label, third, "L"),
            (f"\N{MULTIPLICATION SIGN} {piece.pieces}", third, "R"),
            (_say(piece.total), third, "R"),
        )
    wide = third * 2
    if slip.pieces:
        page.line_of(("Notes", wide, "L"), (_say(slip.notes), third, "R"))
        page.line_of(("Coins", wide, "L"), (_say(slip.coins), third, "R"))
    if slip.apart:
        page.line_of(
            ("Withdrawn or of other banks: separately", wide, "L"),
            (_say(slip.apart_total), third, "R"),
        )
    if slip.kept:
        page.line_of(("Less change kept", wide, "L"), (_say(-slip.kept), third, "R"))
    if slip.uncounted:
        page.line_of(("Counted as an amount only", wide, "L"), (_say(slip.uncounted), third, "R"))
    page.set_font(_FONT, size=12)
    page.line_of(("Total", wide, "L"), (_say(slip.total), third, "R"), strong=True)


def _draw_shares(page: _Page, slip: Slip) -> None:
    page.heading("Whose it is")
    for share in slip.shares:
        page.line_of(
            (_fit(page, f"{share.appeal}, {share.branch}", page.epw * 0.7), page.epw * 0.7, "L"),
            (_say(share.amount), page.epw * 0.3, "R"),
        )


def _fit(page: _Page, text: str, width: float) -> str:
    """As much of a text as one line holds."""
    shown = plain(text)
    while page.get_string_width(shown) > width - 2 and len(shown) > 4:
        shown = f"{shown[:-2].rstrip('…')}…"
    return shown


def _say(amount: Money) -> str:
    return f"{SYMBOLS.get(amount.currency.code, '')}{amount.amount:,.2f}"


def plain(text: str) -> str:
    """The text in letters that the fonts of every PDF reader have: Ł is L there, and 漢 is ?."""
    letters = []
    for letter in text:
        if _can_show(letter):
            letters.append(letter)
            continue
        bare = "".join(
            part
            for part in unicodedata.normalize("NFKD", letter)
            if not unicodedata.combining(part)
        )
        letters.append(bare if bare and _can_show(bare) else _LOOK_ALIKE.get(letter, "?"))
    return "".join(letters)


def _can_show(text: str) -> bool:
    try:
        text.encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return text.isprintable()


_LOOK_ALIKE: Final = {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d"}
