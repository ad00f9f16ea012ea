"""The site with one worker, in both ways: its own threads, or Celery's worker over a real Redis."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bench.site import Site, running_site
from tests.workers.servers import RedisServer, beat, find_redis, wait_until, worker

EMBEDDED: Final = "embedded worker"
CELERY: Final = "Celery, one worker"


def ways() -> list[str]:
    """Both ways, or the embedded one where no Redis can be had."""
    return [EMBEDDED, CELERY] if find_redis() else [EMBEDDED]


@contextmanager
def running_with(way: str) -> Iterator[Site]:
    """The site, ready, with who books for it."""
    with ExitStack() as stack:
        environment: dict[str, str] = {}
        if way == CELERY:
            environment["REDIS_URL"] = stack.enter_context(RedisServer()).url
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            booking = stack.enter_context(worker("one", folder=folder, **environment))
            stack.enter_context(beat(folder=folder, **environment))
            wait_until(lambda: "ready." in booking.log(), why=booking.log)
        yield stack.enter_context(running_site(**environment))
