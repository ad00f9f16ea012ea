"""Celery's beat as we run it: it keeps the time, and nothing else."""

from typing import Any, Final

from celery.beat import ScheduleEntry, Scheduler
from kombu import Producer

from payments.chores import CHORES
from payments.tasks import CHORES_QUEUE, INBOX_QUEUE, act_on_inbox, count_waiting

_MOST_WAITING: Final = {INBOX_QUEUE: 1, CHORES_QUEUE: 4 * len(CHORES)}


class BoundedScheduler(Scheduler):
    """Sends what is due, and nothing more while enough of it waits.

    So a worker that comes back after a night does not find the night's ticks. Nothing is kept in
    a file: which chore is due stands in the database.
    """

    def apply_async(
        self,
        entry: ScheduleEntry,
        producer: Producer | None = None,
        advance: bool = True,  # noqa: FBT001, FBT002 - Celery's signature
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Send one entry's task, or let this tick go."""
        queue = INBOX_QUEUE if entry.task == act_on_inbox.name else CHORES_QUEUE
        producer = producer or self.producer
        if count_waiting(producer.channel, queue) >= _MOST_WAITING[queue]:
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
