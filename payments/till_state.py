"""How the till is, for those who look after it: what waits, what failed, what was put aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Now

from payments import inbox, letters
from payments.alarms.look import last_sweep_at, last_webhook_at
from payments.models import Alarm, Attack, CardPause, Letter, WebhookEvent
from payments.shield.switch import standing_pauses

MOST_GROUPS: Final = 50
MOST_LETTERS: Final = 50
MOST_PAST_ALARMS: Final = 10


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Events of one type that wait for the same reason. ``example`` is Stripe's id of the oldest.

    ``oldest_at`` is when Stripe made it.
    """

    type: str
    error: str
    count: int
    oldest_at: datetime
    example_id: int
    example: str
    is_put_aside: bool


@dataclass(frozen=True, slots=True)
class TillState:
    """What an operator sees at a glance. Moments are aware; no personal data."""

    alarms: tuple[Alarm, ...]
    attack: Attack | None
    pauses: tuple[CardPause, ...]
    past_alarms: tuple[Alarm, ...]
    waiting: int
    failing: tuple[EventGroup, ...]
    put_aside: tuple[EventGroup, ...]
    letters_waiting: int
    letters_put_aside: tuple[Letter, ...]
    last_webhook_at: datetime | None
    last_sweep_at: datetime | None

    @property
    def is_well(self) -> bool:
        """Nothing needs a person."""
        is_at_peace = self.attack is None and not self.pauses
        waits = self.alarms or self.failing or self.put_aside or self.letters_put_aside
        return is_at_peace and not waits


def read_till_state() -> TillState:
    """The state of now, in a handful of queries however much waits."""
    unbooked = WebhookEvent.objects.filter(processed_at__isnull=True)
    return TillState(
        alarms=tuple(Alarm.objects.filter(ended_at__isnull=True)),
        attack=Attack.objects.filter(ended_at__isnull=True).first(),
        pauses=tuple(standing_pauses()),
        past_alarms=tuple(Alarm.objects.filter(ended_at__isnull=False)[:MOST_PAST_ALARMS]),
        waiting=inbox.count_waiting(),
        failing=_groups(unbooked.filter(put_aside_at__isnull=True).exclude(last_error="")),
        put_aside=_groups(unbooked.filter(put_aside_at__isnull=False)),
        letters_waiting=letters.count_waiting(),
        letters_put_aside=tuple(
            Letter.objects.filter(put_aside_at__isnull=False, ended_at__isnull=True).order_by("pk")[
                :MOST_LETTERS
            ]
        ),
        last_webhook_at=last_webhook_at(),
        last_sweep_at=last_sweep_at(),
    )


def _groups(events: QuerySet[WebhookEvent]) -> tuple[EventGroup, ...]:
    rows = (
        events.values("type", "last_error")
        .annotate(
            count=Count("pk"),
            oldest_at=Min("created_at"),
            example_id=Min("pk"),
            example=Min("stripe_id"),
            aside=Count("pk", filter=Q(put_aside_at__lte=Now())),
        )
        .order_by("oldest_at")[:MOST_GROUPS]
    )
    return tuple(
        EventGroup(
            type=row["type"],
            error=row["last_error"],
            count=row["count"],
            oldest_at=row["oldest_at"],
            example_id=row["example_id"],
            example=row["example"],
            is_put_aside=row["aside"] > 0,
        )
        for row in rows
    )
