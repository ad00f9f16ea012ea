"""Closing a period with its tie-out, and opening the newest again. Which period comes next."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Min

from funds.closing import (
    PeriodRefusedError,
    close_period,
    read_newest_close,
    reopen_period,
    stop_the_books,
)
from funds.models import JournalEntry, PeriodClose, User
from payments.closing.tie_out import TieOut, figures_digest, read_tie_out, sign_tie_out
from payments.periods import Period, month_of, quarter_of, year_of
from payments.recording import RecordRefusedError, local_today, say_day


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """What is to be closed: both days included. ``figures`` names the tie-out that was seen."""

    since: date
    until: date
    figures: str


def name_of(since: date, until: date) -> str:
    """What a period is called: its quarter, month or year, or its days."""
    for usual in (quarter_of(since), month_of(since), year_of(since)):
        if (usual.since, usual.until) == (since, until):
            return usual.name
    return f"{say_day(since)} to {say_day(until)}"


def read_next_period() -> Period:
    """What is to be closed next: the rest of the quarter after the last closed day.

    Before anything was closed, the quarter in which the books begin.
    """
    newest = read_newest_close()
    if newest is not None:
        since = newest.until + timedelta(days=1)
    else:
        first = JournalEntry.objects.aggregate(first=Min("occurred_on"))["first"]
        since = quarter_of(first or local_today()).since
    until = quarter_of(since).until
    return Period(name_of(since, until), since, until)


def require_closable(since: date, until: date) -> None:
    """Refuse what does not join on, or is not over.

    Raises:
        RecordRefusedError: Names the field, ``since`` or ``until``.
    """
    today, newest = local_today(), read_newest_close()
    if newest is not None and since != newest.until + timedelta(days=1):
        raise RecordRefusedError(
            "since",
            f"The books are closed until {say_day(newest.until)}: the next period begins on "
            f"{say_day(newest.until + timedelta(days=1))}.",
        )
    if until < since:
        raise RecordRefusedError("until", "The period ends before it begins.")
    if until >= today:
        raise RecordRefusedError(
            "until", f"It is not over yet: today is {say_day(today)}. Close it when it is."
        )


def require_seen(facts: PeriodFacts) -> list[TieOut]:
    """The tie-out of what is to be closed, if it may be, and if it is what was seen.

    Raises:
        RecordRefusedError: It cannot be closed, or other figures stand now.
    """
    require_closable(facts.since, facts.until)
    tie_out = read_tie_out(facts.since, facts.until)
    if figures_digest(tie_out) != facts.figures:
        raise RecordRefusedError(
            "figures",
            "Something was booked in this period since you looked. Look at the figures again, "
            "then close it.",
        )
    return tie_out


@transaction.atomic
def close(facts: PeriodFacts, *, closed_by: User, confirmed_by: User | None) -> PeriodClose:
    """Close a period and keep the figures that it is signed on, both or neither.

    Waits for whatever is being posted at this moment, and reads the figures after it.

    Args:
        facts: What is to be closed, and on which figures.
        closed_by: Who asks for it.
        confirmed_by: The second person, where the organisation wants one.

    Raises:
        RecordRefusedError: It cannot be closed, or other figures stand now. Nothing is written.
    """
    stop_the_books()
    tie_out = require_seen(facts)
    closed = close_period(
        name=name_of(facts.since, facts.until),
        since=facts.since,
        until=facts.until,
        closed_by=closed_by,
        confirmed_by=confirmed_by,
    )
    sign_tie_out(closed, tie_out)
    return closed


def reopen(
    closed: PeriodClose, *, reason: str, reopened_by: User, confirmed_by: User | None
) -> PeriodClose:
    """Open the newest closed period again. Its signed figures stay, beside the next closing's.

    Raises:
        RecordRefusedError: It is not the newest, is open already, or there is no reason. Nothing
            is written.
    """
    try:
        return reopen_period(
            closed, reason=reason, reopened_by=reopened_by, confirmed_by=confirmed_by
        )
    except PeriodRefusedError as refused:
        raise RecordRefusedError("reason", str(refused)) from refused
