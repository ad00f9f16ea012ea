"""Which appeal takes money that nobody chose an appeal for at that moment: a month's donation."""

from datetime import datetime

from django.db.models import QuerySet

from appeals.models import Appeal


def takes_money(appeal: Appeal, *, at: datetime) -> bool:
    """Whether the appeal was there to take money at an aware moment, now or in the past.

    An appeal that was closed since then had not closed yet; one that opens later takes none.
    """
    if appeal.status == Appeal.Status.DRAFT or appeal.opens_at > at:
        return False
    if appeal.closes_at is None:
        return appeal.status == Appeal.Status.OPEN
    return appeal.closes_at > at


def appeal_that_takes(appeal: Appeal, *, at: datetime) -> Appeal:
    """The appeal itself while it takes money; then its fund's standing appeal.

    Where there is none of the same currency that takes money, it is the appeal itself although
    closed: money that has come must stand somewhere, and ``doctor`` warns.
    """
    if takes_money(appeal, at=at):
        return appeal
    standing = Appeal.objects.filter(fund=appeal.fund_id, is_standing=True).first()
    if (
        standing is not None
        and standing.currency == appeal.currency
        and takes_money(standing, at=at)
    ):
        return standing
    return appeal


def standing_appeals() -> QuerySet[Appeal]:
    """Every fund's standing appeal."""
    return Appeal.objects.filter(is_standing=True)
