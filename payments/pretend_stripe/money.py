"""Amounts and fees, as tables. Amounts are whole minor units of their currency."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from payments.pretend_stripe.wire import ApiError


@dataclass(frozen=True)
class Currency:
    """What Stripe asks and takes in one currency.

    Attributes:
        least: The smallest amount that may be paid, minor units.
            Source: docs.stripe.com/currencies, "Minimum and maximum charge amounts".
        fixed_fee: The fixed part of a card's fee, minor units.
            Source for GBP: stripe.com/gb/pricing, "Payments"; the others stand near it.
        dispute_fee: What Stripe takes for a dispute, minor units.
            Source for GBP: stripe.com/gb/pricing, "Disputes": £20; the others stand near it.
        digits: Digits after the point.
        symbol: For the pay page.
    """

    least: int
    fixed_fee: int
    dispute_fee: int
    digits: int
    symbol: str


CURRENCIES = {
    "gbp": Currency(least=30, fixed_fee=20, dispute_fee=2000, digits=2, symbol="£"),
    "eur": Currency(least=50, fixed_fee=25, dispute_fee=2000, digits=2, symbol="€"),
    "usd": Currency(least=50, fixed_fee=30, dispute_fee=1500, digits=2, symbol="$"),
    "jpy": Currency(least=50, fixed_fee=40, dispute_fee=2000, digits=0, symbol="¥"),
}

MOST = 99_999_999
"""The largest amount of one payment, minor units (eight digits)."""

FEE_BASIS_POINTS = {"GB": 150, "EU": 250, "other": 325}
"""The part of a card's fee that grows with the amount, by where the card is from.

Source: stripe.com/gb/pricing, "Payments": standard UK cards 1.5 %, EU cards 2.5 %, international
cards 3.25 %.
"""

_EU_COUNTRIES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_EU = frozenset(_EU_COUNTRIES.split())


def currency_named(code: str, *, param: str) -> tuple[str, Currency]:
    """The lower-case code and its row.

    Raises:
        ApiError: Not a currency that the stand-in takes.
    """
    row = CURRENCIES.get(code.lower())
    if row is None:
        raise ApiError(
            f"Invalid currency: {code}. Pretend Stripe takes {', '.join(CURRENCIES)}.", param=param
        )
    return code.lower(), row


def card_fee(amount: int, currency: str, country: str) -> int:
    """Stripe's fee for a card payment, minor units, rounded half up.

    Args:
        amount: What was paid, minor units.
        currency: Lower-case code.
        country: Where the card is from, ISO 3166 code.
    """
    region = country if country == "GB" else "EU" if country in _EU else "other"
    share = (amount * FEE_BASIS_POINTS[region] + 5_000) // 10_000
    return share + CURRENCIES[currency].fixed_fee


BACS_FEE_BASIS_POINTS = 100
BACS_FEE_LEAST = 20
BACS_FEE_MOST = 200
"""A Bacs Direct Debit's fee: 1 %, at least 20p, at most £2 (minor units).

Source: stripe.com/gb/pricing/local-payment-methods, "Bacs Direct Debit".
"""


def bacs_fee(amount: int) -> int:
    """Stripe's fee for a Bacs Direct Debit, pence, the share rounded half up."""
    share = (amount * BACS_FEE_BASIS_POINTS + 5_000) // 10_000
    return min(max(share, BACS_FEE_LEAST), BACS_FEE_MOST)


def working_days_after(moment: int, count: int) -> int:
    """Midnight UTC, so many working days (Monday to Friday) after a moment (Unix seconds)."""
    day = datetime.fromtimestamp(moment, UTC).date()
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return int(datetime.combine(day, time(), UTC).timestamp())


def available_on(created: int) -> int:
    """When money received at ``created`` can be paid out: midnight UTC, three working days on."""
    return working_days_after(created, 3)


def shown(amount: int, currency: str) -> str:
    """An amount for a person: ``£25.00``, ``£1,234.50``, ``¥500``."""
    row = CURRENCIES[currency]
    whole, rest = divmod(abs(amount), 10**row.digits)
    digits = f"{whole:,}" + (f".{rest:0{row.digits}d}" if row.digits else "")
    return f"{'-' if amount < 0 else ''}{row.symbol}{digits}"
