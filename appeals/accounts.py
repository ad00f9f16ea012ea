"""The accounts of an appeal: opened with it, found by their role."""

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from appeals.models import Appeal, AppealAccount
from funds.models import Account

Role = AppealAccount.Role

_KINDS: Final[Mapping[AppealAccount.Role, Account.Kind]] = {
    Role.CARD: Account.Kind.INCOME,
    Role.CASH: Account.Kind.INCOME,
    Role.TRANSFER: Account.Kind.INCOME,
    Role.SALES: Account.Kind.INCOME,
    Role.CASH_IN_HAND: Account.Kind.ASSET,
}


@transaction.atomic
def open_accounts(appeal: Appeal) -> None:
    """Give a saved appeal its account for each role; a second call adds what is missing."""
    for role, kind in _KINDS.items():
        account, _ = Account.objects.get_or_create(
            code=f"appeal-{appeal.pk}:{role}",
            defaults={
                "name": f"{appeal.title}: {role.label}"[:200],
                "kind": kind,
                "currency": appeal.currency,
                "fund": appeal.fund,
            },
        )
        AppealAccount.objects.get_or_create(appeal=appeal, role=role, defaults={"account": account})


def appeal_account(appeal: Appeal, role: AppealAccount.Role) -> Account:
    """The account that holds what came to the appeal by one road.

    Raises:
        AppealAccount.DoesNotExist: ``open_accounts`` was never called: a bug.
    """
    held = AppealAccount.objects.select_related("account").get(appeal=appeal, role=role)
    return held.account
