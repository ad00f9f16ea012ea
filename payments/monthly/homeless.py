"""Monthly donations that go on after their appeal has closed, with no standing appeal to go to."""

from django.utils import timezone

from appeals.models import Appeal
from appeals.standing import appeal_that_takes, takes_money
from payments.models import MonthlyDonation


def read_homeless() -> list[Appeal]:
    """Closed appeals to which months are still booked, since their fund has nothing better."""
    now = timezone.now()
    running = MonthlyDonation.objects.filter(subscription_id__isnull=False, ended_at__isnull=True)
    appeals = (
        Appeal.objects.filter(pk__in=running.values("appeal")).select_related("fund").order_by("pk")
    )
    return [
        appeal
        for appeal in appeals
        if not takes_money(appeal, at=now) and appeal_that_takes(appeal, at=now) == appeal
    ]
