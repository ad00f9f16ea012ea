"""Short ways to post for tests of the books."""

import itertools
from datetime import date

from django.db import connection, transaction

from funds.ledger import Kind, Posted, credit, debit, post_entry
from funds.models import Account, Branch
from funds.money import Money
from tests.factories import TODAY, make_account

_keys = itertools.count(1)


def make_bank() -> Account:
    return make_account(kind=Account.Kind.ASSET)


def post(
    bank: Account,
    income: Account,
    amount: Money,
    *,
    source_key: str = "",
    branch: Branch | None = None,
    occurred_on: date = TODAY,
) -> Posted:
    """Book money that came to the bank as income."""
    return post_entry(
        source_key=source_key or f"test:{next(_keys)}",
        kind=Kind.CASH_COUNTED,
        occurred_on=occurred_on,
        memo="A collection",
        lines=[debit(bank, amount, branch=branch), credit(income, amount, branch=branch)],
    )


@transaction.atomic
def execute(sql: str) -> None:
    """Run a statement around all our code, with no deferred trigger pending on any table."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(sql)
