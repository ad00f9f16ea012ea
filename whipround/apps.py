"""The wiring's own app."""

from django.apps import AppConfig
from django.conf import settings


class WhiproundConfig(AppConfig):
    """Makes Celery known to every process that may send a task; without Redis there is none."""

    name = "whipround"

    def ready(self) -> None:
        """Load the Celery app, so that the tasks of ``payments`` belong to it."""
        if settings.REDIS_URL:
            from whipround import celery  # noqa: F401, PLC0415 - not loaded where it is not used
