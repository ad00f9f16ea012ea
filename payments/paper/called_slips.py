"""Slips for pledges that were called: one for each, eight to an A4 page, to be handed out and paid.

Whoever holds one can open the pledge's page. No name stands on it, even where we know one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from funds.models import Organisation
from funds.money import Money
from payments.models import BankAccount, Pledge
from payments.paper.page import A4, PrintedPage, say
from payments.pledges.codes import grouped
from payments.recording import say_day

COLUMNS: Final = 2
ROWS: Final = 4
_WIDTH: Final = A4[0] / COLUMNS
_HEIGHT: Final = A4[1] / ROWS
_CODE: Final = 32.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledSlip:
    """What stands on one slip.

    ``asked`` is what is still asked for: less than ``promised`` where a part came already.
    ``payee`` is where a bank sends it, if the organisation said so; ``address`` the pledge's page.
    """

    organisation: str
    imprint: str
    appeal: str
    branch: str
    promised: Money
    asked: Money
    code: str
    asked_by: date
    payee: BankAccount | None
    address: str


def called_slips(
    pledges: Iterable[Pledge],
    *,
    organisation: Organisation,
    payee: BankAccount | None,
    address: Callable[[Pledge], str],
) -> list[CalledSlip]:
    """A slip for each pledge, in their order."""
    imprint = " ".join(organisation.imprint.split())
    return [
        CalledSlip(
            organisation=organisation.name,
            imprint=imprint,
            appeal=pledge.appeal.title,
            branch=pledge.branch.name if pledge.branch else "",
            promised=pledge.amount,
            asked=pledge.promised,
            code=grouped(pledge.code),
            asked_by=pledge.due_on,
            payee=payee,
            address=address(pledge),
        )
        for pledge in pledges
    ]


def draw_called_slips(slips: Iterable[CalledSlip]) -> bytes:
    """The slips as PDF; to be printed at their true size, on one side."""
    page = PrintedPage(A4, margin=0, breaks=False)
    page.set_title("Pledge slips")
    for place, slip in enumerate(slips):
        at = place % (COLUMNS * ROWS)
        if at == 0:
            page.add_page()
            page.cut_marks(rows=ROWS)
        _draw(page, slip, x=at % COLUMNS * _WIDTH, y=at // COLUMNS * _HEIGHT)
    return page.content()


def _draw(page: PrintedPage, slip: CalledSlip, *, x: float, y: float) -> None:
    left, right, beside = x + 8, x + _WIDTH - 8 - _CODE, _WIDTH - 20 - _CODE
    page.fill_box(slip.organisation, (left, y + 6, beside, 4), size=7)
    page.fill_box(slip.appeal, (left, y + 10, beside, 10), size=11, style="B")
    page.fill_box(say(slip.promised), (left, y + 20.5, beside, 9), size=22, style="B")
    page.fill_box(_whose(slip), (left, y + 29.5, beside, 8.5), size=9)
    page.code(slip.address, x=right, y=y + 5.5, size=_CODE)
    page.fill_box(slip.code, (right - 4, y + 41, _CODE + 8, 5), size=10, style="B", align="C")
    by = f"Asked for by {say_day(slip.asked_by)}."
    page.fill_box(by, (left, y + 41, beside - 2, 5), size=9, style="B")
    page.fill_box(_how_to_pay(slip), (left, y + 46.5, _WIDTH - 16, 16), size=8)
    page.fill_box(slip.imprint, (left, y + 62.5, _WIDTH - 16, _HEIGHT - 67.5), size=6, at_foot=True)


def _whose(slip: CalledSlip) -> str:
    promised = f"promised for {slip.branch}" if slip.branch else "promised"
    if slip.asked == slip.promised:
        return promised
    return f"{promised}; {say(slip.asked)} is still open"


def _how_to_pay(slip: CalledSlip) -> str:
    """By each way there is, with what tells us whose payment it is."""
    ways = [
        "To pay by card, point your phone's camera at the code.",
        "Or give cash or a cheque to your branch's treasurer together with this slip.",
    ]
    payee = slip.payee
    if payee is not None:
        account = ", ".join(filter(None, [payee.payee_sort_code, payee.payee_number]))
        ways.append(f"Or by bank: {payee.payee_name}, {account}, reference {slip.code}.")
    ways.append("You may pay a part now and the rest later.")
    return " ".join(ways)
