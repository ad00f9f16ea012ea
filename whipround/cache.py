"""Django's cache: in Redis where there is one, so that all web processes share it."""

from typing import Any, Final

_TIMEOUT_SECONDS: Final = 0.25
"""A visitor waits for it: what the cache holds can be done without."""


def read_cache(redis_url: str) -> dict[str, Any]:
    """Django's setting for the cache; without Redis each process has one of its own.

    A Redis that does not answer is a cache that holds nothing: it never fails a page.
    """
    if not redis_url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    # Imported late: without Redis its client need not be loaded.
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.exceptions import ConnectionError as RedisConnectionError  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "whipround",
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": _TIMEOUT_SECONDS,
            "SOCKET_TIMEOUT": _TIMEOUT_SECONDS,
            # Once more, at once: a kept connection may be to a Redis that was restarted since.
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 1, (RedisConnectionError,))},
        },
    }
