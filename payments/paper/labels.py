"""Labels for buckets: number, seal and a QR code to the bucket's page. Nothing personal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from payments.models import Bucket, Occasion
from payments.paper.page import A4, PrintedPage
from payments.recording import say_day

# Two by four on A4. Source: Avery's template L7165, the same as many makers': labels of 99.1 by
# 67.7 mm, 13.1 mm from the top and 4.65 mm from the left, 101.6 mm from one to the next.
COLUMNS: Final = 2
ROWS: Final = 4
_WIDTH: Final = 99.1
_HEIGHT: Final = 67.7
_TOP: Final = 13.1
_LEFT: Final = 4.65
_PITCH: Final = 101.6
_INSIDE: Final = 5.0
_CODE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What stands on one bucket."""

    organisation: str
    number: int
    seal_number: str
    appeal: str
    branch: str
    occasion: str
    held_on: date
    address: str


def labels_of(
    occasion: Occasion, *, organisation: str, address: Callable[[Bucket], str]
) -> list[Label]:
    """A label for each bucket of an occasion."""
    return [
        Label(
            organisation=organisation,
            number=bucket.number,
            seal_number=bucket.seal_number,
            appeal=occasion.appeal.title,
            branch=occasion.branch.name,
            occasion=occasion.name,
            held_on=occasion.held_on,
            address=address(bucket),
        )
        for bucket in occasion.buckets.order_by("number")
    ]


def draw_labels(labels: Iterable[Label]) -> bytes:
    """The labels as PDF, eight to a sheet; to be printed at their true size."""
    page = PrintedPage(A4, margin=0, breaks=False)
    page.set_title("Bucket labels")
    for place, label in enumerate(labels):
        at = place % (COLUMNS * ROWS)
        if at == 0:
            page.add_page()
        x = _LEFT + (at % COLUMNS) * _PITCH
        y = _TOP + (at // COLUMNS) * _HEIGHT
        _draw_label(page, label, x=x, y=y)
    return page.content()


def _draw_label(page: PrintedPage, label: Label, *, x: float, y: float) -> None:
    _draw_corners(page, x=x, y=y)
    left, width = x + _INSIDE, _WIDTH - 2 * _INSIDE
    beside = width - _CODE - 3
    page.write_at(left, y + 5, label.organisation, size=9, width=beside)
    page.write_at(left, y + 10, label.appeal, size=13, style="B", width=beside)
    page.write_at(left, y + 20, "Bucket", size=12)
    page.write_at(left, y + 24, str(label.number), size=56, style="B", width=beside)
    page.code(label.address, x=x + _WIDTH - _INSIDE - _CODE, y=y + _INSIDE, size=_CODE)
    page.write_at(x + _WIDTH - _INSIDE - _CODE, y + 36.5, "For its treasurer", size=8, width=_CODE)
    page.blank(left, y + 50, "Seal", width=width, value=label.seal_number, size=11)
    where = f"{label.branch}, {say_day(label.held_on)}"
    page.write_at(left, y + 57, where, size=10, style="B", width=width)
    page.write_at(left, y + 61.5, label.occasion, size=9, width=width)


def _draw_corners(page: PrintedPage, *, x: float, y: float) -> None:
    """Where to cut, on paper that is no sheet of labels."""
    page.set_draw_color(170)
    for corner_x, inwards_x in ((x, 1), (x + _WIDTH, -1)):
        for corner_y, inwards_y in ((y, 1), (y + _HEIGHT, -1)):
            page.line(corner_x, corner_y, corner_x + 3 * inwards_x, corner_y)
            page.line(corner_x, corner_y, corner_x, corner_y + 3 * inwards_y)
    page.set_draw_color(0)
