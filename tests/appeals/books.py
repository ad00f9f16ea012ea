"""Money that came to an appeal, and money that went back, as the till books it."""

import itertools
from collections.abc import Mapping
from typing import Final

from appeals.accounts import appeal_account
from appeals.models import Appeal, AppealAccount
from funds import chart
from funds.ledger import Kind, credit, debit, post_entry
from funds.models import Account, Branch
from funds.money import Money
from tests.factories import TODAY

Role = AppealAccount.Role

_KINDS: Final[Mapping[AppealAccount.Role, Kind]] = {
    Role.CARD: Kind.CARD_RECEIVED,
    Role.CASH: Kind.CASH_COUNTED,
    Role.TRANSFER: Kind.TRANSFER_RECEIVED,
    Role.SALES: Kind.SALES_COUNTED,
}
_numbers = itertools.count(1)


def receive(
    appeal: Appeal,
    amount: Money,
    *,
    role: AppealAccount.Role = Role.CARD,
    branch: Branch | None = None,
) -> None:
    """Book money that came in by one road."""
    post_entry(
        source_key=f"test:{next(_numbers)}:received",
        kind=_KINDS[role],
        occurred_on=TODAY,
        memo="",
        lines=[
            debit(_asset(appeal, role), amount, branch=branch),
            credit(appeal_account(appeal, role), amount, branch=branch),
        ],
    )


def refund(appeal: Appeal, amount: Money, *, branch: Branch | None = None) -> None:
    """Book a card refund, whole or partial."""
    post_entry(
        source_key=f"test:{next(_numbers)}:refunded",
        kind=Kind.CARD_REFUND,
        occurred_on=TODAY,
        memo="",
        lines=[
            debit(appeal_account(appeal, Role.CARD), amount, branch=branch),
            credit(_asset(appeal, Role.CARD), amount, branch=branch),
        ],
    )


def _asset(appeal: Appeal, role: AppealAccount.Role) -> Account:
    if role in {Role.CASH, Role.SALES}:
        return appeal_account(appeal, Role.CASH_IN_HAND)
    line = chart.STRIPE_CLEARING if role == Role.CARD else chart.BANK
    return chart.account(line, currency=appeal.currency)
