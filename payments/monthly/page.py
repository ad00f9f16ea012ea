"""A donor's own page: their monthly donation, and its months from the books."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min, Prefetch
from django.utils import timezone

from appeals.models import Appeal
from appeals.standing import appeal_that_takes
from funds.models import Branch
from funds.money import Money, zero
from payments.models import CardDonation, CardRefund, MonthlyDonation
from payments.monthly.standing import Standing, standing_of


@dataclass(frozen=True, slots=True)
class Month:
    """A month that came.

    ``refunded`` is what went back of it and stayed back, ``disputed`` what the donor's bank took
    and has.
    """

    paid_on: date
    amount: Money
    refunded: Money
    disputed: Money
    appeal: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A month that is owing. Moments are aware; ``next_attempt_at`` is None for never."""

    since: datetime
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class MonthlyPage:
    """What a donor sees of their monthly donation. Without their name: the link may be passed on.

    ``takes`` is the appeal that the next month goes to; it is another than ``appeal`` once that
    has closed.
    """

    appeal: Appeal
    takes: Appeal
    branch: Branch | None
    amount: Money
    standing: Standing
    next_at: datetime | None
    cancel_at: datetime | None
    ended_at: datetime | None
    failure: Failure | None
    months: list[Month]

    @property
    def has_moved(self) -> bool:
        """True once the months go to another appeal than they began with."""
        return self.takes.pk != self.appeal.pk

    @property
    def is_changeable(self) -> bool:
        """True while another month is to come, of which the amount can be another."""
        return self.standing in {Standing.STARTING, Standing.ACTIVE, Standing.FAILING}

    @property
    def has_portal(self) -> bool:
        """True while Stripe's portal can do anything: change the card, stop, take back a stop."""
        return self.is_changeable or self.standing is Standing.ENDING


def read_monthly_page(monthly: MonthlyDonation) -> MonthlyPage:
    """The page of one monthly donation: a handful of queries, however many its months."""
    months = _read_months(monthly)
    standing = standing_of(monthly, has_months=bool(months))
    return MonthlyPage(
        appeal=monthly.appeal,
        takes=appeal_that_takes(monthly.appeal, at=timezone.now()),
        branch=monthly.branch,
        amount=monthly.amount,
        standing=standing,
        next_at=monthly.next_at,
        cancel_at=monthly.cancel_at,
        ended_at=monthly.ended_at,
        failure=_read_failure(monthly) if standing is Standing.FAILING else None,
        months=months,
    )


def _read_months(monthly: MonthlyDonation) -> list[Month]:
    """Newest first, dated as in the books."""
    kept_back = CardRefund.objects.filter(entry__reversed_by__isnull=True)
    donations = (
        CardDonation.objects.filter(monthly=monthly, received_entry__isnull=False)
        .select_related("received_entry", "appeal")
        .prefetch_related(Prefetch("refunds", kept_back), "disputes__movements")
        .order_by("-received_entry__occurred_on", "-pk")
    )
    return [
        _month(donation, paid_on=donation.received_entry.occurred_on)
        for donation in donations
        if donation.received_entry is not None
    ]


def _month(donation: CardDonation, *, paid_on: date) -> Month:
    nothing = zero(donation.amount.currency.code)
    movements = [one for dispute in donation.disputes.all() for one in dispute.movements.all()]
    return Month(
        paid_on=paid_on,
        amount=donation.amount,
        refunded=sum((refund.amount for refund in donation.refunds.all()), nothing),
        disputed=sum((movement.taken for movement in movements), nothing),
        appeal=donation.appeal.title,
    )


def _read_failure(monthly: MonthlyDonation) -> Failure | None:
    """Since when a month is owing, by the bills that no payment is known of."""
    owing = monthly.invoices.filter(payment_intent_id__isnull=True, is_paid=False)
    since = owing.aggregate(since=Min("first_failed_at"))["since"]
    if since is None:
        return None
    last = owing.filter(last_failed_at__isnull=False).order_by("-last_failed_at").first()
    return Failure(since=since, next_attempt_at=last.next_attempt_at if last else None)
