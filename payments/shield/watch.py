"""Watching: sees an attack in the figures, turns the check on, and off once all is calm."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from payments.models import Attack, ChoreRun
from payments.shield.counting import EVERYBODY, Counted, Kind, Whose, digest_of, read_counts
from payments.shield.limits import (
    CALM_AFTER,
    DECLINED,
    DIFFICULTIES,
    FLOOD,
    HARDER_AFTER,
    LOOK_EVERY,
    REFUSED,
    TIME_TO_PAY,
    UNPAID,
    WATCHED,
)
from payments.shield.switch import WATCH

Reason = Attack.Reason

_HARDEST: Final = len(DIFFICULTIES)


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in the last ten minutes, on one appeal or on all of them.

    Attributes:
        declined: Cards.
        paid: Checkouts.
        opened: Checkouts, and ``opened_paid`` of those by now.
        due: Checkouts opened in the ten minutes before, and ``due_paid`` of those by now.
        refused: Forms; only known of all appeals together.
    """

    declined: int = 0
    paid: int = 0
    opened: int = 0
    opened_paid: int = 0
    due: int = 0
    due_paid: int = 0
    refused: int = 0

    def alarm(self, *, is_on: bool = False) -> Attack.Reason | None:
        """What these figures say of an attack, or None; once one ``is_on``, less says so."""
        tried = (
            (Reason.DECLINES, DECLINED, self.declined, self.declined + self.paid),
            (Reason.UNPAID, UNPAID, self.due - self.due_paid, self.due),
            (Reason.UNPAID, FLOOD, self.opened - self.opened_paid, self.opened),
            (Reason.LIMITS, REFUSED, self.refused, self.refused),
        )
        for reason, alarm, bad, of in tried:
            if (alarm.stay if is_on else alarm.on).is_passed(bad=bad, of=of):
                return reason
        return None


class _Totals(NamedTuple):
    opened: int
    declined: int
    challenged: int
    refused: int


def watch() -> bool:
    """Look at the figures if nobody has done so lately; answers whether it looked."""
    now = timezone.now()
    if not ChoreRun.objects.filter(name=WATCH).exists():
        ChoreRun.objects.bulk_create(
            [ChoreRun(name=WATCH, finished_at=now - 2 * LOOK_EVERY)], ignore_conflicts=True
        )
    # One process at a time, by a conditional update: the others need not look at the same.
    is_ours = ChoreRun.objects.filter(name=WATCH, finished_at__lte=now - LOOK_EVERY).update(
        finished_at=now
    )
    if is_ours:
        _look(now)
    return bool(is_ours)


@transaction.atomic
def _look(now: datetime) -> None:
    figures = read_figures(now)
    attack = Attack.objects.select_for_update().filter(ended_at__isnull=True).first()
    if attack is None:
        reason = next(filter(None, (one.alarm() for one in figures)), None)
        if reason is not None:
            _begin(reason, now)
        return
    if any(one.alarm() for one in figures):
        attack.last_seen_at = now
        if attack.level < _HARDEST and now - attack.level_at >= HARDER_AFTER:
            attack.level += 1
            attack.level_at = now
    elif any(one.alarm(is_on=True) for one in figures):
        attack.last_seen_at = now
    elif now - attack.last_seen_at >= CALM_AFTER:
        attack.ended_at = now
    totals = _read_totals(since=attack.began_at - WATCHED)
    for name, total in totals._asdict().items():
        # Of an attack that goes on for days, what was counted first is forgotten by now.
        setattr(attack, name, max(total, getattr(attack, name)))
    attack.save()


def _begin(reason: Attack.Reason, now: datetime) -> None:
    totals = _read_totals(since=now - WATCHED)
    attack = Attack(reason=reason, began_at=now, last_seen_at=now, level_at=now, **totals._asdict())
    # Against another process that saw the same: one attack stands at a time.
    Attack.objects.bulk_create([attack], ignore_conflicts=True)


_CHECKOUTS: Final = """
SELECT d.appeal_id,
       count(*) FILTER (WHERE o.opened_at > %(since)s),
       count(d.received_entry_id) FILTER (WHERE o.opened_at > %(since)s),
       count(*) FILTER (WHERE o.opened_at BETWEEN %(due_since)s AND %(due_until)s),
       count(d.received_entry_id) FILTER (
           WHERE o.opened_at BETWEEN %(due_since)s AND %(due_until)s),
       count(*) FILTER (WHERE e.posted_at > %(since)s)
  FROM payments_checkoutorigin o
  JOIN payments_carddonation d ON d.id = o.donation_id
  LEFT JOIN funds_journalentry e ON e.id = d.received_entry_id
 WHERE o.opened_at > %(oldest)s
 GROUP BY GROUPING SETS ((d.appeal_id), ())
"""


def read_figures(now: datetime) -> list[Figures]:
    """The figures of all appeals together, and of each on which Checkouts were opened lately."""
    due_until = now - TIME_TO_PAY
    moments = {
        "since": now - WATCHED,
        "due_until": due_until,
        "due_since": due_until - WATCHED,
        "oldest": now - timedelta(hours=2) - WATCHED,  # a Checkout lives for two hours
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHECKOUTS, moments)
        rows = cursor.fetchall()
    keys = {
        appeal: EVERYBODY if appeal is None else digest_of(Whose.APPEAL, appeal)
        for appeal, *_ in rows
    }
    counts = read_counts(
        [Counted(Kind.DECLINED, key) for key in keys.values()] + [Counted(Kind.REFUSED, EVERYBODY)],
        within=WATCHED,
    )
    return [
        Figures(
            declined=counts.get(Counted(Kind.DECLINED, keys[appeal]), 0),
            paid=paid,
            opened=opened,
            opened_paid=opened_paid,
            due=due,
            due_paid=due_paid,
            refused=counts.get(Counted(Kind.REFUSED, keys[appeal]), 0),
        )
        for appeal, opened, opened_paid, due, due_paid, paid in rows
    ]


def _read_totals(*, since: datetime) -> _Totals:
    kinds = (Kind.OPENED, Kind.DECLINED, Kind.CHALLENGED, Kind.REFUSED)
    counts = read_counts(
        [Counted(kind, EVERYBODY) for kind in kinds], within=timezone.now() - since
    )
    return _Totals(*(counts.get(Counted(kind, EVERYBODY), 0) for kind in kinds))
