"""redis-py against Tandem: both protocol versions, both parsers, pools and pipelines."""

import threading

import pytest
import redis
from redis.exceptions import AuthenticationError, ConnectionError, DataError, ResponseError

from server import Tandem, wait_until

try:
    from redis._parsers import _HiredisParser, _RESP2Parser, _RESP3Parser
except ImportError:
    from redis._parsers.hiredis import _HiredisParser
    from redis._parsers.resp2 import _RESP2Parser
    from redis._parsers.resp3 import _RESP3Parser

PARSERS = [(2, _RESP2Parser), (3, _RESP3Parser), (2, _HiredisParser), (3, _HiredisParser)]
NAMES = ["resp2-python", "resp3-python", "resp2-hiredis", "resp3-hiredis"]


@pytest.fixture(params=PARSERS, ids=NAMES)
def client(request, tandem):
    protocol, parser = request.param
    pool = redis.ConnectionPool(
        port=tandem.resp_port, protocol=protocol, parser_class=parser, decode_responses=True
    )
    with redis.Redis(connection_pool=pool) as client:
        yield client
    pool.disconnect()


def test_strings(client):
    assert client.set("k", "v") is True
    assert client.get("k") == "v"
    assert client.get("nosuch") is None
    assert client.set("k", "w", nx=True) is None
    assert client.set("k", "w", get=True) == "v"
    assert client.getrange("k", 0, -1) == "w"
    assert client.append("k", "!") == 2
    assert client.strlen("k") == 2
    assert client.mset({"a": 1, "b": 2}) is True
    assert client.mget("a", "nosuch", "b") == ["1", None, "2"]
    assert client.incr("n", 5) == 5
    assert client.decr("n") == 4
    assert client.incrbyfloat("n", 0.5) == 4.5
    assert client.getdel("n") == "4.5"
    assert client.setex("e", 100, "v") is True
    assert 0 < client.ttl("e") <= 100
    assert client.getex("e", persist=True) == "v"
    assert client.ttl("e") == -1
    with pytest.raises(ResponseError, match="not an integer"):
        client.incr("k")


def test_hashes(client):
    assert client.hset("h", mapping={"a": 1, "b": "two"}) == 2
    assert client.hgetall("h") == {"a": "1", "b": "two"}
    assert client.hget("h", "a") == "1"
    assert client.hmget("h", ["a", "nosuch"]) == ["1", None]
    assert client.hincrby("h", "a", 41) == 42
    assert client.hincrbyfloat("h", "f", 0.5) == 0.5
    assert sorted(client.hkeys("h")) == ["a", "b", "f"]
    assert client.hexists("h", "b") is True
    assert client.hdel("h", "a", "nosuch") == 1
    assert client.hlen("h") == 2
    assert client.hsetnx("h", "b", "x") == 0
    assert client.hstrlen("h", "b") == 3
    assert client.hrandfield("h") in ("b", "f")
    assert dict(client.hscan_iter("h")) == {"b": "two", "f": "0.5"}
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        client.get("h")


def test_keys(client):
    client.mset({f"key:{i}": i for i in range(100)})
    assert client.exists("key:1", "key:2", "nosuch") == 2
    assert len(client.keys("key:*")) == 100
    assert sorted(client.scan_iter("key:1?")) == [f"key:1{i}" for i in range(10)]
    assert client.expire("key:1", 100) is True
    assert client.expire("key:1", 50, gt=True) is False
    assert client.persist("key:1") is True
    assert client.rename("key:1", "renamed") is True
    assert client.copy("renamed", "copied") is True
    assert client.type("copied") == "string"
    assert client.touch("copied", "renamed") == 2
    assert client.unlink("copied", "renamed") == 2
    assert client.randomkey().startswith("key:")
    assert client.object("encoding", "key:2") == "int"
    assert client.dbsize() == 99


def test_connection_and_server(client):
    assert client.ping() is True
    assert client.echo("hello") == "hello"
    assert client.client_setname("tests") is True
    assert client.client_getname() == "tests"
    assert client.client_id() > 0
    assert any(it["name"] == "tests" for it in client.client_list())
    assert client.client_info()["lib-name"].startswith("redis-py")
    assert client.info("server")["redis_version"] == "7.2.4"
    assert client.info()["connected_clients"] >= 1
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_set("hash-max-listpack-entries", 128) is True
    assert client.config_resetstat() is True
    assert client.command_count() > 50
    assert "get" in client.command()
    assert client.command_getkeys("MSET", "a", 1, "b", 2) == ["a", "b"]
    assert client.time()[0] > 1_700_000_000
    assert client.memory_usage("nosuch") is None
    assert "Tandem" in client.lolwut() or "ver" in client.lolwut()


def test_a_pipeline_answers_in_order(client):
    with client.pipeline(transaction=False) as pipe:
        for i in range(1000):
            pipe.set(f"k{i}", i)
        for i in range(1000):
            pipe.get(f"k{i}")
        answers = pipe.execute()
    assert answers == [True] * 1000 + [str(i) for i in range(1000)]


def test_an_error_in_a_pipeline_stays_with_its_command(client):
    with client.pipeline(transaction=False) as pipe:
        pipe.set("k", "text").incr("k").get("k")
        first, second, third = pipe.execute(raise_on_error=False)
    assert (first, third) == (True, "text")
    assert isinstance(second, ResponseError)


def test_binary_values_survive_without_decoding(tandem):
    with redis.Redis(port=tandem.resp_port, decode_responses=False) as client:
        client.set(b"\x00key\r\n", b"\x00\x01\x02\xff\r\n")
        assert client.get(b"\x00key\r\n") == b"\x00\x01\x02\xff\r\n"
    with redis.Redis(port=tandem.resp_port, decode_responses=True) as client:
        with pytest.raises(UnicodeDecodeError):
            client.get(b"\x00key\r\n")


def test_a_value_of_several_megabytes_survives(client):
    value = "x" * (5 << 20)
    assert client.set("big", value) is True
    assert client.get("big") == value


def test_databases_are_apart(tandem):
    clients = [redis.Redis(port=tandem.resp_port, db=db) for db in (0, 15)]
    for client in clients:
        client.set("k", client.connection_pool.connection_kwargs["db"])
    assert [client.get("k") for client in clients] == [b"0", b"15"]
    for client in clients:
        client.close()
    with pytest.raises(ResponseError, match="DB index is out of range"):
        redis.Redis(port=tandem.resp_port, db=16).ping()


def test_a_pool_serves_threads_and_checks_its_connections(tandem):
    pool = redis.BlockingConnectionPool(
        port=tandem.resp_port,
        max_connections=10,
        socket_keepalive=True,
        socket_connect_timeout=5,
        socket_timeout=5,
        health_check_interval=1,
    )
    client = redis.Redis(connection_pool=pool)

    def work():
        for _ in range(50):
            client.incr("counter")

    threads = [threading.Thread(target=work) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("counter") == b"1500"
    # With the last check long ago every command is preceded by a PING.
    for connection in pool._connections:
        connection.next_health_check = 1
    assert client.get("counter") == b"1500"
    pool.disconnect()


def test_a_killed_connection_is_replaced(tandem):
    with redis.Redis(port=tandem.resp_port) as admin:
        client = redis.Redis(port=tandem.resp_port, single_connection_client=False)
        client.ping()
        victim = client.client_id()
        assert admin.client_kill_filter(_id=victim) == 1
        assert client.ping() is True
        assert client.client_id() != victim
        client.close()


def test_a_password_is_asked_for(tandem):
    with redis.Redis(port=tandem.resp_port) as admin:
        admin.config_set("requirepass", "secret")
        try:
            for protocol in (2, 3):
                port = tandem.resp_port
                with redis.Redis(port=port, password="secret", protocol=protocol) as client:
                    assert client.ping() is True
                with pytest.raises(AuthenticationError):
                    redis.Redis(port=port, password="wrong", protocol=protocol).ping()
                with pytest.raises((AuthenticationError, ResponseError)):
                    redis.Redis(port=port, protocol=protocol).get("k")
        finally:
            admin.config_set("requirepass", "")


def test_too_many_connections_are_refused_in_the_servers_own_words():
    tandem = Tandem()
    try:
        first = redis.Redis(port=tandem.resp_port, single_connection_client=True)
        first.config_set("maxclients", 2)
        second = redis.Redis(port=tandem.resp_port, single_connection_client=True)
        assert second.ping() is True
        with pytest.raises((ConnectionError, ResponseError), match="max number of clients"):
            redis.Redis(port=tandem.resp_port, single_connection_client=True).ping()
        second.close()
        wait_until("a place is free again", lambda: len(first.client_list()) == 1)
        assert redis.Redis(port=tandem.resp_port).ping() is True
        first.close()
    finally:
        tandem.stop()


def test_bad_arguments_do_not_reach_the_server(client):
    with pytest.raises(DataError):
        client.set("k", object())
    assert client.exists("k") == 0
