"""Entries that are made of a line of Stripe's balance, whatever the line is about.

They bear the line's id, so that every road that tells of it (an event, the list of lines) books
the same entry, once.
"""

from datetime import date, datetime
from typing import Protocol

from funds import chart
from funds.chart import ChartLine
from funds.ledger import Draft, Kind, Line, credit, debit
from funds.models import Account, Organisation
from funds.money import Money
from funds.organisation import local_date, read_organisation


class ChartReader(Protocol):
    """Whoever looks the accounts of the chart up, each once, such as ``Accounts`` or a batch."""

    def chart_account(self, line: ChartLine, currency: str) -> Account:
        """An account of the chart in a currency."""

    def local_date(self, moment: datetime) -> date:
        """The organisation's local date: how the books are dated."""


class Accounts:
    """Looks accounts and the organisation up for one transaction, each once."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[ChartLine, str], Account] = {}
        self._organisation: Organisation | None = None

    def chart_account(self, line: ChartLine, currency: str) -> Account:
        """An account of the chart in a currency."""
        key = (line, currency)
        if key not in self._accounts:
            self._accounts[key] = chart.account(line, currency=currency)
        return self._accounts[key]

    def local_date(self, moment: datetime) -> date:
        """The organisation's local date: how the books are dated."""
        if self._organisation is None:
            self._organisation = read_organisation()
        return local_date(moment, self._organisation)


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


def held_lines(other: ChartLine, amount: Money, *, accounts: ChartReader) -> list[Line]:
    """Dr clearing, Cr ``other`` for money that came to Stripe; the opposite for what left."""
    currency = amount.currency.code
    clearing = accounts.chart_account(chart.STRIPE_CLEARING, currency)
    account = accounts.chart_account(other, currency)
    if amount.amount < 0:
        return [debit(account, -amount), credit(clearing, -amount)]
    return [debit(clearing, amount), credit(account, amount)]
