"""The test cards, and the checks that a card number, its expiry and its code must pass."""

from dataclasses import dataclass
from datetime import UTC, datetime

from payments.pretend_stripe.wire import Obj, doc_url


@dataclass(frozen=True)
class Refusal:
    """Why a card was not charged, in Stripe's words."""

    code: str
    message: str
    decline_code: str | None = None
    field: str = "number"

    def error(self) -> Obj:
        """Stripe's error object for it, without the objects that it is about."""
        members = {
            "code": self.code,
            "decline_code": self.decline_code,
            "doc_url": doc_url(self.code),
            "message": self.message,
            "type": "card_error",
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class KnownCard:
    """A test card: what it is, and what becomes of a payment with it.

    Attributes:
        ready_made: Stripe's ready-made payment method with this card, if it can be had here.
        dispute_reason: Stripe's reason, for a card whose payments are disputed soon after.
        dispute_is_inquiry: Whether the bank only asks, and takes no money back.
    """

    number: str
    hint: str
    brand: str = "visa"
    country: str = "GB"
    funding: str = "credit"
    code_digits: int = 3
    ready_made: str = ""
    refusal: Refusal | None = None
    three_d_secure: bool = False
    dispute_reason: str | None = None
    dispute_is_inquiry: bool = False

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        """The number as it stands on a card."""
        groups = (4, 6, 5) if self.brand == "amex" else (4, 4, 4, 4)
        parts, start = [], 0
        for size in groups:
            parts.append(self.number[start : start + size])
            start += size
        return " ".join(parts)


DECLINED = Refusal("card_declined", "Your card was declined.", "generic_decline")
INSUFFICIENT = Refusal("card_declined", "Your card has insufficient funds.", "insufficient_funds")
NOT_AUTHENTICATED = Refusal(
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different payment method "
    "and try again.",
)
WRONG_NUMBER = Refusal("incorrect_number", "Your card number is incorrect.")
WRONG_CODE = Refusal("invalid_cvc", "Your card's security code is invalid.", field="cvc")
WRONG_EXPIRY = Refusal(
    "invalid_expiry_month", "Your card's expiry date is invalid.", field="expiry"
)
EXPIRED = Refusal("invalid_expiry_year", "Your card's expiry date is in the past.", field="expiry")

CARDS = (
    KnownCard(number="4242424242424242", ready_made="pm_card_visa", hint="paid"),
    KnownCard(
        number="4000000000000002",
        ready_made="pm_card_visa_chargeDeclined",
        hint="declined",
        refusal=DECLINED,
    ),
    KnownCard(
        number="4000000000009995",
        ready_made="pm_card_visa_chargeDeclinedInsufficientFunds",
        hint="insufficient funds",
        refusal=INSUFFICIENT,
    ),
    KnownCard(number="4000002500003155", hint="asks for 3-D Secure", three_d_secure=True),
    KnownCard(
        number="5555555555554444",
        ready_made="pm_card_mastercard",
        hint="paid, Mastercard",
        brand="mastercard",
    ),
    KnownCard(
        number="378282246310005",
        ready_made="pm_card_amex",
        hint="paid, Amex",
        brand="amex",
        code_digits=4,
    ),
    KnownCard(
        number="4000002760000016",
        ready_made="pm_card_de",
        hint="paid, a German card's fee",
        country="DE",
    ),
    KnownCard(
        number="4000000000000259",
        ready_made="pm_card_createDispute",
        hint="paid, then disputed",
        dispute_reason="fraudulent",
    ),
    KnownCard(
        number="4000000000002685",
        ready_made="pm_card_createDisputeProductNotReceived",
        hint="paid, then disputed: not received",
        dispute_reason="product_not_received",
    ),
    KnownCard(
        number="4000000000001976",
        ready_made="pm_card_createDisputeInquiry",
        hint="paid, then the bank inquires",
        dispute_reason="fraudulent",
        dispute_is_inquiry=True,
    ),
)
"""Source of the numbers: docs.stripe.com/testing."""

BY_READY_MADE = {card.ready_made: card for card in CARDS if card.ready_made}
_BY_NUMBER = {card.number: card for card in CARDS}


@dataclass(frozen=True, kw_only=True)
class CardEntry:
    """What the donor typed."""

    number: str
    expiry: str
    cvc: str
    name: str
    email: str
    address: Obj


def passes_luhn(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def read_expiry(text: str) -> tuple[int, int] | None:
    """Month and four-digit year of ``MM/YY`` or ``MM / YYYY``; None when it is neither."""
    month, slash, year = text.replace(" ", "").partition("/")
    parts_are_digits = month.isascii() and month.isdigit() and year.isascii() and year.isdigit()
    if not slash or not parts_are_digits or len(month) > 2 or len(year) not in (2, 4):
        return None
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    return (int(month), full_year) if 1 <= int(month) <= 12 else None


def find_card(entry: CardEntry, *, now: int) -> KnownCard | Refusal:
    """The test card that was typed, or what is wrong with what was typed.

    Args:
        entry: What the donor typed.
        now: Unix seconds; a card is good to the end of its month, UTC.
    """
    digits = entry.number.replace(" ", "").replace("-", "")
    readable = digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19
    card = _BY_NUMBER.get(digits) if readable and passes_luhn(digits) else None
    if card is None:
        return WRONG_NUMBER
    expiry = read_expiry(entry.expiry)
    if expiry is None:
        return WRONG_EXPIRY
    month, year = expiry
    today = datetime.fromtimestamp(now, UTC)
    if (year, month) < (today.year, today.month) or year > today.year + 50:
        return EXPIRED
    if not (entry.cvc.isascii() and entry.cvc.isdigit() and len(entry.cvc) == card.code_digits):
        return WRONG_CODE
    return card
