"""What a card may be asked for: once, or every month. Shared by the forms that take an amount."""

from decimal import Decimal
from typing import Final

from appeals.models import Appeal
from appeals.templatetags.money import money
from funds.models import Organisation
from funds.money import Money
from payments.amounts import AmountError, AmountTooLargeError, parse_amount

CARD_MAXIMUM: Final = Decimal("999999.99")
"""The most of one card payment. Source: docs.stripe.com/currencies, "Minimum and maximum charge
amounts": eight digits."""


def read_card_amount(text: str, *, appeal: Appeal, organisation: Organisation) -> Money:
    """The amount that was typed, if a card can pay it to this appeal.

    Raises:
        AmountError: It cannot be meant, or is too small or too large for a card.
    """
    currency = appeal.currency
    try:
        amount = parse_amount("".join(text.split()), currency=currency)
    except AmountTooLargeError:
        raise AmountError(_too_large(currency, organisation)) from None
    if amount.amount > CARD_MAXIMUM:
        raise AmountError(_too_large(currency, organisation))
    if amount.amount < appeal.minimum:
        least = money(Money(appeal.minimum, currency))
        raise AmountError(f"By card we can take {least} or more, because of the card's fees.")
    return amount


def needs_identified_donor(amount: Money, organisation: Organisation) -> bool:
    """Whether the law asks who gives this amount, at one time or as one month."""
    if organisation.identified_donation_limit is None:
        return False
    if amount.currency.code != organisation.currency:
        return True  # the limit cannot be compared: ask rather than break the law
    return organisation.needs_identified_donor(amount)


def _too_large(currency: str, organisation: Organisation) -> str:
    most = money(Money(CARD_MAXIMUM, currency))
    contact = organisation.contact_email
    where = f": write to {contact}" if contact else ""
    return (
        f"A card can take {most} at most. Please give that much by bank transfer{where}. "
        "Or check the noughts."
    )
