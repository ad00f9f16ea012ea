"""Makers: plain functions that name only what matters to a test."""

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.text import slugify

from appeals.accounts import open_accounts
from appeals.models import Appeal, BranchTarget
from donors.models import Donor
from funds.models import Account, Branch, Fund, Membership, Organisation, Region, User
from funds.money import Money
from payments.models import CardDonation, MonthlyDonation

TODAY: Final = date(2026, 11, 21)
_numbers = itertools.count(1)


def gbp(amount: str | int | Decimal) -> Money:
    """Pounds: ``gbp(25)``, ``gbp("0.01")``."""
    return Money(Decimal(amount), "GBP")


def make_organisation(**fields: Any) -> Organisation:
    """The one organisation, a party with the limit of £500."""
    organisation, _ = Organisation.objects.update_or_create(
        pk=1,
        defaults={
            "name": "The Example Party",
            "imprint": "Promoted by the Example Party, 1 Example Street, London E1 1AA",
            "contact_email": "treasurer@example.org",
            "identified_donation_limit": Decimal(500),
            **fields,
        },
    )
    return organisation


def make_region(name: str = "Yorkshire") -> Region:
    region, _ = Region.objects.get_or_create(name=name, defaults={"slug": slugify(name)})
    return region


def make_branch(name: str = "Leeds", *, region: str = "Yorkshire") -> Branch:
    branch, _ = Branch.objects.get_or_create(
        name=name, defaults={"slug": slugify(name), "region": make_region(region)}
    )
    return branch


def make_account(
    code: str = "", *, kind: Account.Kind = Account.Kind.INCOME, currency: str = "GBP"
) -> Account:
    code = code or f"account-{next(_numbers)}"
    return Account.objects.create(code=code, name=code, kind=kind, currency=currency)


def make_appeal(
    slug: str = "rally",
    *,
    target: Money | None = None,
    status: Appeal.Status = Appeal.Status.OPEN,
    branch_targets: Iterable[tuple[Branch, Money]] = (),
    **fields: Any,
) -> Appeal:
    """An open appeal with its accounts; the organisation comes with it."""
    make_organisation()
    fund, _ = Fund.objects.get_or_create(name="Fighting fund")
    appeal = Appeal.objects.create(
        slug=slug,
        title=fields.pop("title", slug.replace("-", " ").capitalize()),
        fund=fund,
        target=target or gbp(30_000),
        status=status,
        opens_at=fields.pop("opens_at", datetime(2026, 1, 1, tzinfo=UTC)),
        **fields,
    )
    open_accounts(appeal)
    for branch, branch_target in branch_targets:
        BranchTarget.objects.create(appeal=appeal, branch=branch, target=branch_target)
    return appeal


def make_user(
    username: str = "",
    *,
    role: Membership.Role | None = None,
    branches: Iterable[Branch] = (),
    **fields: Any,
) -> User:
    """A user with a role; a branch treasurer of ``branches``."""
    username = username or f"user-{next(_numbers)}"
    user = User.objects.create_user(
        username, f"{username}@example.org", "a long password", **fields
    )
    own = list(branches)
    if own:
        for branch in own:
            Membership.objects.create(
                user=user, role=Membership.Role.BRANCH_TREASURER, branch=branch
            )
    elif role is not None:
        Membership.objects.create(user=user, role=role)
    return user


def make_card_donation(
    amount: Money | None = None,
    *,
    appeal: Appeal | None = None,
    branch: Branch | None = None,
    **fields: Any,
) -> CardDonation:
    """A donation whose donor was sent to Checkout and has not paid yet."""
    return CardDonation.objects.create(
        appeal=appeal or Appeal.objects.filter(slug="rally").first() or make_appeal(),
        branch=branch,
        amount=amount or gbp(25),
        content_digest="0" * 64,
        **fields,
    )


def make_monthly(
    amount: Money | None = None,
    *,
    appeal: Appeal | None = None,
    branch: Branch | None = None,
    email: str = "",
    **fields: Any,
) -> MonthlyDonation:
    """A monthly donation whose donor was sent to Checkout and has not begun it yet."""
    return MonthlyDonation.objects.create(
        appeal=appeal or Appeal.objects.filter(slug="rally").first() or make_appeal(),
        branch=branch,
        amount=amount or gbp(10),
        donor=Donor.objects.create(email=email) if email else None,
        content_digest="0" * 64,
        **fields,
    )
