"""Importing: Stripe's lines, page by page, into our rows and on into the books.

Near real time while donations come in, and back to where we left off after however long a pause.
Asks Stripe, outside any transaction; each page is kept with the place where to go on.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from funds.ledger import Kind
from payments.alone import alone
from payments.balance.booking import book_everything_due
from payments.balance.contents import read_contents
from payments.balance.held import keep_balance
from payments.balance.owners import ask_for_owners
from payments.balance.taking import take
from payments.balance.windows import keep_place, open_next, open_windows
from payments.models import BalanceWindow, ChoreRun
from payments.stripe_gateway.balance import LinePage, read_lines

PAGES_AT_ONCE: Final = 50
"""So many the chores read before others have their turn."""

_EVERY: Final = timedelta(minutes=1)
_RUN: Final = "balance-import"
_LOCK: Final = 0x57484C4E  # of this import among the advisory locks

# Entries that a line of Stripe's stands behind, and that are booked before it is known.
_TOLD_BEFORE: Final = [Kind.CARD_RECEIVED, Kind.CARD_REFUND, Kind.CARD_DISPUTED]


class Imported(NamedTuple):
    """What an import did. ``is_finished`` is False when pages are left for the next one."""

    read: int
    new: int
    booked: int
    is_finished: bool


class Progress(NamedTuple):
    """How far an import is: lines read by now, and the moment back to which."""

    read: int
    new: int
    back_to: datetime


def keep_up() -> Imported | None:
    """Import if something is due: a line that must have been written by now, or a minute's rest.

    Due is also what an earlier import left. To be called every second; asks Stripe seldom when
    nothing happens.

    Raises:
        StripeUnavailableError: As ``bring_in``.
    """
    return bring_in(pages=PAGES_AT_ONCE) if is_due() else None


def bring_in(
    *,
    since: datetime | None = None,
    pages: int | None = None,
    tell: Callable[[Progress], object] = lambda _progress: None,
) -> Imported | None:
    """Import lines, book them, and learn what Stripe holds. None while another process does.

    Args:
        since: Aware; also what was written from there on, as far as it was not read yet.
        pages: At most so many of each window; None reads everything that is to be read.
        tell: Called after each page.

    Raises:
        StripeUnavailableError: Stripe does not answer. What was read until then stands, and the
            next import goes on there.
    """
    with alone(_LOCK) as is_ours:
        if not is_ours:
            return None
        began_at = timezone.now()
        open_next(since=since)
        imported = _read_windows(pages, tell)
        ask_for_owners()
        read_contents()
        booked = imported.booked + book_everything_due()
        keep_balance()
        ChoreRun.objects.update_or_create(name=_RUN, defaults={"finished_at": began_at})
        return imported._replace(booked=booked)


def is_due() -> bool:
    """Whether an import would find something, or the last one is a minute ago."""
    last = ChoreRun.objects.filter(name=_RUN).values_list("finished_at", flat=True).first()
    if last is None or last < timezone.now() - _EVERY:
        return True
    return BalanceWindow.objects.filter(finished_at=None).exists() or _awaits_lines()


# Only the newest entries: one that is older waits for the minute's import.
_AWAITED: Final = """
SELECT EXISTS (
    SELECT FROM (SELECT source_key, kind, posted_at FROM funds_journalentry
                  ORDER BY id DESC LIMIT 1000) e
     WHERE e.kind = ANY(%s) AND e.posted_at > now() - interval '2 minutes'
       AND e.source_key LIKE 'stripe:%%'
       AND NOT EXISTS (SELECT FROM payments_balanceline l WHERE l.principal_key = e.source_key))
"""


def _awaits_lines() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, [_TOLD_BEFORE])
        (awaits,) = cursor.fetchone()
    return bool(awaits)


def _read_windows(pages: int | None, tell: Callable[[Progress], object]) -> Imported:
    """Every open window has its turn, the newest first: none keeps another from being read."""
    done = Imported(0, 0, 0, is_finished=True)
    for window in open_windows():
        asked = 0
        while window.finished_at is None:
            if asked == pages:
                done = done._replace(is_finished=False)
                break
            page = read_lines(
                since=window.since,
                until=None if window.is_open_ended else window.until,
                after_id=window.after_id,
            )
            asked += 1
            new = _keep_page(window, page)
            booked = book_everything_due()
            done = Imported(
                done.read + len(page.lines), done.new + new, done.booked + booked, done.is_finished
            )
            if page.lines:
                tell(Progress(done.read, done.new, page.lines[-1].created_at))
    return done


@transaction.atomic
def _keep_page(window: BalanceWindow, page: LinePage) -> int:
    """Lines and place together, so that neither stands without the other; how many were new."""
    new = take(page.lines)
    after_id = page.lines[-1].stripe_id if page.lines else window.after_id
    keep_place(window, after_id=after_id, lines=len(page.lines), has_more=page.has_more)
    return new
