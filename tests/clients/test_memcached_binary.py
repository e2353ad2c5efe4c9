"""pylibmc and python-binary-memcached in memcached's binary protocol, with and without SASL."""

import os
import signal
import socket

import bmemcached
import pylibmc
import pytest
from bmemcached.exceptions import MemcachedException

from server import Tandem, wait_until

# As in the article, but for num_threads, which is no behavior of pylibmc.
BEHAVIORS = {"tcp_nodelay": True, "ketama": True, "no_block": True}


@pytest.fixture
def mc(tandem):
    return pylibmc.Client(
        [f"127.0.0.1:{tandem.memcached_port}"], binary=True, behaviors=BEHAVIORS
    )


@pytest.fixture
def client(tandem):
    client = bmemcached.Client((f"127.0.0.1:{tandem.memcached_port}",))
    yield client
    client.disconnect_all()


def test_the_article_s_client_does_all_that_it_can(mc):
    # But for get_stats, which libmemcached does not bring to an end with memcached either.
    assert mc.set("key", "value")
    assert mc.get("key") == "value"
    assert mc.get("nosuch") is None
    assert mc.add("key", "other") is False
    assert mc.replace("key", "other")
    with pytest.raises(pylibmc.NotFound):
        mc.replace("nosuch", "other")
    assert mc.set("text", b"b")
    assert mc.append("text", b"c") and mc.prepend("text", b"a")
    assert mc.get("text") == b"abc"
    assert mc.set("n", 1)
    assert mc.incr("n", 41) == 42
    assert mc.decr("n", 100) == 0
    with pytest.raises(pylibmc.NotFound):
        mc.incr("nosuch")
    assert mc.touch("key", 100)
    assert mc.delete("key") is True
    assert mc.delete("key") is False
    assert mc.flush_all()
    assert mc.get("text") is None


def test_objects_of_every_kind_come_back(mc):
    cart = {"id": 12345, "tags": ["a", "b"], "price": 29.99, "none": None}
    values = {"cart": cart, "int": 7, "bool": True, "bytes": b"\x00\xff", "text": "ключ"}
    for name, value in values.items():
        assert mc.set(name, value, time=100)
    assert mc.get_multi([*values, "nosuch"]) == values
    assert mc.set("big", "x" * 500_000)
    assert mc.get("big") == "x" * 500_000


def test_many_keys_go_at_once(mc):
    values = {f"key:{i}": f"value {i}" for i in range(2000)}
    assert mc.set_multi(values) == []
    assert mc.get_multi(list(values)) == values
    # It is told of nothing that was removed, and of everything that was not there.
    assert mc.delete_multi([f"key:{i}" for i in range(1000)])
    assert len(mc.get_multi(list(values))) == 1000


def test_a_value_too_big_is_refused_and_gone(mc):
    assert mc.set("big", "small")
    with pytest.raises(pylibmc.Error):
        mc.set("big", os.urandom(1_200_000))
    assert mc.get("big") is None
    assert mc.set("key", "value") and mc.get("key") == "value"


def test_cas_in_the_binary_protocol(tandem):
    address = [f"127.0.0.1:{tandem.memcached_port}"]
    mc = pylibmc.Client(address, binary=True, behaviors={**BEHAVIORS, "cas": True})
    assert mc.set("k", "old")
    value, token = mc.gets("k")
    assert value == "old"
    assert mc.cas("k", "new", token)
    assert mc.cas("k", "newer", token) is False
    assert mc.get("k") == "new"


def test_every_verb_of_bmemcached(client):
    assert client.set("k", "v", time=100)
    assert client.get("k") == "v"
    assert client.get("nosuch") is None
    assert client.add("k", "w") is False
    assert client.replace("k", "w")
    value, token = client.gets("k")
    assert value == "w"
    assert client.cas("k", "x", token)
    assert client.cas("k", "y", token) is False
    assert client.incr("n", 5, default=10) == 10
    assert client.incr("n", 5) == 15
    assert client.decr("n", 100) == 0
    assert client.set_multi({"a": 1, "b": 2}) == []
    assert client.get_multi(["a", "b", "nosuch"]) == {"a": 1, "b": 2}
    assert client.delete("a") and client.get("a") is None
    (stats,) = client.stats().values()
    assert stats["version"] == b"1.6.45"
    assert client.flush_all()
    assert client.get("k") is None


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


@pytest.fixture
def guarded(tmp_path):
    passwords = written(tmp_path, "passwords", "user:secret\n")
    config = f'[memcached]\nenable-sasl = true\nsasl-password-file = "{passwords}"\n'
    tandem = Tandem("--config", str(written(tmp_path, "tandem.toml", config)))
    yield tandem, passwords
    assert tandem.stop() == 0


def logged_in(tandem, password):
    address = (f"127.0.0.1:{tandem.memcached_port}",)
    return bmemcached.Client(address, "user", password)


def test_sasl_lets_in_who_knows_the_password(guarded):
    tandem, _ = guarded
    client = logged_in(tandem, "secret")
    assert client.set("k", "v")
    assert client.get("k") == "v"
    client.disconnect_all()
    with pytest.raises(MemcachedException, match="Auth failure"):
        logged_in(tandem, "wrong").get("k")
    with socket.create_connection(("127.0.0.1", tandem.memcached_port)) as stranger:
        stranger.sendall(b"get k\r\n")
        assert stranger.recv(100) == b"", "there is no text protocol beside it"


def test_new_passwords_are_read_at_a_hangup(guarded):
    tandem, passwords = guarded
    logged_in(tandem, "secret").get("k")
    passwords.write_text("user:other\n")
    tandem.process.send_signal(signal.SIGHUP)
    wait_until("it is read", lambda: "passwords are read again" in tandem.read_log())
    logged_in(tandem, "other").get("k")
    with pytest.raises(MemcachedException, match="Auth failure"):
        logged_in(tandem, "secret").get("k")
    passwords.write_text("nonsense\n")
    tandem.process.send_signal(signal.SIGHUP)
    wait_until("it is refused", lambda: "line 1: expected name:password" in tandem.read_log())
    logged_in(tandem, "other").get("k")
