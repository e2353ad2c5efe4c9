"""pymemcache and pylibmc against Tandem's memcached port."""

import pickle
import threading

import pylibmc
import pymemcache
import pytest
from pymemcache import serde
from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheIllegalInputError,
    MemcacheServerError,
    MemcacheUnknownCommandError,
)

PRODUCT = {"id": 12345, "name": "Sample", "price": 29.99, "tags": ["a", "b"], "none": None}


@pytest.fixture
def client(tandem):
    client = Client(("127.0.0.1", tandem.memcached_port), default_noreply=False)
    yield client
    client.close()


@pytest.fixture
def pylibmc_client(tandem):
    behaviors = {"tcp_nodelay": True, "ketama": True}
    return pylibmc.Client([f"127.0.0.1:{tandem.memcached_port}"], behaviors=behaviors)


def test_every_verb_of_pymemcache(client):
    assert client.set("k", "v") is True
    assert client.get("k") == b"v"
    assert client.get("nosuch", default=7) == 7
    assert client.add("k", "w") is False
    assert client.replace("k", "w") is True
    assert client.append("k", "2") is True
    assert client.prepend("k", "0") is True
    assert client.get("k") == b"0w2"
    value, token = client.gets("k")
    assert client.cas("k", "new", token) is True
    assert client.cas("k", "newer", token) is False
    assert client.cas("nosuch", "x", token) is None
    assert value == b"0w2"
    assert client.set_many({"a": "1", "b": "2"}) == []
    assert client.get_many(["a", "b", "nosuch"]) == {"a": b"1", "b": b"2"}
    assert set(client.gets_many(["a", "b"])) == {"a", "b"}
    assert client.incr("a", 41) == 42
    assert client.decr("a", 100) == 0
    assert client.incr("nosuch", 1) is None
    assert client.touch("a", 100) is True
    assert client.touch("nosuch", 100) is False
    assert client.delete("a") is True
    assert client.delete("a") is False
    assert client.delete_many(["b", "nosuch"]) is True
    assert client.version() == b"1.6.45"
    assert client.flush_all() is True
    assert client.get("k") is None


def test_noreply_stores_all_the_same(client):
    for i in range(1000):
        client.set(f"k{i}", str(i), noreply=True)
    assert client.get("k999") == b"999"
    assert len(client.get_many([f"k{i}" for i in range(1000)])) == 1000


def test_errors_become_exceptions(client):
    client.set("text", "abc")
    with pytest.raises(MemcacheClientError, match="non-numeric"):
        client.incr("text", 1)
    with pytest.raises(MemcacheIllegalInputError):
        client.get("k" * 251)
    with pytest.raises(MemcacheUnknownCommandError):
        client.raw_command(b"bogus")
    with pytest.raises(MemcacheServerError, match="too large"):
        client.set("big", b"x" * (2 << 20))
    assert client.get("text") == b"abc"


def test_stats_have_the_names_that_dashboards_read(client):
    client.set("k", "v")
    client.get("k")
    client.get("nosuch")
    stats = client.stats()
    assert stats[b"get_hits"] >= 1
    assert stats[b"get_misses"] >= 1
    names = [b"evictions", b"bytes", b"curr_connections", b"curr_items", b"limit_maxbytes"]
    assert all(int(stats[name]) >= 0 for name in names)
    assert client.stats("settings")[b"item_size_max"] == 1 << 20


def test_pickled_values_keep_their_types(tandem):
    address = ("127.0.0.1", tandem.memcached_port)
    client = Client(address, serde=serde.pickle_serde)
    values = {"dict": PRODUCT, "int": 7, "str": "ключ", "bytes": b"\x00\xff", "list": [1, [2]]}
    for key, value in values.items():
        client.set(key, value)
        assert client.get(key) == value
    assert client.get_many(list(values)) == values
    client.close()


def test_a_pooled_client_serves_threads(tandem):
    address = ("127.0.0.1", tandem.memcached_port)
    client = PooledClient(
        address,
        max_pool_size=32,
        connect_timeout=5.0,
        timeout=5.0,
        no_delay=True,
        serde=serde.pickle_serde,
        # Without an answer to wait for, the next read may overtake the write on another connection.
        default_noreply=False,
    )
    failures = []

    def work(thread):
        for i in range(100):
            client.set(f"{thread}:{i}", {"n": i})
            if client.get(f"{thread}:{i}") != {"n": i}:
                failures.append((thread, i))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    client.close()


def test_a_hash_client_spreads_keys(tandem):
    # The same server under two names stands for two servers.
    servers = [("127.0.0.1", tandem.memcached_port), ("localhost", tandem.memcached_port)]
    client = HashClient(servers, use_pooling=True, default_noreply=False)
    values = {f"key:{i}": str(i) for i in range(200)}
    assert client.set_many(values) == []
    found = client.get_many(list(values))
    assert found == {key: value.encode() for key, value in values.items()}
    assert client.delete("key:1") is True
    client.close()


def test_counters_add_up_under_contention(tandem):
    address = ("127.0.0.1", tandem.memcached_port)
    pymemcache.Client(address, default_noreply=False).set("n", "0")

    def work():
        client = pymemcache.Client(address)
        for _ in range(200):
            client.incr("n", 1)
        client.close()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pymemcache.Client(address).get("n") == b"4000"


def test_pylibmc_in_text_mode(pylibmc_client):
    client = pylibmc_client
    assert client.set("k", PRODUCT, time=100)
    assert client.get("k") == PRODUCT
    assert client["k"] == PRODUCT
    assert "k" in client and "nosuch" not in client
    assert client.add("k", 1) is False
    assert client.replace("k", 7) is True
    assert client.get("k") == 7
    assert client.set("text", "abc")
    assert client.append("text", "def") and client.prepend("text", "0")
    assert client.get("text") == "0abcdef"
    assert client.set_multi({"a": 1, "b": "two"}) == []
    assert client.get_multi(["a", "b", "nosuch"]) == {"a": 1, "b": "two"}
    assert client.incr("a", 41) == 42
    assert client.decr("a", 2) == 40
    with pytest.raises(pylibmc.NotFound):
        client.incr("nosuch")
    assert client.touch("a", 100)
    assert client.delete("a") is True
    assert client.delete("a") is False
    assert client.delete_multi(["b", "k"])
    ((_, stats),) = client.get_stats()
    assert stats["version" if "version" in stats else b"version"] in ("1.6.45", b"1.6.45")
    assert client.flush_all()
    assert client.get("text") is None


def test_pylibmc_cas(tandem):
    address = [f"127.0.0.1:{tandem.memcached_port}"]
    client = pylibmc.Client(address, behaviors={"cas": True})
    client.set("k", "old")
    value, token = client.gets("k")
    assert value == "old"
    assert client.cas("k", "new", token)
    assert client.cas("k", "newer", token) is False
    assert client.get("k") == "new"


def test_pylibmc_without_blocking(tandem):
    address = [f"127.0.0.1:{tandem.memcached_port}"]
    behaviors = {"tcp_nodelay": True, "ketama": True, "no_block": True}
    client = pylibmc.Client(address, behaviors=behaviors)
    for i in range(500):
        client.set(f"k{i}", i)
    assert client.get_multi([f"k{i}" for i in range(500)]) == {f"k{i}": i for i in range(500)}


def test_pylibmc_spreads_by_ketama_over_two_names(tandem):
    port = tandem.memcached_port
    servers = [f"127.0.0.1:{port}", f"localhost:{port}"]
    client = pylibmc.Client(servers, behaviors={"ketama": True})
    values = {f"key:{i}": i for i in range(200)}
    assert client.set_multi(values) == []
    assert client.get_multi(list(values)) == values


def test_pylibmc_compresses_big_values(pylibmc_client):
    value = "x" * 500_000
    assert pylibmc_client.set("big", value, min_compress_len=1000)
    assert pylibmc_client.get("big") == value
    assert len(pickle.dumps(value)) > 500_000


def test_a_pylibmc_pool_serves_threads(pylibmc_client):
    pool = pylibmc.ThreadMappedPool(pylibmc_client)
    failures = []

    def work(n):
        with pool.reserve() as client:
            for i in range(100):
                client.set(f"{n}:{i}", i)
                if client.get(f"{n}:{i}") != i:
                    failures.append((n, i))
        pool.relinquish()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
