"""A paying-in slip to print: A5, one page if it can be, with the way back to its page."""

from collections.abc import Sequence

from fpdf.enums import XPos, YPos

from payments.models import Cheque, PayingIn
from payments.paper.page import A5, CODE_SIZE, FONT, PrintedPage, fit, plain, say
from payments.paying_in_records import Slip
from payments.recording import say_day


def draw_slip(
    paying_in: PayingIn,
    slip: Slip,
    *,
    address: str,
    organisation: str,
    cheques: Sequence[Cheque] = (),
) -> bytes:
    """The slip as PDF.

    Args:
        paying_in: What was paid in.
        slip: What stands on it.
        address: Where its page is; goes into the QR code, and holds nothing but its reference.
        organisation: Whose money it is.
        cheques: What goes in with the cash, listed apart as banks ask.
    """
    page = PrintedPage(A5, foot=f"{organisation} · {paying_in.reference}")
    page.add_page()
    page.set_title(plain(f"Paying-in slip {paying_in.slip_number}"))
    _draw_head(page, paying_in, address)
    if slip.shares:
        _draw_pieces(page, slip)
    if slip.shares:
        _draw_shares(page, slip)
    if cheques:
        _draw_cheques(page, paying_in, cheques)
    page.ln(9)
    page.set_font(FONT, size=10)
    for who in (paying_in.paid_in_by, paying_in.paid_in_with):
        signer = f"Paid in by {who}" if who else "Second person"
        page.line_of((signer, page.epw * 0.5, "L"), ("Signed", page.epw * 0.5, "L"))
        page.ln(3)
    return page.content()


def _draw_head(page: PrintedPage, paying_in: PayingIn, address: str) -> None:
    page.code(address, x=page.w - page.r_margin - CODE_SIZE, y=page.t_margin)
    page.set_font(FONT, style="B", size=20)
    page.cell(0, 10, "Paying-in slip", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FONT, size=11)
    beside = page.epw - CODE_SIZE - 4
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
        page.set_font(FONT, style="B", size=11)
        page.cell(beside, 6, "Undone: it counts for nothing", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_y(max(page.get_y(), page.t_margin + CODE_SIZE))


def _draw_pieces(page: PrintedPage, slip: Slip) -> None:
    page.heading("Notes and coins")
    third = page.epw / 3
    for piece in slip.pieces:
        page.line_of(
            (piece.label, third, "L"),
            (f"\N{MULTIPLICATION SIGN} {piece.pieces}", third, "R"),
            (say(piece.total), third, "R"),
        )
    wide = third * 2
    if slip.pieces:
        page.line_of(("Notes", wide, "L"), (say(slip.notes), third, "R"))
        page.line_of(("Coins", wide, "L"), (say(slip.coins), third, "R"))
    if slip.apart:
        page.line_of(
            ("Withdrawn or of other banks: separately", wide, "L"),
            (say(slip.apart_total), third, "R"),
        )
    if slip.kept:
        page.line_of(("Less change kept", wide, "L"), (say(-slip.kept), third, "R"))
    if slip.uncounted:
        page.line_of(("Counted as an amount only", wide, "L"), (say(slip.uncounted), third, "R"))
    page.set_font(FONT, size=12)
    page.line_of(("Total", wide, "L"), (say(slip.total), third, "R"), strong=True)


def _draw_cheques(page: PrintedPage, paying_in: PayingIn, cheques: Sequence[Cheque]) -> None:
    page.heading("Cheques")
    half = page.epw / 2
    for cheque in cheques:
        page.line_of(
            (f"dated {say_day(cheque.dated_on)}", half, "L"), (say(cheque.amount), half, "R")
        )
    page.line_of(
        (f"{len(cheques)} together", half, "L"), (say(paying_in.cheques_amount), half, "R")
    )
    page.set_font(FONT, size=12)
    whole = paying_in.amount + paying_in.cheques_amount
    page.line_of(("Cash and cheques", half, "L"), (say(whole), half, "R"), strong=True)


def _draw_shares(page: PrintedPage, slip: Slip) -> None:
    page.heading("Whose it is")
    for share in slip.shares:
        page.line_of(
            (fit(page, f"{share.appeal}, {share.branch}", page.epw * 0.7), page.epw * 0.7, "L"),
            (say(share.amount), page.epw * 0.3, "R"),
        )
