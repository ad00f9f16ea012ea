"""Reading the books. Nothing here writes, and nothing here knows of appeals.

Every figure is a look-up in ``Balance``, so it costs the same however many postings there are.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import connection

from funds.models import Account, Balance, Branch
from funds.money import Money, from_minor


class AccountBalance(NamedTuple):
    """One account's standing for one branch, or for no branch. Amounts in minor units."""

    account_id: int
    branch_id: int | None
    debit_minor: int
    credit_minor: int
    debit_entries: int
    credit_entries: int
    postings: int


def read_balances(account_ids: Iterable[int]) -> list[AccountBalance]:
    """The balances of some accounts, a row per account and branch that was ever posted to."""
    rows = Balance.objects.filter(account_id__in=account_ids).values_list(*AccountBalance._fields)
    return [AccountBalance(*row) for row in rows]


def account_balance(account: Account) -> Money:
    """What the account holds in all, on the side that increases it (see ``Account``)."""
    return _net(account, read_balances([account.pk]))


def account_balance_of_branch(account: Account, *, branch: Branch | None) -> Money:
    """What the account holds for one branch, or the money that no branch is credited with."""
    branch_id = branch.pk if branch else None
    return _net(account, [row for row in read_balances([account.pk]) if row.branch_id == branch_id])


def _net(account: Account, rows: Iterable[AccountBalance]) -> Money:
    debit_less_credit = sum(row.debit_minor - row.credit_minor for row in rows)
    sign = 1 if account.is_increased_by_debit else -1
    return from_minor(sign * debit_less_credit, account.currency)


# A dump that is restored gets new files in another cluster, database or table: never the same
# four numbers, so a page that knew the old books accepts the restored ones.
EPOCH_SQL: Final = """
SELECT left(encode(sha256(convert_to(concat_ws(',',
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    pg_relation_filenode('funds_balance')), 'UTF8')), 'hex'), 12)
"""


def read_epoch() -> str:
    """Names this very database: it differs after a restore, so clients drop what they knew.

    Within one epoch the count of postings only grows.
    """
    with connection.cursor() as cursor:
        cursor.execute(EPOCH_SQL)
        (epoch,) = cursor.fetchone()
    return str(epoch)
