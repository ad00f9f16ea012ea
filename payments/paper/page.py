"""What every printed page shares: its letters, margins, rows, lines to write on, and QR codes.

Drawn by fpdf2 alone, with the fonts that every PDF reader has: nothing is fetched, nothing is
embedded, and the site needs no system library to print.
"""

import unicodedata
from functools import lru_cache
from typing import Final

import segno
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from funds.money import Money
from payments.amounts import SYMBOLS

A4: Final = (210.0, 297.0)  # millimetres, as every length here
A3: Final = (297.0, 420.0)
A5: Final = (148.0, 210.0)
FONT: Final = "Helvetica"
SMALL: Final = 8
CODE_SIZE: Final = 24.0
"""How large a QR code is drawn: a phone reads it from a hand's breadth."""

_ENCODING: Final = "cp1252"  # what the fonts that every reader has can show
_FOOT: Final = 11.0
_HEAD: Final = 8.5
_HAIRLINE: Final = 0.2
_MARK: Final = 9.0  # a cutting mark's length: printers leave about half of it free at the edge
_LEADING: Final = 1.2  # of a line, for each of its letters' height
_SMALLEST: Final = 4.0
_ROOM: Final = 2.1  # what a cell keeps free on both sides


class PrintedPage(FPDF):
    """A page, upright, with the small print at its foot.

    Args:
        size: Width and height.
        margin: On all four sides.
        row: How high a row of a table is: more where somebody writes by hand.
        foot: Stands at the foot of every page; empty for none.
        breaks: Whether what does not fit goes on to another page.
    """

    def __init__(
        self,
        size: tuple[float, float],
        *,
        margin: float = 12.0,
        row: float = 6.0,
        foot: str = "",
        breaks: bool = True,
    ) -> None:
        super().__init__(orientation="portrait", unit="mm", format=size)
        self.core_fonts_encoding = _ENCODING
        self.row_height = row
        self._foot = foot
        self.set_margin(margin)
        self.set_auto_page_break(auto=breaks, margin=margin + 2)
        self.set_line_width(_HAIRLINE)
        self.set_lang("en-GB")

    def footer(self) -> None:
        """What it is, and whose, on every page."""
        if not self._foot:
            return
        self.set_y(-_FOOT)
        self.set_font(FONT, size=SMALL)
        self.cell(0, 4, fit(self, self._foot, self.epw))

    def line_of(self, *columns: tuple[str, float, str], strong: bool = False) -> None:
        """A row: each column's text, width and alignment (``L`` or ``R``)."""
        self.set_font(FONT, style="B" if strong else "")
        for text, width, align in columns[:-1]:
            self.cell(width, self.row_height, plain(text), align=align, border="B")
        text, width, align = columns[-1]
        self.cell(
            width,
            self.row_height,
            plain(text),
            align=align,
            border="B",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def heading(self, text: str) -> None:
        """A small title above a table."""
        self.ln(3)
        self.set_font(FONT, style="B", size=11)
        self.cell(0, _HEAD, plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(FONT, size=10)

    def write_at(
        self, x: float, y: float, text: str, *, size: float = 10, style: str = "", width: float = 0
    ) -> None:
        """A line of text from a point, cut off at ``width`` if it has one."""
        self.set_font(FONT, style=style, size=size)
        self.set_xy(x - self.c_margin, y)
        shown = fit(self, text, width) if width else plain(text)
        self.cell(0, size * 0.45, shown)

    def box(self, x: float, y: float, *, width: float = 4.0, height: float = 4.0) -> None:
        """A box to tick, or to write one thing into."""
        self.rect(x, y, width, height)

    def blank(
        self, x: float, y: float, label: str, *, width: float, value: str = "", size: float = 9
    ) -> None:
        """A label with a line to write on up to ``width``; ``value`` where it is known already."""
        self.write_at(x, y, label, size=size)
        start = x + self.get_string_width(plain(label)) + 3
        if value:
            self.write_at(start, y, value, size=size + 1, style="B", width=x + width - start)
        self.line(start, y + size * 0.45 + 0.6, x + width, y + size * 0.45 + 0.6)

    def code(self, address: str, *, x: float, y: float, size: float = CODE_SIZE) -> None:
        """A QR code, drawn as bars: sharp at any printer's resolution."""
        matrix = _modules_of(address)
        module = size / len(matrix)
        for row, cells in enumerate(matrix):
            column = 0
            while column < len(cells):
                end = column
                while end < len(cells) and cells[end]:
                    end += 1
                if end > column:
                    width = (end - column) * module
                    self.rect(x + column * module, y + row * module, width, module, style="F")
                column = end + 1

    def cut_marks(self, *, rows: int) -> None:
        """Where to cut a page of two columns: a mark at each cut's end, a cross where two meet."""
        self.set_draw_color(150)
        middle = self.w / 2
        for x in (0.0, middle, self.w):
            for y in (row * self.h / rows for row in range(rows + 1)):
                for way in (-1, 1):
                    if x == middle:
                        self.line(x, y, x, y + way * _MARK)
                    if 0 < y < self.h:
                        self.line(x, y, x + way * _MARK, y)
        self.set_draw_color(0)

    def fill_box(
        self,
        text: str,
        box: tuple[float, float, float, float],
        *,
        size: float,
        style: str = "",
        align: str = "L",
        at_foot: bool = False,
    ) -> float:
        """A text in a box, whole: broken into lines, and set smaller until all of it fits.

        Args:
            text: What is written; none of it is ever cut off.
            box: From the left, from the top, width and height.
            size: The largest size of the letters, in points.
            style: ``B`` for bold.
            align: ``L``, ``C`` or ``R``.
            at_foot: Whether it stands at the foot of the box.

        Returns:
            Where it ends, from the top.
        """
        x, y, width, height = box
        shown = plain(text)
        self.set_font(FONT, style=style, size=size)
        while size > _SMALLEST and not self._fits(shown, width, height):
            size -= 0.25
            self.set_font(FONT, style=style, size=size)
        lines = self._lines(shown, width)
        line_height = self.font_size * _LEADING
        if at_foot:
            y += height - len(lines) * line_height
        for line in lines:
            self.set_xy(x, y)
            self.cell(width, line_height, line, align=align)
            y += line_height
        return y

    def _fits(self, text: str, width: float, height: float) -> bool:
        if any(self.get_string_width(word) > width - _ROOM for word in text.split()):
            return False  # a word is not broken while smaller letters would do
        return len(self._lines(text, width)) * self.font_size * _LEADING <= height

    def _lines(self, text: str, width: float) -> list[str]:
        lines = self.multi_cell(width, text=text, dry_run=True, output="LINES", align="L")
        # Its answer is the bytes that it would write, as letters: a euro sign comes back changed.
        return [str(line).encode("latin-1").decode(_ENCODING) for line in lines]  # type: ignore[union-attr]

    def content(self) -> bytes:
        """The PDF."""
        return bytes(self.output())


@lru_cache(maxsize=8)
def _modules_of(address: str) -> tuple[bytearray, ...]:
    return tuple(segno.make(address, error="m", micro=False).matrix)


def fit(page: FPDF, text: str, width: float) -> str:
    """As much of a text as one line of that width holds, in the page's present font."""
    shown = plain(text)
    while page.get_string_width(shown) > width - 2 and len(shown) > 4:
        shown = f"{shown[:-2].rstrip('…')}…"
    return shown


def say(amount: Money) -> str:
    """An amount with its pence always, so that columns align."""
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
