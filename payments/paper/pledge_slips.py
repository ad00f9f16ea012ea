"""Pledge and standing-order slips for an appeal, two to an A4 page: blank forms for givers.

Nothing that is written on one is kept here. Its reference is what a statement's line is known by.
"""

import re
from dataclasses import dataclass
from typing import Final

from appeals.models import Appeal
from funds.models import Branch, Organisation
from funds.money import Money
from payments.amounts import SYMBOLS
from payments.models import BankAccount, PayerRule
from payments.paper.page import A4, CODE_SIZE, PrintedPage, fit, plain, say

LONGEST_REFERENCE: Final = 18
"""Letters that a bank passes on with a payment. Source: Pay.UK, Faster Payments and Bacs."""

_SLIP_HEIGHT: Final = 148.5
_MARGIN: Final = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeSlip:
    """What is printed on a slip. ``payee`` is where the money goes, if the organisation said so.

    ``branch`` may be empty: then the giver writes one, or none. ``address`` is the appeal's page
    to give by card; ``limit`` is above what a giver is asked for more, if there is such a limit.
    """

    organisation: str
    imprint: str
    contact_email: str
    appeal: str
    branch: str
    reference: str
    symbol: str
    payee: BankAccount | None
    limit: Money | None
    is_party: bool
    address: str


def slip_of(
    appeal: Appeal, branch: Branch | None, *, organisation: Organisation, address: str
) -> PledgeSlip:
    """The slip of an appeal, for a branch or for none."""
    limit = organisation.identified_donation_limit
    has_limit = limit is not None and organisation.currency == appeal.currency
    return PledgeSlip(
        organisation=organisation.name,
        imprint=organisation.imprint,
        contact_email=organisation.contact_email,
        appeal=appeal.title,
        branch=branch.name if branch else "",
        reference=reference_to_quote(appeal, branch),
        symbol=SYMBOLS.get(appeal.currency, appeal.currency),
        payee=account_to_pay(appeal.currency),
        limit=Money(limit, appeal.currency) if has_limit else None,
        is_party=organisation.regime == Organisation.Regime.PARTY,
        address=address,
    )


def account_to_pay(currency: str) -> BankAccount | None:
    """Whose details are printed on slips in that currency: the account that was said last."""
    said = BankAccount.objects.filter(currency=currency, payee_said_at__isnull=False)
    return said.order_by("-payee_said_at").first()


def reference_to_quote(appeal: Appeal, branch: Branch | None) -> str:
    """By which a payment is known: the words that are remembered for it, or its names in short.

    At most as long as banks pass on.
    """
    remembered = PayerRule.objects.filter(appeal=appeal, branch=branch, stopped_at__isnull=True)
    for words in remembered.order_by("pk").values_list("words", flat=True):
        if len(words) <= LONGEST_REFERENCE:
            return words
    return _in_short(appeal.slug, branch.slug if branch else "")


def _in_short(appeal: str, branch: str) -> str:
    first, second = (re.sub(r"[^A-Z0-9 ]", " ", name.upper()) for name in (appeal, branch))
    if not second:
        return first[:LONGEST_REFERENCE].strip()
    half = LONGEST_REFERENCE // 2
    kept = second[: max(half - 1, LONGEST_REFERENCE - 1 - len(first))].strip()
    return f"{first[: LONGEST_REFERENCE - 1 - len(kept)].strip()} {kept}"


def draw_pledge_slips(slip: PledgeSlip) -> bytes:
    """The slip as PDF: twice on a page, to be cut in the middle."""
    page = PrintedPage(A4, margin=_MARGIN, breaks=False)
    page.set_title(plain(f"Pledge slips: {slip.appeal}"))
    page.add_page()
    for top in (0.0, _SLIP_HEIGHT):
        _draw_slip(page, slip, top=top)
    page.set_draw_color(150)
    page.set_dash_pattern(dash=2, gap=2)
    page.line(4, _SLIP_HEIGHT, page.w - 4, _SLIP_HEIGHT)
    return page.content()


def _draw_slip(page: PrintedPage, slip: PledgeSlip, *, top: float) -> None:
    left, width = _MARGIN, page.epw
    beside = width - CODE_SIZE - 4
    page.write_at(left, top + 9, slip.organisation, size=9, width=beside)
    page.write_at(left, top + 13.5, slip.appeal, size=18, style="B", width=beside)
    page.write_at(left, top + 23, "I pledge, or give by standing order", size=12, style="B")
    page.code(slip.address, x=left + width - CODE_SIZE, y=top + 9)
    page.write_at(left + width - CODE_SIZE, top + 33.5, "Or give by card", size=8)
    y = _draw_giver(page, slip, y=top + 32)
    y = _draw_promise(page, slip, y=y + 1)
    y = _draw_payee(page, slip, y=y + 2)
    _draw_consent(page, slip, y=y + 2, foot=top + _SLIP_HEIGHT - 6)


def _draw_giver(page: PrintedPage, slip: PledgeSlip, *, y: float) -> float:
    left, width, row = _MARGIN, page.epw, 7.6
    page.blank(left, y, "Name", width=width - CODE_SIZE - 6)
    page.blank(left, y + row, "Address and postcode", width=width)
    page.blank(left, y + 2 * row, "E-mail", width=100)
    page.blank(left + 104, y + 2 * row, "Branch", width=width - 104, value=slip.branch)
    return y + 3 * row


def _draw_promise(page: PrintedPage, slip: PledgeSlip, *, y: float) -> float:
    left, width = _MARGIN, page.epw
    page.write_at(left, y + 1.5, "Amount", size=10, style="B")
    page.write_at(left + 16, y + 1, slip.symbol, size=14, style="B")
    page.box(left + 22, y - 1, width=34, height=9)
    for place, label in enumerate(("once", "every month", "every quarter", "every year")):
        x = left + 61 + (0, 18, 46, 76)[place]
        page.box(x, y + 1.5)
        page.write_at(x + 5, y + 1.5, label, size=9)
    page.blank(left, y + 10.5, "First payment on", width=84)
    page.blank(left + 88, y + 10.5, "and then until I say stop, or until", width=width - 88)
    return y + 17


def _draw_payee(page: PrintedPage, slip: PledgeSlip, *, y: float) -> float:
    left, width = _MARGIN, page.epw
    page.rect(left, y, width, 25)
    page.write_at(left + 3, y + 2, "To my bank: please pay", size=9, style="B")
    payee = slip.payee
    page.blank(left + 3, y + 9, "To", width=104, value=payee.payee_name if payee else "")
    if payee is not None and not payee.payee_sort_code:
        page.blank(left + 111, y + 9, "IBAN", width=width - 114, value=payee.payee_number)
    else:
        code, number = (payee.payee_sort_code, payee.payee_number) if payee else ("", "")
        page.blank(left + 111, y + 9, "Sort code", width=33, value=code)
        page.blank(left + 146, y + 9, "No.", width=width - 149, value=number)
    page.blank(left + 3, y + 17, "Reference to quote", width=104, value=slip.reference, size=10)
    page.write_at(left + 111, y + 17.4, "so that we know what it is for", size=8)
    return y + 25


def _draw_consent(page: PrintedPage, slip: PledgeSlip, *, y: float, foot: float) -> None:
    left, width = _MARGIN, page.epw
    if slip.limit is not None:
        page.box(left, y)
        of_a_party = " and I am on a UK electoral register" if slip.is_party else ""
        page.write_at(
            left + 5.5,
            y,
            f"For more than {say(slip.limit)} at a time: this is my own money{of_a_party}.",
            size=8,
            width=width - 6,
        )
        y += 5
    page.box(left, y)
    page.set_xy(left + 5.5, y)
    page.set_font_size(8)
    page.multi_cell(width - 6, 3.6, plain(_consent(slip)), align="L")
    y = page.get_y() + 4.5
    page.blank(left, y, "Signature", width=110)
    page.blank(left + 114, y, "Date", width=width - 114)
    page.set_font_size(7)
    page.write_at(left, foot, fit(page, " ".join(slip.imprint.split()), width), size=7, width=width)


def _consent(slip: PledgeSlip) -> str:
    """What a giver agrees to: to give tells what one thinks, which the law protects specially."""
    ask = f" ({slip.contact_email})" if slip.contact_email else ""
    return (
        f"{slip.organisation} may keep what I write here, apart from its accounts, to know and to "
        "thank me for what I give. To give may reveal a political opinion: it is shown to nobody "
        "who need not see it, and my name is not made public. I can take this back at any time"
        f"{ask}; what the law makes you keep is kept."
    )
