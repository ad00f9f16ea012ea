import pytest

from funds.balances import account_balance
from funds.ledger import Kind, credit, debit, post_entry
from funds.models import Account, JournalEntry
from tests.factories import TODAY, gbp, make_account

pytestmark = pytest.mark.django_db


def test_a_fact_told_twice_is_booked_once() -> None:
    bank, income = make_account(kind=Account.Kind.ASSET), make_account()
    for _ in range(2):
        post_entry(
            source_key="cash:1:counted",
            kind=Kind.CASH_COUNTED,
            occurred_on=TODAY,
            memo="",
            lines=[debit(bank, gbp(20)), credit(income, gbp(20))],
        )

    assert JournalEntry.objects.count() == 1
    assert account_balance(income) == gbp(20)
    assert account_balance(bank) == gbp(20)
