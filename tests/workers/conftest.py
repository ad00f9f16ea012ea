"""A real Redis for these tests; without one they are skipped, and say why."""

from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import pools
from pytest_django import Settings

from tests.workers.servers import RedisServer, find_redis


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis of this test's own, to be killed and flushed."""
    with _started() as server:
        yield server


@pytest.fixture(scope="session")
def _broker() -> Iterator[RedisServer]:
    """The Redis of the Celery app in this process, which learns its address once."""
    with _started() as server:
        yield server
        pools.reset()  # for good: nothing is sent from this process any more


@pytest.fixture
def broker(_broker: RedisServer, settings: Settings) -> RedisServer:
    """That Redis, empty, and known to the site."""
    settings.REDIS_URL = _broker.url
    _broker.client.flushall()
    return _broker


@pytest.fixture
def app(broker: RedisServer) -> Celery:
    """Our Celery app, in this process."""
    from whipround.celery import app  # noqa: PLC0415 - it cannot be loaded without REDIS_URL

    assert app.conf.broker_url == broker.url
    return app


def _started() -> RedisServer:
    if find_redis() is None:
        pytest.skip("no redis-server or valkey-server on the PATH, and none could be installed")
    return RedisServer()
