"""redis-py against Tandem: what applications do with each data type, in both protocol versions."""

import pytest
import redis
from redis.exceptions import ResponseError


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def client(request, tandem):
    with redis.Redis(
        port=tandem.resp_port, protocol=request.param, decode_responses=True
    ) as client:
        client.flushall()
        yield client


def test_daily_visitors_in_bitmaps(client):
    days = {"visits:mon": [1, 5, 900], "visits:tue": [5, 7, 900]}
    for day, users in days.items():
        for user in users:
            assert client.setbit(day, user, 1) == 0
    assert client.getbit("visits:mon", 5) == 1
    assert client.getbit("visits:mon", 6) == 0
    assert client.bitcount("visits:mon") == 3
    assert client.bitcount("visits:mon", 0, 7, "BIT") == 2
    assert client.bitpos("visits:mon", 1) == 1
    assert client.bitop("AND", "visits:both", "visits:mon", "visits:tue") == 113
    assert client.bitcount("visits:both") == 2
    assert client.bitop("OR", "visits:any", "visits:mon", "visits:tue") == 113
    assert client.bitcount("visits:any") == 4


def test_counters_in_a_bitfield(client):
    fields = client.bitfield("counters")
    assert fields.set("u8", "#0", 250).incrby("u8", "#0", 10).get("u8", "#0").execute() == [0, 4, 4]
    fields = client.bitfield("counters", default_overflow="FAIL")
    assert fields.incrby("u8", "#0", 252).execute() == [None]
    assert client.bitfield_ro("counters", "u8", "#0") == [4]


def test_unique_visitors_in_a_hyperloglog(client):
    assert client.pfadd("monday", *range(1000)) == 1
    assert client.pfadd("monday", 1, 2, 3) == 0
    assert client.pfadd("tuesday", *range(500, 1500)) == 1
    assert abs(client.pfcount("monday") - 1000) < 30
    assert abs(client.pfcount("monday", "tuesday") - 1500) < 45
    assert client.pfmerge("week", "monday", "tuesday") is True
    assert client.pfcount("week") == client.pfcount("monday", "tuesday")
    client.set("text", "text")
    with pytest.raises(ResponseError, match="not a valid HyperLogLog"):
        client.pfadd("text", 1)


def test_a_queue_in_a_list(client):
    assert client.rpush("jobs", "a", "b", "c") == 3
    assert client.lrange("jobs", 0, -1) == ["a", "b", "c"]
    assert client.lmove("jobs", "running", "LEFT", "RIGHT") == "a"
    assert client.lrem("running", 1, "a") == 1
    assert client.exists("running") == 0
    assert client.lpop("jobs", 5) == ["b", "c"]
    assert client.lpop("jobs") is None
    assert client.lpush("recent", *range(20)) == 20
    assert client.ltrim("recent", 0, 9) is True
    assert client.llen("recent") == 10
    assert client.lindex("recent", 0) == "19"
    assert client.linsert("recent", "BEFORE", "19", "first") == 11
    assert client.lpos("recent", "19") == 1
    assert client.lset("recent", 0, "changed") is True
    assert client.lmpop(2, "nosuch", "recent", direction="LEFT") == ["recent", ["changed"]]


def test_tags_in_sets(client):
    assert client.sadd("tags:1", "red", "round") == 2
    assert client.sadd("tags:2", "red", "square") == 2
    assert client.sismember("tags:1", "red") == 1
    assert client.smismember("tags:1", ["red", "square"]) == [1, 0]
    assert set(client.smembers("tags:1")) == {"red", "round"}
    assert set(client.sinter("tags:1", "tags:2")) == {"red"}
    assert set(client.sunion("tags:1", "tags:2")) == {"red", "round", "square"}
    assert client.sintercard(2, ["tags:1", "tags:2"]) == 1
    assert client.sdiffstore("only", "tags:1", "tags:2") == 1
    assert client.smove("only", "tags:2", "round") == 1
    assert client.scard("tags:2") == 3
    client.sadd("big", *range(1000))
    assert set(client.sscan_iter("big", count=50)) == {str(it) for it in range(1000)}
    assert client.spop("big") is not None
    assert client.scard("big") == 999
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        client.lpush("big", "x")


def test_events_in_a_stream(client):
    first = client.xadd("events", {"kind": "start", "n": 1})
    client.xadd("events", {"kind": "stop"})
    assert client.xlen("events") == 2
    assert client.xrange("events", count=1) == [(first, {"kind": "start", "n": "1"})]
    assert client.xgroup_create("events", "workers", id="0") is True
    read = client.xreadgroup("workers", "me", {"events": ">"}, count=1)
    # RESP3 answers a map of streams, RESP2 a list of pairs.
    entries = read["events"][0] if isinstance(read, dict) else read[0][1]
    assert entries == [(first, {"kind": "start", "n": "1"})]
    assert client.xpending("events", "workers")["pending"] == 1
    assert client.xack("events", "workers", first) == 1
    assert client.xpending("events", "workers")["pending"] == 0
    assert client.xtrim("events", maxlen=1, approximate=False) == 1
    assert client.xinfo_stream("events")["length"] == 1
