"""What became of a monthly donation, for the page that thanks its donor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from appeals.models import Appeal
from funds.models import Branch
from funds.money import Money
from payments.checkout import MONTHLY
from payments.models import MonthlyDonation
from payments.monthly.standing import Standing, standing_of
from payments.thanks import look_again_seconds

_WAITING: Final = frozenset({Standing.PENDING, Standing.STARTING})


@dataclass(frozen=True, slots=True)
class MonthlyThanks:
    """A monthly donation as its donor sees it after the Checkout. No personal data.

    ``amount`` is a month's; ``next_at`` is when the next one is due (aware). What a page that waits
    for news does is as in ``payments.thanks``.
    """

    appeal: Appeal
    branch: Branch | None
    amount: Money
    standing: Standing
    next_at: datetime | None
    look_again_seconds: int
    looked: int

    @property
    def give_again_url(self) -> str:
        """The give form, filled in as it was."""
        query = {"amount": str(self.amount.amount), "frequency": MONTHLY}
        if self.branch:
            query["branch"] = self.branch.slug
        return f"{reverse('payments:give', args=[self.appeal.slug])}?{urlencode(query)}"

    @property
    def look_again_url(self) -> str:
        """Where a page that waits asks next."""
        return f"?{urlencode({'looked': self.looked + 1})}"


def read_monthly_thanks(*, appeal_slug: str, reference: UUID, looked: int) -> MonthlyThanks:
    """How a monthly donation stands, for a page that has asked ``looked`` times before.

    Raises:
        MonthlyDonation.DoesNotExist: The appeal has no monthly donation of this reference.
    """
    monthly = MonthlyDonation.objects.select_related("appeal", "branch").get(
        reference=reference, appeal__slug=appeal_slug
    )
    has_months = monthly.months.filter(received_entry__isnull=False).exists()
    standing = standing_of(monthly, has_months=has_months)
    return MonthlyThanks(
        appeal=monthly.appeal,
        branch=monthly.branch,
        amount=monthly.amount,
        standing=standing,
        next_at=monthly.next_at,
        look_again_seconds=look_again_seconds(looked) if standing in _WAITING else 0,
        looked=looked,
    )
