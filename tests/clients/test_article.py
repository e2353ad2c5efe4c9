"""The listings of "Redis vs Memcached: What We Learned Scaling to 50M Requests Per Day", run as
they are meant, on both ports of one process."""

import concurrent.futures
import json
import pickle
import zlib

import msgpack
import pytest
import redis
from pymemcache import serde
from pymemcache.client.base import PooledClient

DAY_S = 86_400

PRODUCT = {
    "id": 12345,
    "name": "Sample Product Name",
    "price": 29.99,
    "stock": 100,
    "category": "Electronics",
    "brand": "BrandName",
    "description": "A 200-character product description..." * 6,
    "attributes": {"color": "blue", "size": "medium", "weight": "1.5kg"},
}


@pytest.fixture
def redis_client(tandem):
    pool = redis.ConnectionPool(
        host="127.0.0.1",
        port=tandem.resp_port,
        max_connections=150,
        socket_keepalive=True,
        socket_connect_timeout=10,
        socket_timeout=10,
        retry_on_timeout=True,
        health_check_interval=30,
        decode_responses=True,
    )
    yield redis.Redis(connection_pool=pool)
    pool.disconnect()


@pytest.fixture
def memcached_client(tandem):
    client = PooledClient(
        ("127.0.0.1", tandem.memcached_port),
        max_pool_size=128,
        connect_timeout=10.0,
        timeout=10.0,
        no_delay=True,
        serde=serde.pickle_serde,
        default_noreply=False,
    )
    yield client
    client.close()


def add_to_cart_redis(client, user_id, product_id, quantity):
    cart_key = f"cart_{user_id}"
    client.hincrby(cart_key, product_id, quantity)
    client.expire(cart_key, DAY_S)
    return client.hgetall(cart_key)


def get_cart_item_count_redis(client, user_id):
    cart = client.hgetall(f"cart_{user_id}")
    return sum(int(quantity) for quantity in cart.values())


def add_to_cart_memcached(client, user_id, product_id, quantity):
    cart_key = f"cart_{user_id}"
    cart = client.get(cart_key)
    cart = pickle.loads(cart) if cart else {}
    cart[product_id] = cart.get(product_id, 0) + quantity
    client.set(cart_key, pickle.dumps(cart))
    return cart


def get_cart_item_count_memcached(client, user_id):
    cart = client.get(f"cart_{user_id}")
    return sum(pickle.loads(cart).values()) if cart else 0


def test_a_cart_in_a_hash(redis_client):
    assert add_to_cart_redis(redis_client, 1, "prod_1", 2) == {"prod_1": "2"}
    assert add_to_cart_redis(redis_client, 1, "prod_2", 1) == {"prod_1": "2", "prod_2": "1"}
    assert add_to_cart_redis(redis_client, 1, "prod_1", 3) == {"prod_1": "5", "prod_2": "1"}
    assert get_cart_item_count_redis(redis_client, 1) == 6
    assert get_cart_item_count_redis(redis_client, 2) == 0
    assert DAY_S - 60 < redis_client.ttl("cart_1") <= DAY_S


def test_a_cart_in_a_pickle(memcached_client):
    assert add_to_cart_memcached(memcached_client, 1, "prod_1", 2) == {"prod_1": 2}
    assert add_to_cart_memcached(memcached_client, 1, "prod_1", 3) == {"prod_1": 5}
    assert get_cart_item_count_memcached(memcached_client, 1) == 5
    assert get_cart_item_count_memcached(memcached_client, 2) == 0


CARTS = {
    "redis": (add_to_cart_redis, get_cart_item_count_redis),
    "memcached": (add_to_cart_memcached, get_cart_item_count_memcached),
}


@pytest.mark.parametrize("cache_impl", CARTS)
def test_a_hundred_users_fill_their_carts_at_once(cache_impl, redis_client, memcached_client):
    client = redis_client if cache_impl == "redis" else memcached_client
    add_to_cart, get_cart_item_count = CARTS[cache_impl]

    def user_session(user_id):
        for i in range(50):
            add_to_cart(client, user_id, f"prod_{i % 20}", 1)
            if i % 10 == 0:
                assert get_cart_item_count(client, user_id) == i + 1

    users = [f"user_{i}" for i in range(100)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=100) as executor:
        for session in [executor.submit(user_session, user) for user in users]:
            session.result()
    assert [get_cart_item_count(client, user) for user in users] == [50] * 100


def test_a_hundred_threads_share_one_cart(redis_client):
    """What the pickled cart cannot do: no update is lost."""

    def session(thread):
        for i in range(50):
            add_to_cart_redis(redis_client, "shared", f"prod_{(thread + i) % 20}", 1)

    with concurrent.futures.ThreadPoolExecutor(max_workers=100) as executor:
        for done in [executor.submit(session, n) for n in range(100)]:
            done.result()
    assert get_cart_item_count_redis(redis_client, "shared") == 100 * 50


def test_a_product_as_a_hash(redis_client):
    fields = {key: str(PRODUCT[key]) for key in ("name", "price", "stock")}
    redis_client.hset("product_1", mapping=fields)
    assert redis_client.hgetall("product_1") == fields
    assert redis_client.hget("product_1", "price") == "29.99"


def test_a_hundred_products_in_one_round_trip(redis_client):
    ids = range(100)
    for pid in ids:
        redis_client.set(f"product_{pid}", json.dumps({**PRODUCT, "id": pid}))
    redis_client.delete("product_50")
    pipe = redis_client.pipeline(transaction=False)
    for pid in ids:
        pipe.get(f"product_{pid}")
    products = [json.loads(result) for result in pipe.execute() if result]
    assert [product["id"] for product in products] == [pid for pid in ids if pid != 50]


def test_product_keys_are_found_by_scanning(redis_client):
    expected = set()
    for i in range(500):
        expected.add(f"product:{i}")
        redis_client.set(f"product:{i}", i)
        redis_client.set(f"product:{i}:reviews", i)
        redis_client.set(f"category:{i}:products", i)
    cursor, product_keys = 0, []
    while True:
        cursor, keys = redis_client.scan(cursor, match="product:*", count=100)
        product_keys.extend(keys)
        if cursor == 0:
            break
    assert {key for key in product_keys if not key.endswith(":reviews")} == expected
    assert len(set(product_keys)) == 1000


def test_serialization_formats_come_back_as_they_went(tandem):
    with redis.Redis(port=tandem.resp_port) as client:
        for name, dumps, loads in [
            ("json", json.dumps, json.loads),
            ("pickle", pickle.dumps, pickle.loads),
            ("msgpack", msgpack.packb, msgpack.unpackb),
        ]:
            client.set(name, dumps(PRODUCT))
            assert loads(client.get(name)) == PRODUCT
        assert client.strlen("msgpack") == len(msgpack.packb(PRODUCT))


def test_big_values_are_compressed(tandem):
    client = redis.Redis(port=tandem.resp_port)

    def cache_set_compressed(key, value, timeout=3600):
        json_data = json.dumps(value)
        if len(json_data) > 1024:
            compressed = zlib.compress(json_data.encode("utf-8"))
            client.setex(f"{key}:compressed", timeout, compressed)
        else:
            client.setex(key, timeout, json_data)

    def cache_get_compressed(key):
        compressed = client.get(f"{key}:compressed")
        if compressed:
            return json.loads(zlib.decompress(compressed).decode("utf-8"))
        json_data = client.get(key)
        return json.loads(json_data) if json_data else None

    big = {**PRODUCT, "description": "All about it. " * 150}
    cache_set_compressed("small", PRODUCT)
    cache_set_compressed("big", big)
    assert cache_get_compressed("small") == PRODUCT
    assert cache_get_compressed("big") == big
    assert cache_get_compressed("nosuch") is None
    assert client.exists("big") == 0
    assert 0 < client.ttl("big:compressed") <= 3600
    client.close()


def test_an_updated_product_is_gone_from_both_caches(redis_client, memcached_client):
    database = {1: {"name": "old", "price": 1.0}}

    def get_product(client, product_id):
        key = f"product_{product_id}"
        cached = client.get(key)
        if cached:
            return json.loads(cached)
        client.set(key, json.dumps(database[product_id]))
        return database[product_id]

    def update_product(product_id, new_data):
        database[product_id] = new_data
        redis_client.delete(f"product_{product_id}")
        memcached_client.delete(f"product_{product_id}")

    caches = (redis_client, memcached_client)
    assert [get_product(it, 1)["name"] for it in caches] == ["old", "old"]
    database[1] = {"name": "unseen", "price": 2.0}
    assert [get_product(it, 1)["name"] for it in caches] == ["old", "old"]
    update_product(1, {"name": "new", "price": 3.0})
    assert [get_product(it, 1)["name"] for it in caches] == ["new", "new"]


def test_the_hit_rate_of_redis(redis_client):
    redis_client.config_resetstat()
    redis_client.set("k", "v")
    for _ in range(9):
        redis_client.get("k")
    redis_client.get("nosuch")
    info = redis_client.info()
    assert (info["keyspace_hits"], info["keyspace_misses"]) == (9, 1)
    names = ["connected_clients", "used_memory", "used_memory_peak", "evicted_keys"]
    names += ["instantaneous_ops_per_sec", "expired_keys"]
    assert all(info[name] >= 0 for name in names)
    assert info["used_memory"] > 0
    assert info["used_memory_human"].endswith(("B", "K", "M", "G"))


def test_the_hit_rate_of_memcached(memcached_client):
    before = memcached_client.stats()
    memcached_client.set("k", "v")
    for _ in range(9):
        memcached_client.get("k")
    memcached_client.get("nosuch")
    stats = memcached_client.stats()
    hits = int(stats[b"get_hits"]) - int(before[b"get_hits"])
    misses = int(stats[b"get_misses"]) - int(before[b"get_misses"])
    assert hits / (hits + misses) == 0.9
    assert int(stats[b"bytes"]) > 0
    assert int(stats[b"curr_connections"]) >= 1
    assert int(stats[b"evictions"]) == 0
