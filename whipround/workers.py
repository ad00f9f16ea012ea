"""Who does the till's work where there is Redis: does it answer, and does any worker?"""

from typing import Final

from django.conf import settings

_TIMEOUT_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 1.0


def read_redis_trouble() -> str:
    """Why Redis cannot be used just now; empty when it answers."""
    # Imported late: not loaded where there is none.
    import redis  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        socket_timeout=_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
    except redis.RedisError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        client.close()
    return ""


def count_workers() -> int:
    """How many of Celery's workers answer within a second. Redis must answer."""
    from whipround.celery import app  # noqa: PLC0415 - not loaded where there is no Redis

    return len(app.control.ping(timeout=_ANSWER_SECONDS) or [])
