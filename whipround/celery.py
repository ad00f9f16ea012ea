"""Celery: workers and beat over Redis, for a site that has outgrown one process.

``celery -A whipround worker`` and ``celery -A whipround beat``; docs/deploy.md says how. The
broker is a doorbell: what is to be done stands in PostgreSQL, and a worker looks there by itself
too. Redis may be lost with all that is in it.
"""

import os
import ssl
from typing import Any, Final

import django
from celery import Celery, bootsteps
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whipround.settings")

if not apps.models_ready:  # loaded by Celery's own command
    django.setup()

from payments.chores import CHORES
from payments.tasks import ACT_ON_INBOX, CHORES_QUEUE, DO_CHORE, INBOX_QUEUE
from payments.worker import InboxWorker

BROKER_TIMEOUT_SECONDS: Final = 1.0
_REDELIVERED_AFTER_SECONDS: Final = 300
_EXPIRES_SECONDS: Final = 60.0  # also above what the clocks of two machines may differ by
_ACTING_THREADS: Final = 2
_LOOK_EVERY_SECONDS: Final = 1.0

if not settings.REDIS_URL:
    raise ImproperlyConfigured(
        "REDIS_URL is not set: Celery needs a broker. Without Redis, manage.py serve does its work"
    )

app = Celery("whipround")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_transport="whipround.broker:Transport",
    broker_use_ssl=(
        {"ssl_cert_reqs": ssl.CERT_REQUIRED} if settings.REDIS_URL.startswith("rediss:") else False
    ),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=BROKER_TIMEOUT_SECONDS,
    broker_transport_options={
        "global_keyprefix": "whipround:",
        "max_retries": 0,  # of a connection that is wanted to send; a worker's own goes on trying
        "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
        "socket_timeout": BROKER_TIMEOUT_SECONDS,
        "visibility_timeout": _REDELIVERED_AFTER_SECONDS,
    },
    # Messages are rings: JSON, no answer, no second attempt at sending one.
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_publish_retry=False,
    enable_utc=True,
    timezone="UTC",
    task_queues=[
        Queue(name, Exchange(name), routing_key=name) for name in (INBOX_QUEUE, CHORES_QUEUE)
    ],
    task_default_queue=CHORES_QUEUE,
    task_routes={ACT_ON_INBOX: {"queue": INBOX_QUEUE}},
    # Whatever a worker that died had in hand may be done again: every task may be done twice.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # Threads, since most of the work is waiting: for Stripe, for mail, for the database. Each
    # chore is done by one at a time, so there is always one left for the inbox.
    worker_pool="threads",
    worker_concurrency=len(CHORES) + _ACTING_THREADS,
    # Django's log settings stand.
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    # Each thread keeps its connection to the database; our tasks mend it, as a page does.
    CELERY_DB_REUSE_MAX=2**62,
    # What is due stands in the database, so beat need keep nothing in a file.
    beat_scheduler="whipround.beat:BoundedScheduler",
    beat_schedule={
        chore.name: {
            "task": DO_CHORE,
            "args": (chore.name,),
            "schedule": chore.tick_seconds,
            "options": {"expires": max(_EXPIRES_SECONDS, chore.tick_seconds)},
        }
        for chore in CHORES
    }
    | {
        "inbox": {
            "task": ACT_ON_INBOX,
            "schedule": _LOOK_EVERY_SECONDS,
            "options": {"expires": _EXPIRES_SECONDS},
        }
    },
)


class LookStep(bootsteps.StartStopStep):
    """A worker's own look at the inbox, every second: also while Redis is away."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:  # noqa: ANN401 - Celery's signature
        super().__init__(parent, **options)
        self._worker = InboxWorker(does_chores=False, look_every_seconds=_LOOK_EVERY_SECONDS)

    def start(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's signature
        """Begin with the worker."""
        self._worker.start()

    def stop(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's signature
        """End with it."""
        self._worker.stop()


app.steps["worker"].add(LookStep)
