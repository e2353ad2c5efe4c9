"""Flask-Caching on both ports: the article's first listing.

The article's CACHE_TYPE "redis" and "memcached" are called RedisCache and MemcachedCache today.
"""

import pytest
from flask import Flask, jsonify
from flask_caching import Cache

PRODUCTS = {12345: {"id": 12345, "name": "Sample Product", "price": 29.99, "stock": 100}}


def redis_config(tandem):
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_HOST": "127.0.0.1",
        "CACHE_REDIS_PORT": tandem.resp_port,
        "CACHE_REDIS_DB": 0,
        "CACHE_DEFAULT_TIMEOUT": 3600,
        "CACHE_KEY_PREFIX": "prod_",
    }


def memcached_config(tandem):
    return {
        "CACHE_TYPE": "MemcachedCache",
        "CACHE_MEMCACHED_SERVERS": [f"127.0.0.1:{tandem.memcached_port}"],
        "CACHE_DEFAULT_TIMEOUT": 3600,
        "CACHE_KEY_PREFIX": "prod_",
    }


@pytest.fixture(params=[redis_config, memcached_config], ids=["redis", "memcached"])
def shop(request, tandem):
    """The article's product endpoint, with a database that counts its queries."""
    app = Flask(__name__)
    cache = Cache(config=request.param(tandem))
    cache.init_app(app)
    queries = []

    @app.route("/api/products/<int:product_id>")
    def get_product(product_id):
        cache_key = f"product_{product_id}"
        cached_data = cache.get(cache_key)
        if cached_data:
            return jsonify(cached_data), 200
        queries.append(product_id)
        product = PRODUCTS.get(product_id)
        if not product:
            return jsonify({"error": "Not found"}), 404
        cache.set(cache_key, product, timeout=3600)
        return jsonify(product), 200

    @app.route("/slow/<name>")
    @cache.cached(timeout=100)
    def slow(name):
        queries.append(name)
        return f"slow {name}"

    with app.app_context():
        yield app.test_client(), cache, queries


def test_get_product_asks_the_database_once(shop):
    http, _, queries = shop
    for _ in range(5):
        answer = http.get("/api/products/12345")
        assert (answer.status_code, answer.get_json()) == (200, PRODUCTS[12345])
    assert http.get("/api/products/1").status_code == 404
    assert queries == [12345, 1]


def test_a_cached_view_runs_once(shop):
    http, _, queries = shop
    assert [http.get("/slow/page").data for _ in range(3)] == [b"slow page"] * 3
    assert queries == ["page"]


def test_the_whole_interface_of_a_cache(shop):
    _, cache, queries = shop
    assert cache.set("k", {"a": [1, 2]}, timeout=100)
    assert cache.get("k") == {"a": [1, 2]}
    assert cache.has("k")
    assert cache.add("k", "other") is False
    assert cache.get("k") == {"a": [1, 2]}
    cache.set_many({"x": 1, "y": "two"})
    assert cache.get_many("x", "y", "nosuch") == [1, "two", None]
    assert cache.get_dict("x", "y") == {"x": 1, "y": "two"}
    cache.delete_many("x", "y")
    assert cache.get("x") is None
    assert cache.delete("k")
    assert cache.get("k") is None
    cache.set("gone", 1)
    assert cache.clear()
    assert cache.get("gone") is None
    assert queries == []


def test_memoized_functions_are_forgotten_on_demand(shop):
    _, cache, queries = shop

    @cache.memoize(timeout=100)
    def price(product_id):
        queries.append(product_id)
        return product_id * 2

    assert [price(21), price(21), price(4)] == [42, 42, 8]
    assert queries == [21, 4]
    cache.delete_memoized(price)
    assert price(21) == 42
    assert queries == [21, 4, 21]
