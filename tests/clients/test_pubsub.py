"""Publishing and subscribing as redis-py does it, and the invalidation worker of "Redis vs
Memcached: What We Learned Scaling to 50M Requests Per Day"."""

import json
import threading
import time

import pytest
import redis
from pymemcache.client.base import PooledClient

from server import wait_until


@pytest.fixture(params=[2, 3])
def client(tandem, request):
    with redis.Redis(port=tandem.resp_port, protocol=request.param, decode_responses=True) as it:
        yield it


def heard(pubsub, n):
    messages = []
    while len(messages) < n:
        message = pubsub.get_message(timeout=10)
        assert message is not None, messages
        messages.append((message["type"], message["pattern"], message["channel"], message["data"]))
    return messages


def test_channels_and_patterns(client):
    with client.pubsub() as pubsub:
        pubsub.subscribe("news", "sport")
        pubsub.psubscribe("n*")
        heard(pubsub, 3)
        assert client.publish("news", "one") == 2
        assert client.publish("sport", "two") == 1
        assert client.publish("nobody", "three") == 1
        assert heard(pubsub, 4) == [
            ("message", None, "news", "one"),
            ("pmessage", "n*", "news", "one"),
            ("message", None, "sport", "two"),
            ("pmessage", "n*", "nobody", "three"),
        ]
        assert sorted(client.pubsub_channels()) == ["news", "sport"]
        assert client.pubsub_numsub("news", "x") == [("news", 1), ("x", 0)]
        assert client.pubsub_numpat() == 1
        pubsub.unsubscribe("news")
        pubsub.punsubscribe()
        heard(pubsub, 2)
        assert client.publish("news", "late") == 0


def test_shard_channels(client):
    with client.pubsub() as pubsub:
        pubsub.ssubscribe("orders")
        heard(pubsub, 1)
        assert client.spublish("orders", "one") == 1
        assert heard(pubsub, 1) == [("smessage", None, "orders", "one")]
        assert client.pubsub_shardchannels() == ["orders"]


def test_handlers_run_in_a_thread_and_health_checks_go_on(client):
    received = []
    with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(news=lambda message: received.append(message["data"]))
        thread = pubsub.run_in_thread(sleep_time=0.01)
        wait_until("somebody listens", lambda: client.pubsub_numsub("news") == [("news", 1)])
        for nth in range(100):
            client.publish("news", str(nth))
        wait_until("all have come", lambda: len(received) == 100)
        thread.stop()
        thread.join()
    assert received == [str(nth) for nth in range(100)]


def test_the_articles_invalidation_worker_empties_both_caches(tandem):
    redis_client = redis.Redis(port=tandem.resp_port, decode_responses=True)
    memcached_client = PooledClient(("127.0.0.1", tandem.memcached_port), default_noreply=False)
    categories = {str(product_id): product_id % 3 for product_id in range(30)}
    handled = []

    def cache_invalidation_worker():
        pubsub = redis_client.pubsub()
        pubsub.subscribe("cache_invalidation")
        for message in pubsub.listen():
            if message["type"] == "message":
                data = json.loads(message["data"])
                if data["type"] == "stop":
                    break
                if data["type"] == "product":
                    cache_key = f"product_{data['id']}"
                    category_key = f"category_products_{categories[str(data['id'])]}"
                    for key in (cache_key, category_key):
                        redis_client.delete(key)
                        memcached_client.delete(key)
                    handled.append(data["id"])
        pubsub.close()

    def publish_cache_invalidation(entity_type, entity_id):
        event = {"type": entity_type, "id": entity_id, "timestamp": time.time()}
        return redis_client.publish("cache_invalidation", json.dumps(event))

    for product_id in range(30):
        for key in (f"product_{product_id}", f"category_products_{product_id % 3}"):
            redis_client.set(key, "cached", ex=3600)
            memcached_client.set(key, "cached", expire=3600)
    worker = threading.Thread(target=cache_invalidation_worker)
    worker.start()
    listening = [("cache_invalidation", 1)]
    wait_until(
        "the worker listens",
        lambda: redis_client.pubsub_numsub("cache_invalidation") == listening,
    )
    for product_id in range(0, 30, 3):
        assert publish_cache_invalidation("product", product_id) == 1
    publish_cache_invalidation("category", 1)
    publish_cache_invalidation("stop", 0)
    worker.join()
    assert handled == list(range(0, 30, 3))
    for product_id in range(30):
        is_kept = product_id % 3 != 0
        assert (redis_client.get(f"product_{product_id}") is not None) == is_kept
        assert (memcached_client.get(f"product_{product_id}") is not None) == is_kept
    assert redis_client.get("category_products_0") is None
    assert memcached_client.get("category_products_0") is None
    assert redis_client.get("category_products_1") == "cached"
    redis_client.close()
    memcached_client.close()
