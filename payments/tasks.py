"""What Celery's workers are asked to do. Entry points: no rule lives here.

Each takes an id, or nothing, calls one function and owns only its retry. Any may be done twice,
or by two workers at a time: they are the functions that threads inside ``serve`` run.
"""

import time
from typing import Any, Final

from celery import shared_task
from django.db import InterfaceError, OperationalError, close_old_connections

from payments.chores import CHORES
from payments.inbox.turns import TURNS
from payments.timekeeping import do_chore

ACT_ON_INBOX: Final = "payments.act_on_inbox"
DO_CHORE: Final = "payments.do_chore"
INBOX_QUEUE: Final = "inbox"
CHORES_QUEUE: Final = "chores"

_LONGEST_TURN_SECONDS: Final = 5.0
"""Under a load that does not end, so that a worker that is told to stop can. The bell rings on."""

_TRANSIENT: Final = (OperationalError, InterfaceError)


@shared_task(
    name=ACT_ON_INBOX,
    autoretry_for=_TRANSIENT,
    default_retry_delay=1,
    max_retries=5,
)
def act_on_inbox() -> None:
    """Book what the inbox holds. An event that fails waits in the database, not here."""
    close_old_connections()
    ends_at = time.monotonic() + _LONGEST_TURN_SECONDS
    TURNS.act(until=lambda: time.monotonic() >= ends_at)


@shared_task(
    name=DO_CHORE,
    autoretry_for=_TRANSIENT,
    default_retry_delay=5,
    max_retries=3,
)
def do_chore_named(name: str) -> None:
    """Do one of ``CHORES``, unless another worker does it, or just did."""
    close_old_connections()
    do_chore(next(chore for chore in CHORES if chore.name == name))


def ring_at_workers() -> None:
    """Ask a worker to look at the inbox, unless one is asked and has not begun: it will see all.

    Raises:
        kombu.exceptions.OperationalError, redis.RedisError: The broker does not answer.
    """
    with act_on_inbox.app.producer_or_acquire() as producer:
        if count_waiting(producer.channel, INBOX_QUEUE) == 0:
            act_on_inbox.apply_async(producer=producer)


def count_waiting(channel: Any, queue: str) -> int:  # noqa: ANN401 - kombu names no type for it
    """How many messages of a queue no worker has taken yet."""
    return int(channel.queue_declare(queue=queue).message_count)
