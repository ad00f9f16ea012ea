"""What became of what was promised when a night ended: paid, lapsed, or promised still."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from appeals.models import Night
from funds.money import Money, zero
from payments.models import CardDonation, Pledge, PledgePayment


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Promises of the night: all positive. ``at_end`` is what we can trace of what was published.

    ``paid`` came since, by pledges and by payments that had been on their way; ``over`` lapsed,
    was cancelled or struck, or failed; ``still`` is promised now.
    """

    at_end: Money
    paid: Money
    over: Money
    still: Money


def read_promised(night: Night) -> Promised:
    """What became of the promises that stood when the night ended: three queries."""
    currency = night.appeal.currency
    sums = {name: zero(currency) for name in ("at_end", "paid", "over", "still")}
    came_before = _came_before(night)
    for pledge in _pledges(night).exclude(_over_before(night)):
        before = Money(came_before[pledge.pk], currency)
        stood = max(zero(currency), pledge.amount - before)
        still = min(stood, pledge.promised)
        is_over = pledge.state in {Pledge.State.LAPSED, Pledge.State.CANCELLED, Pledge.State.STRUCK}
        over = min(stood, max(zero(currency), pledge.amount - pledge.came)) if is_over else None
        _add(sums, stood, still, over or zero(currency))
    for donation in _on_their_way(night):
        is_over = donation.received_entry_id is None and donation.failed_at is not None
        is_still = donation.received_entry_id is None and not is_over
        nothing = zero(currency)
        _add(
            sums,
            donation.amount,
            donation.amount if is_still else nothing,
            donation.amount if is_over else nothing,
        )
    return Promised(**sums)


def _add(sums: dict[str, Money], stood: Money, still: Money, over: Money) -> None:
    sums["at_end"] += stood
    sums["still"] += still
    sums["over"] += over
    sums["paid"] += stood - still - over


def _pledges(night: Night) -> Any:  # noqa: ANN401 - a query set; the plugin's type has no name
    return Pledge.objects.filter(appeal=night.appeal, taken_at__lte=night.ended_at)


def _over_before(night: Night) -> Q:
    end = night.ended_at
    return Q(struck_at__lte=end) | Q(cancelled_at__lte=end) | Q(lapsed_at__lte=end)


def _came_before(night: Night) -> defaultdict[int, Decimal]:
    """What had come of each pledge when the night ended, by its key."""
    end = night.ended_at
    payments = PledgePayment.objects.filter(
        Q(way=PledgePayment.Way.CARD, donation__received_entry__posted_at__lte=end)
        | (~Q(way=PledgePayment.Way.CARD) & Q(noted_at__lte=end)),
        Q(undone_at__isnull=True) | Q(undone_at__gt=end),
        pledge__appeal=night.appeal,
        pledge__taken_at__lte=end,
    )
    came: defaultdict[int, Decimal] = defaultdict(Decimal)
    for pk, amount in payments.order_by().values_list("pledge").annotate(Sum("amount")):
        came[pk] = amount
    return came


def _on_their_way(night: Night) -> Any:  # noqa: ANN401 - as above
    """Card payments that a bank had on their way then, and that pay no pledge."""
    end = night.ended_at
    return CardDonation.objects.filter(
        Q(received_entry__isnull=True) | Q(received_entry__posted_at__gt=end),
        Q(failed_at__isnull=True) | Q(failed_at__gt=end),
        appeal=night.appeal,
        processing_at__lte=end,
        pledge_payment__isnull=True,
    )
