"""The sweep: finds by itself what no message told us of. Asks Stripe, outside any transaction."""

import logging
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from payments.booking import book_facts
from payments.errors import TillError
from payments.fees import book_due_fees
from payments.inbox.act import act_on_everything_due
from payments.inbox.keep import keep
from payments.inbox.strip import strip_old_events
from payments.inbox.waiting import count_waiting, waiting, wake
from payments.models import CardDispute, CardDonation, ChoreRun, WebhookEvent
from payments.retrying import describe_error
from payments.stripe_gateway.checkouts import read_checkout
from payments.stripe_gateway.facts import Fact, NotAFact
from payments.stripe_gateway.history import (
    read_disputes,
    read_events,
    read_payment,
    read_refunds,
    read_undelivered_events,
)

logger = logging.getLogger(__name__)

Outcome = WebhookEvent.Outcome
Road = WebhookEvent.Road

STRIPE_KEEPS_EVENTS: Final = timedelta(days=30)
"""Source: docs.stripe.com/api/events/list."""

_IN_DELIVERY: Final = timedelta(seconds=20)  # younger events are on their way by themselves
_STRAY_AFTER: Final = timedelta(seconds=20)
_OVERDUE_AFTER: Final = timedelta(minutes=10)
_LATE_AFTER: Final = timedelta(days=4)
_QUIET_DISPUTE_AFTER: Final = timedelta(days=1)
_MOST_QUESTIONS: Final = 50
_CHORE: Final = "sweep"
_LOOK: Final = "events"
_LOOK_OVERLAP: Final = timedelta(minutes=2)
_SHORTEST_SLICE: Final = timedelta(hours=1)
_FEW_IN_A_SLICE: Final = 1000
_LONGEST_LOOK_SECONDS: Final = 20.0
_OVERLAP: Final = timedelta(hours=2)
_LOCK: Final = 0x57484950  # of this sweep among the advisory locks


class Swept(NamedTuple):
    """What a sweep did; ``waiting`` is what it had to leave."""

    found: int
    processed: int
    settled: int
    fees: int
    waiting: int


def sweep(*, within: timedelta) -> Swept | None:
    """Look for what is missing, and book it. None when another process is sweeping just now.

    Keeps events that Stripe could not deliver, acts on what is due, asks Stripe for the payments
    and refunds that events wait for, for Checkouts that ended without a word and for what is long
    in coming, learns the fees that are due, and empties the personal fields of old events.

    Args:
        within: How far back undelivered events are looked for.

    Raises:
        StripeUnavailableError: Stripe does not answer. What was booked until then stands.
    """
    with _one_sweeper() as is_ours:
        if not is_ours:
            return None
        processed = act_on_everything_due().processed
        found = _keep_undelivered(within) + _keep_all_since_last()
        processed += act_on_everything_due().processed
        settled = _ask_for_strays() + _ask_for_overdue_checkouts()
        settled += _ask_for_late_payments() + _ask_for_open_disputes()
        processed += act_on_everything_due().processed
        fees = book_due_fees()
        strip_old_events()
        return Swept(found, processed, settled, fees, count_waiting())


def sweep_regularly() -> Swept | None:
    """Sweep back to the last sweep that was finished, and a little further; at most a month.

    However long we were away, and whichever process swept last.

    Raises:
        StripeUnavailableError: As ``sweep``; the next one looks back as far.
    """
    began_at = timezone.now()
    last = ChoreRun.objects.filter(name=_CHORE).values_list("finished_at", flat=True).first()
    within = STRIPE_KEEPS_EVENTS if last is None else began_at - last + _OVERLAP
    swept = sweep(within=min(within, STRIPE_KEEPS_EVENTS))
    if swept is not None:
        ChoreRun.objects.update_or_create(name=_CHORE, defaults={"finished_at": began_at})
    return swept


def _keep_undelivered(within: timedelta) -> int:
    return sum(
        keep(event, road=Road.SWEEP)
        for event in read_undelivered_events(within=within, settle=_IN_DELIVERY)
    )


def _keep_all_since_last() -> int:
    """Every event since the last look, and a little before it, whether delivered or not.

    In slices, oldest first, each remembered: when we were away for long, or are ended in the
    middle, the next sweep goes on from there. Slices grow while little is in them.
    """
    found, give_up_at = 0, time.monotonic() + _LONGEST_LOOK_SECONDS
    now = timezone.now() - _IN_DELIVERY
    last = ChoreRun.objects.filter(name=_LOOK).values_list("finished_at", flat=True).first()
    since = max(last or _newest_event(), now - STRIPE_KEEPS_EVENTS)
    length = _SHORTEST_SLICE
    while since < now:
        until, listed = min(since + length, now), 0
        for event in read_events(since=since - _LOOK_OVERLAP, until=until):
            listed += 1
            found += keep(event, road=Road.SWEEP)
        ChoreRun.objects.update_or_create(name=_LOOK, defaults={"finished_at": until})
        if time.monotonic() > give_up_at:
            break
        since = until
        length = length * 2 if listed < _FEW_IN_A_SLICE else _SHORTEST_SLICE
    return found


def _newest_event() -> datetime:
    """When the newest event that we know was made; all that Stripe keeps when there is none."""
    newest = WebhookEvent.objects.order_by("-pk").values_list("created_at", flat=True).first()
    return newest or timezone.now() - STRIPE_KEEPS_EVENTS


def _ask_for_strays() -> int:
    """Payments that events have waited for: book them, or learn that they are not ours.

    A refund's or dispute's message does not say whose payment it is, and a refunded charge's not
    by which refunds.
    """
    strays = list(
        waiting()
        .filter(attempts__gt=0, received_at__lt=timezone.now() - _STRAY_AFTER)
        .exclude(payment_intent_id="")
        .order_by("received_at")
        .values_list("payment_intent_id", "type")[:_MOST_QUESTIONS]
    )
    settled = 0
    for payment_intent_id in {one for one, _ in strays}:
        types = {type_ for one, type_ in strays if one == payment_intent_id}
        if CardDonation.objects.filter(payment_intent_id=payment_intent_id).exists():
            settled += _ask_what_went_back(payment_intent_id, types)
            continue
        told = read_payment(payment_intent_id)
        if told is NotAFact.NOT_OURS:
            settled += _settle(payment_intent_id, Outcome.NOT_OURS)
            continue
        booked = _book([told])
        settled += booked.facts
        if booked.for_a_person:
            _put_aside(payment_intent_id, booked.for_a_person)
        elif booked.facts:
            settled += _ask_what_went_back(payment_intent_id, types)
    return settled


def _ask_what_went_back(payment_intent_id: str, types: Collection[str]) -> int:
    """Book what Stripe knows to have gone back of a payment, when events about that wait.

    A refunded charge tells a sum that may hold what has not gone yet: Stripe's own list of the
    refunds, booked whole, answers it.
    """
    settled = 0
    if "charge.refunded" in types:
        booked = _book(read_refunds(payment_intent_id))
        settled += booked.facts
        if booked.for_a_person:
            _put_aside(payment_intent_id, booked.for_a_person)
        else:
            settled += _settle(payment_intent_id, Outcome.KNOWN, type="charge.refunded")
    if any(type_.startswith("charge.dispute.") for type_ in types):
        settled += _book(read_disputes(payment_intent_id)).facts
        wake([payment_intent_id])
    return settled


def _settle(payment_intent_id: str, outcome: WebhookEvent.Outcome, **which: str) -> int:
    """Be done with what waits for a payment."""
    return (
        waiting()
        .filter(payment_intent_id=payment_intent_id, **which)
        .update(processed_at=Now(), outcome=outcome, last_error="")
    )


def _put_aside(payment_intent_id: str, why: TillError) -> None:
    """Leave what waits for a payment to a person, as the payment itself."""
    waiting().filter(payment_intent_id=payment_intent_id).update(
        put_aside_at=Now(), last_error=describe_error(why)
    )


def _ask_for_overdue_checkouts() -> int:
    """Checkouts whose time is over and of which we heard nothing: paid, delayed or expired."""
    overdue = (
        CardDonation.objects.filter(
            checkout_expires_at__lt=timezone.now() - _OVERDUE_AFTER,
            checkout_session_id__isnull=False,
            checkout_ended_at__isnull=True,
            received_entry__isnull=True,
            processing_at__isnull=True,
        )
        .order_by("checkout_expires_at")
        .values_list("checkout_session_id", flat=True)[:_MOST_QUESTIONS]
    )
    return sum(_book([read_checkout(session_id)]).facts for session_id in overdue if session_id)


def _ask_for_late_payments() -> int:
    """Payments that were to come days later, and of which nothing was heard for four more days.

    What Stripe still waits for is asked for again as many days later.
    """
    late = (
        CardDonation.objects.filter(
            processing_at__lt=timezone.now() - _LATE_AFTER,
            received_entry__isnull=True,
            checkout_session_id__isnull=False,
        )
        .order_by("processing_at")
        .values_list("checkout_session_id", flat=True)[:_MOST_QUESTIONS]
    )
    return sum(_book([read_checkout(session_id)]).facts for session_id in late if session_id)


def _ask_for_open_disputes() -> int:
    """Disputes that were open a day ago: a bank may have decided without our hearing of it."""
    quiet = (
        CardDispute.objects.filter(
            closed_at__isnull=True, told_at__lt=timezone.now() - _QUIET_DISPUTE_AFTER
        )
        .order_by("told_at")
        .values_list("donation__payment_intent_id", flat=True)[:_MOST_QUESTIONS]
    )
    return sum(_book(read_disputes(payment)).facts for payment in set(quiet) if payment)


class _Settled(NamedTuple):
    """How many facts were booked or known, and why one of the others is for a person."""

    facts: int
    for_a_person: TillError | None


def _book(told: Iterable[Fact | NotAFact]) -> _Settled:
    facts = [fact for fact in told if not isinstance(fact, NotAFact)]
    if not facts:
        return _Settled(0, None)
    booked = book_facts(facts)
    refused = [result for result in booked.results if isinstance(result, TillError)]
    for result in refused:
        logger.warning("the sweep could not book: %s", result)
    wake(booked.wakes)
    for_a_person = [error for error in refused if error.most_attempts is not None]
    return _Settled(len(facts) - len(refused), for_a_person[0] if for_a_person else None)


@contextmanager
def _one_sweeper() -> Iterator[bool]:
    """True for one process at a time: the others need not ask Stripe the same."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (is_ours,) = cursor.fetchone()
    try:
        yield bool(is_ours)
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
