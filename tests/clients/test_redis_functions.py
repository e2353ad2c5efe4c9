"""redis-py's functions: libraries loaded, listed, called and carried from one server to another."""

import pytest
import redis
from redis.exceptions import ResponseError


@pytest.fixture(params=[2, 3])
def client(request, tandem):
    with redis.Redis(port=tandem.resp_port, protocol=request.param) as client:
        client.flushall()
        yield client


LIBRARY = """#!lua name=jobs
local function key(id) return 'job:' .. id end
redis.register_function('add', function(keys, args)
  local id = redis.call('INCR', keys[1])
  redis.call('HSET', key(id), 'name', args[1])
  return id
end)
redis.register_function{
  function_name = 'name_of', callback = function(_, args)
    return redis.call('HGET', key(args[1]), 'name')
  end, flags = {'no-writes'},
}
"""


@pytest.fixture
def jobs(client):
    client.function_flush()
    assert client.function_load(LIBRARY) in (b"jobs", "jobs")
    yield client
    client.function_flush()


def names_of_functions(client):
    (library,) = client.function_list(library="jobs", withcode=True)
    if isinstance(library, list):
        library = dict(zip(library[::2], library[1::2]))
        functions = [dict(zip(it[::2], it[1::2])) for it in library[b"functions"]]
    else:
        functions = library[b"functions"]
    assert library[b"library_code"] == LIBRARY.encode()
    return {it[b"name"]: set(it[b"flags"]) for it in functions}


def test_functions_of_a_library_are_called(jobs):
    assert names_of_functions(jobs) == {b"add": set(), b"name_of": {b"no-writes"}}
    assert [jobs.fcall("add", 1, "ids", name) for name in ("mail", "bill")] == [1, 2]
    assert jobs.fcall_ro("name_of", 0, 2) == b"bill"
    with pytest.raises(ResponseError, match="write flag"):
        jobs.fcall_ro("add", 1, "ids", "x")
    with pytest.raises(ResponseError, match="already exists"):
        jobs.function_load(LIBRARY)
    jobs.function_load(LIBRARY, replace=True)
    assert jobs.function_delete("jobs")
    with pytest.raises(ResponseError, match="Function not found"):
        jobs.fcall("add", 1, "ids", "x")


def test_libraries_come_back_from_a_dump(jobs):
    payload = jobs.function_dump()
    with pytest.raises(ResponseError, match="already exists"):
        jobs.function_restore(payload)
    assert jobs.function_restore(payload, "REPLACE")
    jobs.function_flush("SYNC")
    assert jobs.function_list() == []
    assert jobs.function_restore(payload, "FLUSH")
    with jobs.pipeline() as pipeline:
        pipeline.fcall("add", 1, "ids", "mail")
        pipeline.fcall_ro("name_of", 0, 1)
        assert pipeline.execute() == [1, b"mail"]
