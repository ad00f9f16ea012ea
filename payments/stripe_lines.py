"""Entries that are made of a line of Stripe's balance, whatever the line is about."""

from datetime import date

from funds.ledger import Draft, Kind, credit, debit
from funds.models import Account
from funds.money import Money


def fee_key(balance_transaction_id: str) -> str:
    """Names the fee of a line of Stripe's balance."""
    return f"stripe:{balance_transaction_id}:fee"


def fee_draft(
    balance_transaction_id: str, amount: Money, *, on: date, fees: Account, clearing: Account
) -> Draft:
    """Dr fees, Cr clearing: what Stripe kept of a line; a negative fee came back, so reversed.

    Args:
        balance_transaction_id: Of the line; however it is told, its fee is booked once.
        amount: Not nothing, in the accounts' currency.
        on: The organisation's local date of the line.
        fees: Where fees are gathered.
        clearing: What Stripe holds for us.
    """
    size = abs(amount)
    sides = [debit(fees, size), credit(clearing, size)]
    if amount < amount * 0:
        sides = [debit(clearing, size), credit(fees, size)]
    return Draft(fee_key(balance_transaction_id), Kind.CARD_FEE, on, "Stripe's fee", sides)
