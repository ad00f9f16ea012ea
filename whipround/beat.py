"""Celery's beat as we run it: it keeps the time, and nothing else."""

import logging
from typing import Final

from celery.beat import ScheduleEntry, Scheduler
from kombu import Producer

from payments.chores import CHORES
from payments.tasks import ACT_ON_INBOX, CHORES_QUEUE, INBOX_QUEUE, count_waiting

logger = logging.getLogger(__name__)

_MOST_WAITING: Final = {INBOX_QUEUE: 1, CHORES_QUEUE: 4 * len(CHORES)}


class BoundedScheduler(Scheduler):
    """Sends what is due, and nothing more while enough of it waits.

    So a worker that comes back after a night does not find the night's ticks. Nothing is kept in
    a file: which chore is due stands in the database.
    """

    is_outage = False

    def apply_entry(self, entry: ScheduleEntry, producer: Producer | None = None) -> None:
        """Send one entry's task, or let this tick go."""
        queue = INBOX_QUEUE if entry.task == ACT_ON_INBOX else CHORES_QUEUE
        producer = producer or self.producer
        try:
            if count_waiting(producer.channel, queue) < _MOST_WAITING[queue]:
                self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:  # noqa: BLE001 - whatever ails the broker, the clock goes on
            if not self.is_outage:
                logger.warning("the broker is away, chores wait: %s", error)
            self.is_outage = True
        else:
            if self.is_outage:
                logger.info("the broker is back")
            self.is_outage = False
