"""Django's cache: in Redis where there is one, so that all web processes share it."""

import logging
import threading
import time
from contextlib import suppress
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 0.25
"""A visitor waits for it: what the cache holds can be done without."""

_AWAY_SECONDS: Final = 2.0


def read_cache(redis_url: str) -> dict[str, Any]:
    """Django's setting for the cache; without Redis each process has one of its own."""
    if not redis_url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {
        "BACKEND": "whipround.cache.SharedCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "whipround",
    }


class _Outage:
    """Since Redis did not answer: for some seconds no thread of this process waits for it again."""

    def __init__(self) -> None:
        self._ends_at = 0.0
        self._is_told = False
        self._lock = threading.Lock()  # against a thread that meets it at the same moment

    def is_now(self) -> bool:
        return time.monotonic() < self._ends_at

    def begin(self, error: Exception) -> None:
        with self._lock:
            self._ends_at = time.monotonic() + _AWAY_SECONDS
            is_news, self._is_told = not self._is_told, True
        if is_news:
            logger.warning("Redis is away, each process caches for itself: %s", error)

    def end(self) -> None:
        if self._is_told:
            self._is_told = False
            logger.info("Redis is back")


_OUTAGE: Final = _Outage()


class SharedCache(BaseCache):
    """Redis; and while it does not answer, what this process has in its own memory.

    So a dead Redis is never a visitor's error, and what is counted in the cache, such as failed
    log-ins, still is.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        # Imported late: without Redis its client need not be loaded.
        from django_redis.cache import RedisCache  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import ConnectionError as RedisConnectionError  # noqa: PLC0415
        from redis.exceptions import RedisError  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        options = {
            "SOCKET_CONNECT_TIMEOUT": _TIMEOUT_SECONDS,
            "SOCKET_TIMEOUT": _TIMEOUT_SECONDS,
            # Once more, at once: a kept connection may be to a Redis that was restarted since.
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 1, (RedisConnectionError,))},
        }
        self._trouble = RedisError
        self._shared: Any = RedisCache(server, params | {"OPTIONS": options})
        self._own: BaseCache = LocMemCache("while-redis-is-away", params)

    def add(
        self,
        key: object,
        value: object,
        timeout: object = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Store a value unless there is one; True when it was stored."""
        return bool(self._ask("add", key, value, timeout=timeout, version=version))

    def get(self, key: object, default: object = None, version: int | None = None) -> Any:  # noqa: ANN401 - whatever was stored
        """The value, or ``default``."""
        return self._ask("get", key, default, version=version)

    def set(
        self,
        key: object,
        value: object,
        timeout: object = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Store a value."""
        self._ask("set", key, value, timeout=timeout, version=version)

    def touch(
        self, key: object, timeout: object = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Let a value live from now on; False when there is none."""
        return bool(self._ask("touch", key, timeout=timeout, version=version))

    def delete(self, key: object, version: int | None = None) -> bool:
        """Forget a value; False when there was none."""
        return bool(self._ask("delete", key, version=version))

    def incr(self, key: object, delta: int = 1, version: int | None = None) -> int:
        """Add to a number, in one step for all processes. ValueError when there is none."""
        return int(self._ask("incr", key, delta, version=version))

    def clear(self) -> None:
        """Forget everything that is ours: a Redis may hold other things, such as our own queues."""
        self._own.clear()
        if not _OUTAGE.is_now():
            with suppress(self._trouble):
                self._shared.delete_pattern("*")

    def _ask(self, method: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - each method's own
        if not _OUTAGE.is_now():
            try:
                answer = getattr(self._shared, method)(*args, **kwargs)
            except self._trouble as error:
                _OUTAGE.begin(error)
            else:
                _OUTAGE.end()
                return answer
        return getattr(self._own, method)(*args, **kwargs)
