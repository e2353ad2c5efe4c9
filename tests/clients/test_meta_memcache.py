"""meta-memcache, which speaks nothing but the meta commands, against Tandem's memcached port."""

import socket

import pytest
from meta_memcache import CacheClient, Key, ServerAddress, SetMode, connection_pool_factory_builder
from meta_memcache.configuration import LeasePolicy, RecachePolicy, StalePolicy
from meta_memcache.protocol import Miss, RequestFlags, Success, Value

PRODUCT = {"id": 12345, "name": "Sample", "price": 29.99, "tags": ["a", "b"], "none": None}


@pytest.fixture
def client(tandem):
    return CacheClient.cache_client_from_servers(
        servers=[ServerAddress("127.0.0.1", tandem.memcached_port)],
        connection_pool_factory_fn=connection_pool_factory_builder(),
    )


def test_values_come_back_as_they_went_in(client):
    for value in ["text", b"\x00\xff bytes", 42, PRODUCT, b"", "x" * 100_000]:
        assert client.set("k", value, ttl=100) is True
        assert client.get("k") == value
    assert client.get("nosuch") is None
    assert client.multi_get(["k", "nosuch"]) == {Key("k"): "x" * 100_000, Key("nosuch"): None}
    assert client.delete("k") is True
    assert client.get("k") is None


def test_keys_may_be_long_or_in_any_language(client):
    for key in ["ключ", "a key with blanks", "k" * 500]:
        assert client.set(key, key, ttl=100) is True
        assert client.get(key) == key
        assert client.delete(key) is True


def test_modes_of_a_set(client):
    assert client.set("k", "b", ttl=100, set_mode=SetMode.REPLACE) is False
    assert client.set("k", "b", ttl=100, set_mode=SetMode.ADD) is True
    assert client.set("k", "x", ttl=100, set_mode=SetMode.ADD) is False
    assert client.set("k", "c", ttl=100, set_mode=SetMode.APPEND) is True
    assert client.set("k", "a", ttl=100, set_mode=SetMode.PREPEND) is True
    assert client.get("k") == "abc"


def test_cas_numbers_keep_writers_apart(client):
    assert client.set("k", "old", ttl=100) is True
    value, token = client.get_cas("k")
    assert value == "old" and token
    assert client.set("k", "new", ttl=100, cas_token=token) is True
    assert client.set("k", "late", ttl=100, cas_token=token) is False
    assert client.delete("k", cas_token=token) is False
    assert client.get("k") == "new"


def test_counters(client):
    assert client.delta("n", delta=1) is False
    assert client.delta_initialize("n", delta=1, initial_value=10, initial_ttl=100) is True
    assert client.delta_and_get("n", delta=5) == 15
    assert client.delta_and_get("n", delta=-20) == 0
    assert client.delta_initialize_and_get("n", delta=7, initial_value=1, initial_ttl=100) == 7


def test_one_client_gets_the_lease(client):
    policy = LeasePolicy(ttl=30, miss_retries=2, miss_retry_wait=0.001)
    assert client.get_or_lease("k", lease_policy=policy) is None
    waits = []
    assert client.get_or_lease("k", lease_policy=policy, lease_wait_fn=waits.append) is None
    assert waits, "the second one is told to wait"
    assert client.set("k", "filled", ttl=100) is True
    assert client.get_or_lease("k", lease_policy=policy) == "filled"


def test_a_stale_value_serves_all_but_one(client):
    policy = StalePolicy(mark_stale_on_deletion_ttl=30)
    assert client.set("k", "old", ttl=100) is True
    assert client.invalidate("k", stale_policy=policy) is True
    recache = RecachePolicy(ttl=10)
    assert client.get("k", recache_policy=recache) is None, "the winner sees a miss"
    assert client.get("k", recache_policy=recache) == "old"
    assert client.set("k", "fresh", ttl=100) is True
    assert client.get("k", recache_policy=recache) == "fresh"


def test_what_is_known_of_an_item(client):
    assert client.set("k", "value", ttl=100) is True
    flags = RequestFlags(
        return_ttl=True, return_size=True, return_fetched=True, return_last_access=True
    )
    first = client.meta_get(Key("k"), flags=flags)
    assert isinstance(first, Success)
    assert (first.flags.size, first.flags.fetched, first.flags.last_access) == (5, False, 0)
    assert 95 <= first.flags.ttl <= 100
    assert client.meta_get(Key("k"), flags=flags).flags.fetched is True
    assert client.touch("k", ttl=1000) is True
    assert client.meta_get(Key("k"), flags=flags).flags.ttl > 900
    assert client.touch("nosuch", ttl=1000) is False
    value = client.meta_get(Key("k"), flags=RequestFlags(return_value=True))
    assert isinstance(value, Value) and value.value == "value"
    assert isinstance(client.meta_get(Key("nosuch")), Miss)


def test_quiet_stores_leave_nothing_to_read(client):
    for number in range(100):
        assert client.set(f"k{number}", str(number), ttl=100, no_reply=True) is True
    answers = client.multi_get([f"k{number}" for number in range(100)])
    assert answers == {Key(f"k{number}"): str(number) for number in range(100)}


def test_a_pipeline_ends_with_its_no_op(tandem):
    """What Dalli 5 sends for a read of many keys: quiet gets and a no-op."""
    with socket.create_connection(("127.0.0.1", tandem.memcached_port)) as connection:
        connection.sendall(b"ms a 1 c\r\nx\r\n" + b"ms Zm9v 3 b q\r\nbar\r\n")
        request = b"mg a v f k q s\r\nmg nosuch v f k q s\r\nmg Zm9v b v f k q s\r\nmn\r\n"
        connection.sendall(request)
        answer = b""
        while not answer.endswith(b"MN\r\n"):
            answer += connection.recv(4096)
        stored, rest = answer.split(b"\r\n", 1)
        assert stored.startswith(b"HD c")
        assert rest == b"VA 1 f0 ka s1\r\nx\r\nVA 3 f0 kZm9v b s3\r\nbar\r\nMN\r\n"
