"""What the client tests share: a server for each file and fresh keyspaces for each test."""

import pymemcache
import pytest
import redis

from server import Tandem


@pytest.fixture(scope="module")
def server():
    tandem = Tandem()
    yield tandem
    assert tandem.stop() == 0


@pytest.fixture
def tandem(server):
    with redis.Redis(port=server.resp_port) as client:
        client.flushall()
    # An answer must be awaited: a flush without one may come after the test's first store.
    client = pymemcache.Client(("127.0.0.1", server.memcached_port), default_noreply=False)
    client.flush_all()
    client.close()
    return server
