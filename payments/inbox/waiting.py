"""What waits in the inbox, and what a person may do about it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from funds.models import User
from payments.inbox.doorbell import DOORBELL
from payments.models import WebhookEvent

STUCK_AFTER: Final = timedelta(minutes=5)


def waiting() -> QuerySet[WebhookEvent]:
    """Events that are to be acted upon, now or later; not those put aside for a person."""
    return WebhookEvent.objects.filter(processed_at__isnull=True, put_aside_at__isnull=True)


def count_waiting() -> int:
    """How many events wait."""
    return waiting().count()


def is_stuck() -> bool:
    """True when an event has waited for more than five minutes."""
    return waiting().filter(received_at__lt=timezone.now() - STUCK_AFTER).exists()


def try_again(event_ids: Collection[int]) -> int:
    """Make waiting events due at once, those put aside too; answers how many."""
    changed = WebhookEvent.objects.filter(pk__in=event_ids, processed_at__isnull=True).update(
        next_attempt_at=Now(), put_aside_at=None
    )
    DOORBELL.set()
    return changed


def put_aside(event_ids: Collection[int]) -> int:
    """Stop trying waiting events: a person has looked at them. Answers how many."""
    return waiting().filter(pk__in=event_ids).update(put_aside_at=Now())


def try_again_alike(*, event_type: str, last_error: str) -> int:
    """Make due all that failed, or were put aside, alike; answers how many."""
    return try_again(list(_alike(event_type, last_error).values_list("pk", flat=True)))


def close_alike_by_hand(*, event_type: str, last_error: str, closed_by: User, note: str) -> int:
    """A person has seen to what these put-aside events tell, in another way: they wait no more.

    Answers how many were closed. They stay to be looked at, with who closed them and the note.

    Raises:
        ValueError: No note says what was done.
    """
    if not note.strip():
        raise ValueError("say what was done instead")
    return (
        _alike(event_type, last_error)
        .filter(put_aside_at__isnull=False)
        .update(
            processed_at=Now(),
            outcome=WebhookEvent.Outcome.BY_HAND,
            closed_by=closed_by,
            closing_note=note.strip()[:200],
        )
    )


def _alike(event_type: str, last_error: str) -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.filter(
        processed_at__isnull=True, type=event_type, last_error=last_error
    )


def wake(payment_intent_ids: Collection[str]) -> None:
    """Make due what waited for these payments to be booked.

    To be called after the booking has committed: an event that another worker looks at just now
    is waited for, and then found due.
    """
    if payment_intent_ids:
        woken = (
            waiting()
            .filter(payment_intent_id__in=payment_intent_ids, attempts__gt=0)
            .update(next_attempt_at=Now())
        )
        if woken:
            DOORBELL.set()
