"""Pledges that are still to be paid: what a slip is printed for."""

from django.db.models import F, QuerySet

from appeals.models import Appeal
from funds.models import Branch
from payments.models import Pledge, PledgeList


def unpaid_pledges(
    appeal: Appeal, *, branch: Branch | None = None, called_in: PledgeList | None = None
) -> QuerySet[Pledge]:
    """The appeal's pledges that stand and of which something is still to be asked for.

    What a bank has on its way is not asked for again. By branch, those of none first, and in each
    as they were called: so a pile is handed out branch by branch.
    """
    found = Pledge.objects.select_related("appeal", "branch").filter(
        appeal=appeal,
        struck_at=None,
        cancelled_at=None,
        lapsed_at=None,
        amount__gt=F("came") + F("on_its_way"),
    )
    if branch is not None:
        found = found.filter(branch=branch)
    if called_in is not None:
        found = found.filter(list=called_in)
    return found.order_by(F("branch__name").asc(nulls_first=True), "pk")
