"""Periods of whole months, counted from the moment at which a subscription began."""

import calendar
from datetime import UTC, datetime

from payments.pretend_stripe.wire import Obj

_MONTHS = {"month": 1, "year": 12}


def next_end(recurring: Obj, *, anchor: int, start: int) -> int:
    """When the period that begins at ``start`` ends.

    The day of the month is the anchor's, or the month's last when it has no such day: from
    31 January, 28 February comes next and 31 March after it.
    Source: docs.stripe.com/billing/subscriptions/billing-cycle.

    Args:
        recurring: How often, as in a price.
        anchor: The subscription's first moment, Unix seconds.
        start: The period's first moment, Unix seconds: the anchor, or an end that was given here.
    """
    first, now = datetime.fromtimestamp(anchor, UTC), datetime.fromtimestamp(start, UTC)
    behind = (now.year - first.year) * 12 + now.month - first.month
    months = first.month - 1 + behind + _MONTHS[recurring["interval"]] * recurring["interval_count"]
    year, month = first.year + months // 12, months % 12 + 1
    day = min(first.day, calendar.monthrange(year, month)[1])
    return int(first.replace(year=year, month=month, day=day).timestamp())
