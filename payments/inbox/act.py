"""Acting: claim what is due, book it, and mark it, in one transaction.

Defences, each enough by itself: an event is claimed under a row lock and marked; and what it
tells is booked under a key of its own, however often it is told.
"""

import json
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from payments.booking import book_facts
from payments.errors import TillError
from payments.inbox.waiting import waiting, wake
from payments.models import WebhookEvent
from payments.retrying import delay_seconds, describe_error
from payments.stripe_gateway.facts import Fact, NotAFact
from payments.stripe_gateway.reading import read_event

Outcome = WebhookEvent.Outcome

BATCH_SIZE: Final = 50

# The database's own trouble says nothing about an event: nothing is marked, all is tried again.
_TRANSIENT: Final = (OperationalError, InterfaceError)

_NO_FACT: Final = {NotAFact.NOT_OURS: Outcome.NOT_OURS, NotAFact.NOTHING: Outcome.NOTED}


class Acted(NamedTuple):
    """How many events were claimed, and how many of them are done with."""

    claimed: int
    processed: int


class _Claimed(NamedTuple):
    pk: int
    body: str
    attempts: int


class _Judged(NamedTuple):
    """What came of some events, in their order, and the payments that are booked now."""

    results: list[WebhookEvent.Outcome | Exception]
    wakes: set[str]


def act_on_due(limit: int = BATCH_SIZE) -> Acted:
    """Act on events that are due, oldest first, in one transaction.

    Other workers' events are passed over. An event that fails waits, alone, with its error.

    Raises:
        OperationalError, InterfaceError: The database's trouble. Nothing is marked.
    """
    with transaction.atomic():
        events = [
            _Claimed(*row)
            for row in waiting()
            .filter(next_attempt_at__lte=Now())
            .order_by("next_attempt_at", "pk")
            .select_for_update(skip_locked=True)
            .values_list("pk", "body", "attempts")[:limit]
        ]
        if not events:
            return Acted(0, 0)
        judged = _judge(events)
        processed = _mark(events, judged.results)
    wake(judged.wakes)
    return Acted(len(events), processed)


def act_on_everything_due(*, until: Callable[[], bool] = lambda: False) -> Acted:
    """Batch after batch, until nothing is due or ``until`` says so."""
    claimed = processed = 0
    while not until():
        acted = act_on_due()
        claimed, processed = claimed + acted.claimed, processed + acted.processed
        if acted.claimed == 0:
            break
    return Acted(claimed, processed)


def _judge(events: Sequence[_Claimed]) -> _Judged:
    """Book what the events tell, together; when that fails, by halves, down to the one at fault."""
    try:
        with transaction.atomic():
            return _book(events)
    except _TRANSIENT:
        raise
    except Exception as error:  # noqa: BLE001 - a bug must cost one event's delay, never a lost event
        if len(events) == 1:
            return _Judged([error], set())
    half = len(events) // 2
    first, second = _judge(events[:half]), _judge(events[half:])
    return _Judged(first.results + second.results, first.wakes | second.wakes)


def _book(events: Sequence[_Claimed]) -> _Judged:
    results: dict[int, WebhookEvent.Outcome | Exception] = {}
    facts: dict[int, Fact] = {}
    for event in events:
        try:
            told = read_event(json.loads(event.body))
        except Exception as error:  # noqa: BLE001 - a shape that we cannot read: this event waits
            results[event.pk] = error
            continue
        if isinstance(told, NotAFact):
            results[event.pk] = _NO_FACT[told]
        else:
            facts[event.pk] = told
    wakes: set[str] = set()
    if facts:
        booked = book_facts(list(facts.values()))
        results |= dict(zip(facts, booked.results, strict=True))
        wakes = booked.wakes
        connection.check_constraints()  # what would fail at commit must fail here, and alone
    return _Judged([results[event.pk] for event in events], wakes)


_MARK_PROCESSED: Final = """
UPDATE payments_webhookevent e
   SET processed_at = now(), outcome = done.outcome, attempts = attempts + 1, last_error = ''
  FROM unnest(%s::bigint[], %s::text[]) AS done (id, outcome)
 WHERE e.id = done.id
"""

_MARK_WAITING: Final = """
UPDATE payments_webhookevent e
   SET attempts = attempts + 1, last_error = failed.error,
       next_attempt_at = statement_timestamp() + failed.delay_seconds * interval '1 second',
       put_aside_at = CASE WHEN failed.is_for_a_person THEN now() END
  FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::boolean[])
    AS failed (id, error, delay_seconds, is_for_a_person)
 WHERE e.id = failed.id
"""


def _mark(events: Sequence[_Claimed], results: Sequence[WebhookEvent.Outcome | Exception]) -> int:
    done: list[tuple[int, str]] = []
    failed: list[tuple[int, str, float, bool]] = []
    for event, result in zip(events, results, strict=True):
        if isinstance(result, Exception):
            tried = event.attempts + 1
            failed.append(
                (
                    event.pk,
                    describe_error(result),
                    delay_seconds(event.attempts),
                    is_for_a_person(result, attempts=tried),
                )
            )
        else:
            done.append((event.pk, result.value))
    with connection.cursor() as cursor:
        if done:
            cursor.execute(_MARK_PROCESSED, [list(column) for column in zip(*done, strict=True)])
        if failed:
            cursor.execute(_MARK_WAITING, [list(column) for column in zip(*failed, strict=True)])
    return len(done)


def is_for_a_person(error: Exception, *, attempts: int) -> bool:
    """Whether it is of no use to try again by ourselves, after so many attempts."""
    most = error.most_attempts if isinstance(error, TillError) else None
    return most is not None and attempts >= most
