"""A real Redis for these tests; without one they are skipped, and say why."""

from collections.abc import Iterator

import pytest

from tests.workers.servers import RedisServer, find_redis


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis of this test's own, to be killed and flushed."""
    if find_redis() is None:
        pytest.skip("no redis-server or valkey-server on the PATH, and none could be installed")
    with RedisServer() as server:
        yield server
