"""What an operator sets up in the admin before the doors open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from appeals.accounts import open_accounts
from appeals.models import Appeal, BranchTarget
from funds.models import Branch, Fund, Membership, Organisation, Region, User
from funds.money import Money
from whipround.demo import scenario

Role = Membership.Role


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A log-in of the demo, printed when it starts."""

    username: str
    what: str
    role: Membership.Role
    branches: tuple[str, ...] = ()


LOGINS: Final = (
    DemoLogin("national", "national treasurer", Role.NATIONAL_TREASURER),
    DemoLogin("second", "second national treasurer", Role.NATIONAL_TREASURER),
    DemoLogin("leeds", "treasurer of the Leeds branch", Role.BRANCH_TREASURER, ("leeds",)),
    DemoLogin("chair", "chair of the rally", Role.CHAIR),
    DemoLogin("operator", "operator: the admin", Role.OPERATOR),
)


@transaction.atomic
def set_up(*, password: str) -> None:
    """The organisation, its branches, three appeals and the log-ins. Once, on empty tables."""
    Organisation.objects.create(
        pk=1,
        name=scenario.ORGANISATION,
        imprint=scenario.IMPRINT,
        contact_email="treasurer@example.org",
        identified_donation_limit=500,
        identified_donation_limit_from="2010-01-01",
    )
    _make_branches()
    now = timezone.localtime()
    _make_appeals(now)
    for login in LOGINS:
        user = User.objects.create_user(
            login.username, f"{login.username}@example.org", password, first_name=login.what
        )
        if login.role == Role.OPERATOR:
            user.is_staff = True
            user.save(update_fields=["is_staff"])
        for branch in login.branches or (None,):
            Membership.objects.create(
                user=user,
                role=login.role,
                branch=Branch.objects.get(slug=branch) if branch else None,
            )


def _make_branches() -> None:
    for region_name, name, members, _ in scenario.BRANCHES:
        region, _created = Region.objects.get_or_create(
            name=region_name, defaults={"slug": scenario.slug(region_name)}
        )
        Branch.objects.create(region=region, name=name, slug=scenario.slug(name), members=members)


def _make_appeals(now: datetime) -> None:
    fighting_fund = Fund.objects.create(name="Fighting fund")
    premises = Fund.objects.create(name="Premises fund", restricted=True)
    rally = _open_appeal(
        slug="rally",
        title="Rally for Socialism",
        story=(
            "Tonight's collection pays for the coming year: the paper, the leaflets, the stalls "
            "and the organisers who keep them going.\n\n"
            "We have no wealthy backers. What we do is paid for by people like you."
        ),
        fund=fighting_fund,
        target=scenario.RALLY_TARGET,
        stretch_targets=list(scenario.RALLY_STRETCH_TARGETS),
        opens_at=now.replace(hour=0, minute=0, second=0, microsecond=0),
    )
    fund = _open_appeal(
        slug="fighting-fund",
        title="Fighting fund: this quarter",
        story=(
            "Every branch has a share of the quarter's target. Stalls, meetings, paper sales and "
            "your own gift all count.\n\nThe table shows each branch by percent of its own target."
        ),
        fund=fighting_fund,
        target=scenario.FIGHTING_FUND_TARGET,
        opens_at=now - timedelta(days=45),
        is_standing=True,
    )
    _open_appeal(
        slug="premises",
        title="Premises fund",
        story=(
            "A building of our own, for meetings, printing and people. It was opened by one "
            "donation of £45,000.\n\nMoney given here is kept for the premises and nothing else."
        ),
        fund=premises,
        target=scenario.PREMISES_TARGET,
        opens_at=now - timedelta(days=1),
        is_standing=True,
        show_league=False,
    )
    branches = {branch.name: branch for branch in Branch.objects.all()}
    for _, name, _, share in scenario.BRANCHES:
        for appeal, target in ((fund, share), (rally, scenario.rally_share(share))):
            BranchTarget.objects.create(
                appeal=appeal, branch=branches[name], target=Money(target, appeal.currency)
            )


def _open_appeal(*, slug: str, target: int, **fields: object) -> Appeal:
    appeal = Appeal.objects.create(
        slug=slug, target=Money(target, "GBP"), status=Appeal.Status.OPEN, **fields
    )
    open_accounts(appeal)
    return appeal
