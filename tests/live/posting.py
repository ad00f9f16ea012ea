"""Short ways to let money come to an appeal."""

import itertools

from appeals.accounts import appeal_account
from appeals.models import Appeal, AppealAccount
from funds.ledger import Kind, credit, debit, post_entry
from funds.models import Branch
from funds.money import Money
from tests.factories import TODAY

_keys = itertools.count(1)


def collect(appeal: Appeal, amount: Money, *, branch: Branch | None = None) -> None:
    """A collection is counted for the appeal."""
    hand = appeal_account(appeal, AppealAccount.Role.CASH_IN_HAND)
    income = appeal_account(appeal, AppealAccount.Role.CASH)
    post_entry(
        source_key=f"live:{next(_keys)}",
        kind=Kind.CASH_COUNTED,
        occurred_on=TODAY,
        memo="A collection",
        lines=[debit(hand, amount, branch=branch), credit(income, amount, branch=branch)],
    )
