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
    client = pymemcache.Client(("127.0.0.1", server.memcached_port))
    client.flush_all()
    client.close()
    return server
