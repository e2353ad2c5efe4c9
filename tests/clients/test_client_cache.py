"""Client-side caching as redis-py does it: what it keeps is thrown away when it changes."""

import pytest
import redis
from redis.cache import CacheConfig
from redis.connection import CacheProxyConnection

from server import wait_until


@pytest.fixture
def cached(tandem, monkeypatch):
    # redis-py asks servers for their name before it keeps anything, and refuses Valkey for its own.
    monkeypatch.setattr(CacheProxyConnection, "DEFAULT_SERVER_NAME", "valkey")
    with redis.Redis(
        port=tandem.resp_port, protocol=3, decode_responses=True, cache_config=CacheConfig()
    ) as it:
        it.flushall()
        it.get_cache().flush()
        yield it


@pytest.fixture
def other(tandem):
    with redis.Redis(port=tandem.resp_port, decode_responses=True) as it:
        yield it


def test_a_second_read_asks_nobody(cached, other):
    other.set("key", "one")
    assert cached.get("key") == "one"
    before = other.info("commandstats")["cmdstat_get"]["calls"]
    assert cached.get("key") == "one"
    assert other.info("commandstats")["cmdstat_get"]["calls"] == before
    assert cached.get_cache().size == 1


def test_what_others_change_is_read_anew(cached, other):
    changes = [
        lambda: other.set("key", "two"),
        lambda: other.append("key", "x"),
        lambda: other.delete("key"),
        lambda: other.rename("source", "key"),
        lambda: other.eval("return redis.call('set', KEYS[1], 'three')", 1, "key"),
        lambda: other.pipeline().set("key", "four").set("key", "five").execute(),
        lambda: other.set("key", "short", px=1),
        lambda: other.flushall(),
    ]
    other.mset({"key": "one", "source": "renamed"})
    for change in changes:
        cached.get("key")
        change()
        wait_until("the change is seen", lambda: cached.get("key") == other.get("key"))


def test_collections_are_kept_too(cached, other):
    other.hset("hash", mapping={"field": "one"})
    other.zadd("board", {"ann": 1, "bob": 2})
    assert cached.hgetall("hash") == {"field": "one"}
    assert cached.zrange("board", 0, -1) == ["ann", "bob"]
    assert cached.get_cache().size == 2
    other.hset("hash", "field", "two")
    other.zadd("board", {"ann": 3})
    wait_until("the change is seen", lambda: cached.hgetall("hash") == {"field": "two"})
    wait_until("the change is seen", lambda: cached.zrange("board", 0, -1) == ["bob", "ann"])


def test_own_changes_count(cached):
    cached.set("key", "one")
    assert cached.get("key") == "one"
    cached.set("key", "two")
    wait_until("the change is seen", lambda: cached.get("key") == "two")
