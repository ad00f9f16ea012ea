"""Which stretches of time have been read of Stripe's lines, and which are to be read next.

Stripe lists by the second in which a line was written, newest first. A window is read to its end,
page by page, and its row keeps the place; what is finished and touches is one window. So a
process may be killed after any page, and nothing is left out.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from payments.models import BalanceWindow, CardDonation, ChoreRun, MonthlyDonation

OVERLAP: Final = timedelta(seconds=10)
"""A line may show up some moments after the second that it bears."""

SECOND_LOOK: Final = timedelta(days=2)
_SECOND_LOOK_EVERY: Final = timedelta(days=1)
_SECOND_LOOK: Final = "balance-second-look"

_BEFORE_THE_FIRST: Final = timedelta(hours=1)


def open_windows() -> list[BalanceWindow]:
    """Windows that are not read to their end, newest first: what comes in now goes first."""
    return list(BalanceWindow.objects.filter(finished_at=None).order_by("-until", "pk"))


@transaction.atomic
def open_next(*, since: datetime | None = None) -> None:
    """Open what is to be read now: from the last window on, and what ``since`` adds before it.

    The first window begins with the first card donation, given once or every month; before there
    is one, there is nothing to read. Once a day the last two days are read again.

    Args:
        since: Aware; read from there on, as far as it was not read before.
    """
    now = timezone.now().replace(microsecond=0)
    windows = list(BalanceWindow.objects.select_for_update().order_by("since"))
    if windows:
        last = max(window.until for window in windows)
        begin = last - OVERLAP
        if _takes_second_look(now):
            begin = min(begin, max(now - SECOND_LOOK, windows[0].since))
        _open(begin, now, is_open_ended=True)
        if since is not None and since < windows[0].since:
            _open(since, windows[0].since)
    elif first := since or _begin():
        _open(first, now, is_open_ended=True)


def keep_place(window: BalanceWindow, *, after_id: str, lines: int, has_more: bool) -> None:
    """A page of a window is kept: go on after its last line, or be done.

    To be called in the transaction that keeps the page.
    """
    window.lines += lines
    window.after_id = after_id
    if has_more:
        window.save(update_fields=["lines", "after_id"])
    else:
        window.finished_at = timezone.now()
        window.save(update_fields=["lines", "after_id", "finished_at"])
        _join(window)


def is_covered(moment: datetime) -> bool:
    """Whether every line that Stripe wrote in that second was read."""
    return BalanceWindow.objects.filter(
        finished_at__isnull=False, since__lte=moment, until__gt=moment
    ).exists()


def read_frontier() -> datetime | None:
    """Up to when everything that was begun is read; None before the first window."""
    return max(
        BalanceWindow.objects.filter(finished_at__isnull=False).values_list("until", flat=True),
        default=None,
    )


def _begin() -> datetime | None:
    begun = (
        CardDonation.objects.aggregate(at=Min("created_at"))["at"],
        MonthlyDonation.objects.aggregate(at=Min("created_at"))["at"],
    )
    first: datetime | None = min((at for at in begun if at is not None), default=None)
    return None if first is None else first.replace(microsecond=0) - _BEFORE_THE_FIRST


def _open(since: datetime, until: datetime, *, is_open_ended: bool = False) -> None:
    since = since.replace(microsecond=0)
    if since < until:
        BalanceWindow.objects.create(since=since, until=until, is_open_ended=is_open_ended)


def _takes_second_look(now: datetime) -> bool:
    last, is_new = ChoreRun.objects.get_or_create(name=_SECOND_LOOK, defaults={"finished_at": now})
    if is_new or last.finished_at > now - _SECOND_LOOK_EVERY:
        return False
    last.finished_at = now
    last.save()
    return True


def _join(window: BalanceWindow) -> None:
    """Make one of the finished windows that touch this one."""
    touching = BalanceWindow.objects.filter(
        finished_at__isnull=False, since__lte=window.until, until__gte=window.since
    ).exclude(pk=window.pk)
    for other in touching:
        window.since = min(window.since, other.since)
        window.until = max(window.until, other.until)
        window.lines += other.lines
        other.delete()
    window.save(update_fields=["since", "until", "lines"])
