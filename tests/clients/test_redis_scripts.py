"""redis-py's scripts and its Lock, and scripts of the shapes that job queues and limiters have."""

import threading

import pytest
import redis
from redis.exceptions import LockError, NoScriptError, ResponseError

LIMITER = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return n <= tonumber(ARGV[1]) and 1 or 0
"""

# Keys that are made of others, packed arguments and JSON: what queues do.
ADD_JOB = """
local prefix, options = KEYS[1], cmsgpack.unpack(ARGV[1])
local id = redis.call('INCR', prefix .. 'id')
local job = prefix .. id
redis.call('HSET', job, 'name', options[1], 'data', cjson.encode(options[2]))
redis.call('LPUSH', prefix .. 'wait', id)
return {id, cjson.decode(redis.call('HGET', job, 'data')).n}
"""

PACKED = b"\x92\xa4send\x81\xa1n\x07"


@pytest.fixture(params=[2, 3])
def client(request, tandem):
    with redis.Redis(port=tandem.resp_port, protocol=request.param) as client:
        client.flushall()
        yield client


def test_a_registered_script_is_loaded_where_it_is_unknown(client):
    script = client.register_script(LIMITER)
    client.script_flush()
    with pytest.raises(NoScriptError):
        client.evalsha(script.sha, 1, "limit", 2, 60000)
    assert [script(keys=["limit"], args=[2, 60000]) for _ in range(4)] == [1, 1, 0, 0]
    assert 0 < client.pttl("limit") <= 60000
    with client.pipeline() as pipe:
        script(keys=["other"], args=[1, 60000], client=pipe)
        pipe.get("other")
        assert pipe.execute() == [1, b"1"]
    assert client.script_exists(script.sha) == [True]


def test_a_lock_has_one_holder(client):
    lock = client.lock("lock", timeout=60)
    assert lock.acquire(blocking=False)
    assert not client.lock("lock", timeout=60).acquire(blocking=False)
    assert lock.extend(60) and lock.reacquire()
    lock.release()
    with pytest.raises(LockError):
        lock.release()


def test_a_lock_serialises_threads(client):
    def add():
        for _ in range(20):
            with client.lock("lock", timeout=60, sleep=0.001):
                client.set("n", int(client.get("n") or 0) + 1)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("n") == b"80"


def test_a_queue_makes_its_keys_of_others(client):
    assert client.eval(ADD_JOB, 1, "jobs:", PACKED) == [1, 7]
    assert client.eval(ADD_JOB, 1, "jobs:", PACKED) == [2, 7]
    assert client.lrange("jobs:wait", 0, -1) == [b"2", b"1"]
    assert client.hget("jobs:2", "name") == b"send"


def test_errors_of_scripts_say_where(client):
    with pytest.raises(ResponseError, match="on @user_script:2"):
        client.eval("\nreturn redis.call('NOSUCH')", 0)
