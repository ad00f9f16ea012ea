"""Closing periods of the books, and opening the newest again. Which days those are, for readers.

Periods are the whole organisation's and join on to each other, so that one day says it all: the
books are closed up to it. What arrives late is posted on the day after, by ``funds.ledger``.
"""

from datetime import date, timedelta

from django.db import connection, transaction
from django.utils import timezone

from funds.models import PeriodClose, User


class PeriodRefusedError(ValueError):
    """The period cannot be closed, or opened again. The message is for the treasurer."""


def read_closed_until() -> date | None:
    """The last closed day; None while no period is closed. Takes no lock."""
    newest = read_newest_close()
    return newest.until if newest else None


def read_first_open_day() -> date | None:
    """The day on which a fact of a closed period is posted; None while none is closed."""
    closed_until = read_closed_until()
    return closed_until + timedelta(days=1) if closed_until else None


def read_newest_close() -> PeriodClose | None:
    """The newest closed period that was not opened again."""
    return PeriodClose.objects.filter(reopened_at__isnull=True).order_by("-until").first()


def stop_the_books() -> date | None:
    """Wait for every writer in flight, and keep others waiting until commit; the last closed day.

    For a closing, which then reads what it signs and closes in the same transaction. Take no other
    lock before this one that a writer of entries may want.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT funds_stop_the_books()")
        (closed_until,) = cursor.fetchone()
    assert closed_until is None or isinstance(closed_until, date)
    return closed_until


@transaction.atomic
def close_period(
    *, name: str, since: date, until: date, closed_by: User, confirmed_by: User | None
) -> PeriodClose:
    """Close a period: from now on the database takes no entry for any day up to its last.

    Args:
        name: As people call it; at most 60 characters.
        since: Its first day: the day after the last closed one, if there is one.
        until: Its last day. That it is over was checked before, by the organisation's clock.
        closed_by: Who asks for it.
        confirmed_by: The second person, where one is needed.

    Raises:
        PeriodRefusedError: It does not join on to the last one. Nothing is written.
    """
    closed_until = stop_the_books()
    if until < since:
        raise PeriodRefusedError("The period ends before it begins.")
    if closed_until is not None and since != closed_until + timedelta(days=1):
        raise PeriodRefusedError(
            f"The books are closed until {closed_until.isoformat()}: the next period begins the "
            "day after."
        )
    return PeriodClose.objects.create(
        name=name, since=since, until=until, closed_by=closed_by, confirmed_by=confirmed_by
    )


@transaction.atomic
def reopen_period(
    close: PeriodClose, *, reason: str, reopened_by: User, confirmed_by: User | None
) -> PeriodClose:
    """Open the newest closed period again. What was booked late meanwhile stays where it stands.

    Args:
        close: The newest that is closed.
        reason: Why; required.
        reopened_by: Who asks for it.
        confirmed_by: The second person, where one is needed.

    Raises:
        PeriodRefusedError: A later period is closed, it was opened before, or there is no reason.
            Nothing is written.
    """
    reason = reason.strip()
    closed_until = stop_the_books()
    locked = PeriodClose.objects.get(pk=close.pk)
    if not reason:
        raise PeriodRefusedError("Say why it is opened again.")
    if locked.reopened_at is not None:
        raise PeriodRefusedError("This period was opened again before.")
    if locked.until != closed_until:
        raise PeriodRefusedError("Only the newest closed period can be opened again.")
    locked.reopen_reason = reason
    locked.reopened_by = reopened_by
    locked.reopen_confirmed_by = confirmed_by
    locked.reopened_at = timezone.now()
    locked.save(
        update_fields=["reopen_reason", "reopened_by", "reopen_confirmed_by", "reopened_at"]
    )
    return locked
