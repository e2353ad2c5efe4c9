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


def test_consumers_share_a_stream(client):
    ids = [client.xadd("jobs", {"n": n}) for n in range(4)]
    assert client.xgroup_create("jobs", "workers", id="0") is True
    with pytest.raises(ResponseError, match="BUSYGROUP"):
        client.xgroup_create("jobs", "workers", id="0")
    client.xreadgroup("workers", "one", {"jobs": ">"}, count=3)
    assert client.xinfo_groups("jobs")[0]["lag"] == 1
    pending = client.xpending_range("jobs", "workers", "-", "+", 10, consumername="one")
    assert [it["message_id"] for it in pending] == ids[:3]
    claimed = client.xclaim("jobs", "workers", "two", 0, [ids[0]])
    assert claimed == [(ids[0], {"n": "0"})]
    client.xdel("jobs", ids[1])
    start, claimed, gone = client.xautoclaim("jobs", "workers", "two", 0, "0-0")
    assert (start, [it[0] for it in claimed], gone) == ("0-0", [ids[0], ids[2]], [ids[1]])
    names = {it["name"]: it["pending"] for it in client.xinfo_consumers("jobs", "workers")}
    assert names == {"one": 0, "two": 2}
    assert client.xgroup_delconsumer("jobs", "workers", "two") == 2
    assert client.xrevrange("jobs", count=1) == [(ids[3], {"n": "3"})]
    full = client.xinfo_stream("jobs", full=True)
    assert len(full["entries"]) == 3
    assert client.xgroup_destroy("jobs", "workers") == 1
    with pytest.raises(ResponseError, match="NOGROUP"):
        client.xreadgroup("workers", "one", {"jobs": ">"})


def test_a_reader_waits_for_a_stream(client):
    client.xadd("feed", {"n": 1})
    assert not client.xread({"feed": "$"}, block=10)
    read = client.xread({"feed": "0"}, block=10)
    # RESP3 answers a map of streams, RESP2 a list of pairs.
    entries = read["feed"][0] if isinstance(read, dict) else read[0][1]
    assert [fields for _, fields in entries] == [{"n": "1"}]


def test_a_leaderboard_in_a_sorted_set(client):
    assert client.zadd("board", {"ann": 10, "bob": 20, "cy": 30.5}) == 3
    assert client.zadd("board", {"ann": 15}, gt=True, ch=True) == 1
    assert client.zadd("board", {"ann": 1}, gt=True, ch=True) == 0
    assert client.zadd("board", {"bob": 2.5}, incr=True) == 22.5
    assert client.zincrby("board", -0.5, "cy") == 30
    assert client.zscore("board", "ann") == 15
    assert client.zmscore("board", ["ann", "nobody"]) == [15, None]
    assert client.zrank("board", "ann") == 0
    assert client.zrevrank("board", "ann") == 2
    assert client.zrange("board", 0, -1, desc=True) == ["cy", "bob", "ann"]
    with_scores = client.zrange("board", 0, 0, withscores=True)
    assert [tuple(it) for it in with_scores] == [("ann", 15.0)]
    assert client.zrangebyscore("board", "(15", "+inf") == ["bob", "cy"]
    assert client.zcount("board", 0, 22.5) == 2
    popped = client.zpopmax("board", 1)
    assert [tuple(it) for it in popped] == [("cy", 30.0)]
    assert client.zadd("other", {"bob": 1, "dan": 2}) == 2
    assert client.zunionstore("all", ["board", "other"], aggregate="MAX") == 3
    assert client.zrange("all", 0, -1) == ["dan", "ann", "bob"]
    assert client.zinter(["board", "other"]) == ["bob"]
    assert client.zdiff(["board", "other"]) == ["ann"]
    assert client.zremrangebyrank("all", 0, 0) == 1
    assert client.zrem("board", "ann", "bob") == 2
    assert client.exists("board") == 0
    assert client.bzpopmin("other", timeout=1)[1] == "bob"


def test_names_in_order_in_a_big_sorted_set(client):
    assert client.zadd("names", {f"name:{it:04}": 0 for it in range(1000)}) == 1000
    assert client.zlexcount("names", "[name:01", "(name:02") == 100
    assert client.zrangebylex("names", "[name:0998", "+") == ["name:0998", "name:0999"]
    assert client.zrank("names", "name:0500") == 500
    assert len(dict(client.zscan_iter("names", count=50))) == 1000
    assert client.zrange("names", "-", "+", bylex=True, offset=10, num=1) == ["name:0010"]
    assert client.zremrangebylex("names", "-", "(name:0900") == 900
    assert client.zrandmember("names").startswith("name:09")


def test_places_on_earth(client):
    places = [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]
    assert client.geoadd("sicily", places) == 2
    assert round(client.geodist("sicily", "Palermo", "Catania", "km"), 1) == 166.3
    assert client.geohash("sicily", "Palermo") == ["sqc8b49rny0"]
    (position, nothing) = client.geopos("sicily", "Palermo", "Rome")
    assert (round(position[0], 3), round(position[1], 3), nothing) == (13.361, 38.116, None)
    near = {"longitude": 15, "latitude": 37, "radius": 200, "unit": "km", "sort": "ASC"}
    assert client.geosearch("sicily", **near) == ["Catania", "Palermo"]
    found = client.geosearch("sicily", **near, withdist=True, count=1)
    assert [(name, round(distance, 1)) for name, distance in found] == [("Catania", 56.4)]
    box = {"member": "Palermo", "width": 400, "height": 400, "unit": "km"}
    assert client.geosearchstore("boxed", "sicily", **box) == 2
    assert client.zcard("boxed") == 2
    assert client.georadiusbymember("sicily", "Palermo", 100, "km") == ["Palermo"]
