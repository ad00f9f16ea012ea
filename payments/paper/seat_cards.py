"""Table cards and posters: a QR code and a short address, already set to an appeal and a branch.

They ask for money in public, so each bears the imprint. Nothing personal stands on them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from payments.paper.page import A3, A4, FONT, PrintedPage, plain

# A card is drawn once, at the size of A6 upright or A7 lying, and made larger in proportion.
_UPRIGHT: Final = (105.0, 148.5)
_LYING: Final = (105.0, 74.25)
_RED: Final = (196, 22, 28)
_INSET: Final = 4.0


class Sheet(StrEnum):
    """What is printed, and so how it is cut or folded."""

    TENT = "tent"
    FOUR = "four"
    EIGHT = "eight"
    POSTER_A4 = "poster-a4"
    POSTER_A3 = "poster-a3"


SHEET_NAMES: Final = {
    Sheet.TENT: "A card that stands: one to a sheet, folded in the middle",
    Sheet.FOUR: "Cards, four to a sheet",
    Sheet.EIGHT: "Small cards, eight to a sheet",
    Sheet.POSTER_A4: "A poster, A4",
    Sheet.POSTER_A3: "A poster, A3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatCard:
    """What stands on a card or a poster. ``branch`` is empty where none is set.

    ``address`` is the whole short address, for the QR code; ``typed`` the same as people type it.
    ``small_print`` is the imprint and, where it is known, who printed it.
    """

    organisation: str
    appeal: str
    branch: str
    address: str
    typed: str
    small_print: str


def draw_seat_cards(cards: Iterable[SeatCard], sheet: Sheet) -> bytes:
    """A sheet for each card, as PDF; to be printed at its true size."""
    page = PrintedPage(A3 if sheet is Sheet.POSTER_A3 else A4, margin=0, breaks=False)
    page.set_title("Posters" if sheet in {Sheet.POSTER_A4, Sheet.POSTER_A3} else "Table cards")
    for card in cards:
        page.add_page()
        match sheet:
            case Sheet.TENT:
                _draw_tent(page, card)
            case Sheet.FOUR:
                _draw_many(page, card, size=_UPRIGHT)
            case Sheet.EIGHT:
                _draw_many(page, card, size=_LYING)
            case Sheet.POSTER_A4 | Sheet.POSTER_A3:
                _draw_upright(page, card, x=0, y=0, scale=page.w / _UPRIGHT[0])
    return page.content()


def _draw_tent(page: PrintedPage, card: SeatCard) -> None:
    """Both faces can be read when it stands: the upper one is printed on its head."""
    middle = page.h / 2
    scale = page.w / _LYING[0]
    _draw_lying(page, card, x=0, y=middle, scale=scale)
    with page.rotation(180, page.w / 2, middle / 2):
        _draw_lying(page, card, x=0, y=0, scale=scale)
    page.set_draw_color(150)
    page.set_dash_pattern(dash=2, gap=2)
    page.line(_INSET, middle, page.w - _INSET, middle)
    page.set_dash_pattern()
    page.set_draw_color(0)


def _draw_many(page: PrintedPage, card: SeatCard, *, size: tuple[float, float]) -> None:
    width, height = size
    draw = _draw_upright if height > width else _draw_lying
    rows = round(page.h / height)
    for row in range(rows):
        for column in range(2):
            draw(page, card, x=column * width, y=row * height, scale=1)
    page.cut_marks(rows=rows)


def _draw_upright(page: PrintedPage, card: SeatCard, *, x: float, y: float, scale: float) -> None:
    place = _Place(page=page, x=x, y=y, scale=scale)
    place.write(card.organisation, (11, 8.5, 83, 5), size=8, align="C")
    place.headline("Give now", (11, 14, 83, 19), size=34)
    place.write(card.appeal, (11, 35, 83, 15), size=17, style="B", align="C")
    place.code(card.address, x=21.5, y=53, size=62)
    place.write(_HOW, (11, 117, 83, 5), size=8.5, align="C")
    place.write(card.typed, (11, 121.5, 83, 9), size=15, style="B", align="C")
    place.write(_counts_for(card), (11, 130, 83, 5), size=9, align="C")
    place.write(card.small_print, (11, 134.5, 83, 8), size=6, align="C", at_foot=True)


def _draw_lying(page: PrintedPage, card: SeatCard, *, x: float, y: float, scale: float) -> None:
    place = _Place(page=page, x=x, y=y, scale=scale)
    place.write(card.organisation, (8, 6, 45, 4), size=7)
    place.headline("Give now", (8, 10.5, 43, 12), size=23)
    place.write(card.appeal, (8, 25, 43, 14), size=12, style="B")
    place.write(_HOW, (8, 39.5, 43, 7.5), size=7.5)
    place.write(_counts_for(card), (8, 47, 43, 4), size=8)
    place.code(card.address, x=55.5, y=7.5, size=42)
    place.write(card.typed, (8, 52.5, 89, 7), size=13, style="B")
    place.write(card.small_print, (8, 60, 89, 8), size=6, at_foot=True)


_HOW: Final = "Point your phone's camera at this. By card, without an account."


def _counts_for(card: SeatCard) -> str:
    return f"It counts for {card.branch}." if card.branch else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a card stands on the page, and how large: its own lengths are those of one card."""

    page: PrintedPage
    x: float
    y: float
    scale: float

    def write(
        self,
        text: str,
        box: tuple[float, float, float, float],
        *,
        size: float,
        style: str = "",
        align: str = "L",
        at_foot: bool = False,
    ) -> None:
        if text:
            self.page.fill_box(
                text,
                self._box(box),
                size=size * self.scale,
                style=style,
                align=align,
                at_foot=at_foot,
            )

    def headline(self, text: str, box: tuple[float, float, float, float], *, size: float) -> None:
        """Large and white on red, in the middle of its box."""
        x, y, width, height = self._box(box)
        self.page.set_fill_color(*_RED)
        self.page.rect(x, y, width, height, style="F")
        self.page.set_fill_color(0)
        self.page.set_text_color(255)
        self.page.set_font(FONT, style="B", size=size * self.scale)
        self.page.set_xy(x, y)
        self.page.cell(width, height, plain(text.upper()), align="C")
        self.page.set_text_color(0)

    def code(self, address: str, *, x: float, y: float, size: float) -> None:
        self.page.code(
            address,
            x=self.x + x * self.scale,
            y=self.y + y * self.scale,
            size=size * self.scale,
        )

    def _box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x, y, width, height = box
        return (
            self.x + x * self.scale,
            self.y + y * self.scale,
            width * self.scale,
            height * self.scale,
        )
