"""The ways to pay that the pay page knows: what each asks for, and how it may be tried out."""

from dataclasses import dataclass

from payments.pretend_stripe.bacs import ACCOUNTS, SORT_CODE, WRONG_ACCOUNT, WRONG_SORT_CODE
from payments.pretend_stripe.cards import CARDS, WRONG_CODE, WRONG_EXPIRY, WRONG_NUMBER
from payments.pretend_stripe.checkout import Checkout
from payments.pretend_stripe.pay_form import ADDRESS, BANK_FIELDS, FIELDS, Field
from payments.pretend_stripe.templates import Markup, fill, joined


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to pay.

    Attributes:
        method: Stripe's word for it.
        label: The donor's word for it.
        path: Where its form is, under the session's page.
        fields: What is always asked for.
        asks_address: Whether the address is asked for whatever the merchant said.
        needed: What is said of some fields when they are empty, by name.
        note: What the donor agrees to by paying so.
        hints_title: Of the list of numbers that may be tried.
        hints_text: What else to type.
        hints: Each number and what becomes of it.
    """

    method: str
    label: str
    path: str
    fields: tuple[Field, ...]
    asks_address: bool
    needed: dict[str, str]
    note: str
    hints_title: str
    hints_text: str
    hints: tuple[tuple[str, str], ...]


CARD = Way(
    method="card",
    label="Card",
    path="",
    fields=FIELDS,
    asks_address=False,
    needed={
        "number": WRONG_NUMBER.message,
        "expiry": WRONG_EXPIRY.message,
        "cvc": WRONG_CODE.message,
    },
    note="",
    hints_title="Test cards",
    hints_text="Any expiry to come, any security code.",
    hints=tuple((card.spaced, card.hint) for card in CARDS),
)

BACS = Way(
    method="bacs_debit",
    label="Bacs Direct Debit",
    path="/bacs",
    fields=BANK_FIELDS,
    asks_address=True,
    needed={
        "sort_code": WRONG_SORT_CODE.message,
        "account_number": WRONG_ACCOUNT.message,
    },
    note="You let Pretend account take this from your bank account by Direct Debit. It takes some "
    "days. The Direct Debit Guarantee protects you: your bank returns what was taken in error.",
    hints_title="Test accounts",
    hints_text=f"All with the sort code {SORT_CODE}.",
    hints=tuple((account.number, account.hint) for account in ACCOUNTS),
)

_WAYS = (CARD, BACS)


def offered(checkout: Checkout) -> list[Way]:
    """The ways to pay that a session offers; the first is shown first."""
    methods = checkout.session["payment_method_types"]
    return [way for way in _WAYS if way.method in methods]


def fields_of(checkout: Checkout, way: Way) -> tuple[Field, ...]:
    """What is asked for."""
    with_address = way.asks_address or checkout.session["billing_address_collection"] == "required"
    return way.fields + (ADDRESS if with_address else ())


def ways_on(checkout: Checkout, way: Way) -> Markup:
    """Links to every way to pay, when there is more than one."""
    ways = offered(checkout)
    if len(ways) < 2:
        return Markup("")
    links = [
        fill(
            "way.html",
            url=f"/c/pay/{checkout.session['id']}{one.path}",
            label=one.label,
            current=Markup('aria-current="page"') if one is way else Markup(""),
        )
        for one in ways
    ]
    return fill("ways.html", links=joined(links))


def hints_of(way: Way) -> Markup:
    """The numbers that may be tried."""
    return joined([fill("card.html", number=number, hint=hint) for number, hint in way.hints])
