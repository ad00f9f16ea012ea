"""The cache in Redis: shared while Redis answers, each process's own while it does not."""

import time
from collections.abc import Iterator

import pytest

from tests.workers.servers import RedisServer
from whipround import cache as cache_module
from whipround.cache import SharedCache, read_cache


@pytest.fixture(autouse=True)
def _knows_of_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_OUTAGE", cache_module._Outage())  # noqa: SLF001


@pytest.fixture
def cache(redis_server: RedisServer) -> Iterator[SharedCache]:
    shared = make_cache(redis_server)
    yield shared
    shared.clear()


def make_cache(server: RedisServer) -> SharedCache:
    settings = read_cache(server.url)
    assert settings.pop("BACKEND") == "whipround.cache.SharedCache"
    return SharedCache(settings.pop("LOCATION"), settings)


def test_two_processes_share_it(cache: SharedCache, redis_server: RedisServer) -> None:
    other = make_cache(redis_server)

    assert cache.add("tries", 1, timeout=60)
    assert not other.add("tries", 5)
    assert other.incr("tries") == 2
    other.set("word", {"any": "thing"})

    assert cache.get("tries") == 2
    assert cache.get("word") == {"any": "thing"}
    assert cache.touch("word", 60)
    assert cache.delete("word")
    assert not cache.delete("word")
    assert cache.get("word", "none") == "none"
    assert redis_server.client.keys("whipround:*") == redis_server.client.keys("*")


def test_clearing_it_leaves_what_is_not_ours(cache: SharedCache, redis_server: RedisServer) -> None:
    redis_server.client.lpush("whipround:inbox", "a ring")
    cache.set("word", "ours")

    cache.clear()

    assert cache.get("word") is None
    assert redis_server.client.llen("whipround:inbox") == 1


def test_what_is_not_there_cannot_be_added_to(cache: SharedCache) -> None:
    with pytest.raises(ValueError, match="not found"):
        cache.incr("nothing")


def test_a_dead_redis_fails_nothing_and_what_is_counted_still_is(
    cache: SharedCache, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Ignored errors would do: but a lock that is never got made every log-in look like a flood."""
    cache.set("before", 1)
    redis_server.kill()

    assert cache.get("before") is None
    assert cache.add("tries", 1)
    assert not cache.add("tries", 1)
    assert cache.incr("tries") == 2
    assert cache.get_many(["tries", "before"]) == {"tries": 2}
    assert [line.split(",")[0] for line in caplog.messages] == ["Redis is away"]

    redis_server.start()


def test_it_is_asked_again_after_a_while(
    cache: SharedCache, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_AWAY_SECONDS", 0.05)
    redis_server.kill()
    cache.set("word", "own")
    redis_server.start()
    time.sleep(0.1)

    cache.set("word", "shared")

    assert make_cache(redis_server).get("word") == "shared"


def test_a_restarted_redis_is_met_at_once(cache: SharedCache, redis_server: RedisServer) -> None:
    """The connection that was kept is to the Redis that was."""
    cache.set("word", "before")
    redis_server.kill()
    redis_server.start()

    cache.set("word", "after")

    assert make_cache(redis_server).get("word") == "after"


def test_without_redis_each_process_has_its_own() -> None:
    assert "locmem" in read_cache("")["BACKEND"]
