"""Keeping the time for the till's chores: one at a time, not oftener than due, and how it went.

Threads inside ``serve`` ask here where there is no broker, Celery's tasks where there is one.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import Error as DatabaseLayerError
from django.db import connection
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from payments.models import ChoreOutcome
from payments.retrying import describe_error
from payments.stripe_gateway.client import StripeUnavailableError

logger = logging.getLogger(__name__)

_LONGEST_TICK_SECONDS: Final = 60.0
_STRIPE_PAUSE: Final = timedelta(seconds=15)
_LATE_AFTER: Final = timedelta(minutes=5)
_LOCKS: Final = 0x57484950  # our chores among the advisory locks of two numbers


@dataclass(frozen=True, slots=True)
class Chore:
    """A piece of work that is due every so often. It may ask Stripe, and wait for the answer.

    ``asks_stripe`` is False for one that goes on while Stripe is away.
    """

    name: str
    every_seconds: float
    run: Callable[[], object]
    asks_stripe: bool = True

    @property
    def tick_seconds(self) -> float:
        """How often to ask whether it is due: seldom work is not put off by a restart."""
        return min(self.every_seconds, _LONGEST_TICK_SECONDS)

    @property
    def rest(self) -> timedelta:
        """From the beginning of a run, when another would be one too many. Clocks tick unevenly."""
        return timedelta(seconds=self.every_seconds - self.tick_seconds / 5)


def do_chore(chore: Chore) -> bool:
    """Do a chore, if it is due and nobody else is at it; True when it was done.

    While Stripe does not answer, what would ask it is put off for some seconds: that is no
    error. How it went is noted in its ``ChoreOutcome``.

    Raises:
        Exception: A bug, or the database's trouble. The chore is due again at its next tick.
    """
    with _alone(chore) as began_at:
        if began_at is None or not _is_due(chore):
            return False
        try:
            chore.run()
        except StripeUnavailableError as error:
            logger.warning("Stripe does not answer: %s", error)
            away = {"failed_at": Now(), "last_error": describe_error(error)}
            _note(chore, began_at=began_at, stripe_away_at=Now(), **away)
            return False
        except Exception as error:
            with suppress(DatabaseLayerError):
                failed = {"failed_at": Now(), "last_error": describe_error(error)}
                _note(chore, began_at=began_at, **failed)
            raise
        _note(chore, began_at=began_at, done_at=Now(), stripe_away_at=None, last_error="")
        return True


def read_late(chores: Iterable[Chore]) -> list[ChoreOutcome]:
    """Those of the chores that ended well last long before they were due again, or never did."""
    outcomes = {outcome.name: outcome for outcome in ChoreOutcome.objects.all()}
    now = timezone.now()
    return [
        outcomes[chore.name]
        for chore in chores
        if chore.name in outcomes and _is_late(chore, outcomes[chore.name], now)
    ]


def read_last_begun() -> datetime | None:
    """When any chore was last begun; None when none ever was."""
    last: datetime | None = ChoreOutcome.objects.aggregate(last=Max("began_at"))["last"]
    return last


def _is_late(chore: Chore, outcome: ChoreOutcome, now: datetime) -> bool:
    may_rest = timedelta(seconds=chore.every_seconds) + _LATE_AFTER
    return outcome.done_at is None or now - outcome.done_at > may_rest


def _is_due(chore: Chore) -> bool:
    """By the database's clock, which all processes share."""
    keeps_off = Q(name=chore.name, began_at__gt=Now() - chore.rest)
    if chore.asks_stripe:
        keeps_off |= Q(stripe_away_at__gt=Now() - _STRIPE_PAUSE)
    return not ChoreOutcome.objects.filter(keeps_off).exists()


def _note(chore: Chore, **columns: Any) -> None:  # noqa: ANN401 - each column's own type
    ChoreOutcome.objects.bulk_create(
        [ChoreOutcome(name=chore.name, **columns)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=list(columns),
    )


@contextmanager
def _alone(chore: Chore) -> Iterator[datetime | None]:
    """The moment, by the database's clock, for one session at a time; None for all others.

    The lock is against the same chore in another thread or process, and ends with the session.
    """
    key = (_LOCKS, chore.name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s)), statement_timestamp()", key)
        is_ours, now = cursor.fetchone()
    session = connection.connection
    try:
        yield now if is_ours else None
    finally:
        if is_ours and connection.connection is session:
            with suppress(DatabaseLayerError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)
