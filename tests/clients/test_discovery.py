"""Auto discovery with the ElastiCache client of django-elastipymemcache."""

import json
import urllib.request

import pytest
from django_elastipymemcache.client import AWSElastiCacheClient
from pymemcache.client.base import Client

from server import Tandem

N_NODES = 3


@pytest.fixture(scope="module")
def cluster():
    servers = [Tandem() for _ in range(N_NODES)]
    yield servers
    assert [it.stop() for it in servers] == [0] * N_NODES


def put_list(server, ports):
    nodes = [{"host": "localhost", "ip": "127.0.0.1", "port": port} for port in ports]
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.admin_port}/api/memcached/cluster",
        data=json.dumps({"nodes": nodes}).encode(),
        headers={"Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["version"]


def discover(server, **options):
    return AWSElastiCacheClient(f"127.0.0.1:{server.memcached_port}", **options)


def ports_of(client):
    return sorted(int(name.rsplit(":", 1)[1]) for name in client.clients)


def test_a_node_alone_tells_itself(cluster):
    client = discover(cluster[0])
    assert list(client.clients) == [f"127.0.0.1:{cluster[0].memcached_port}"]
    assert client.set("k", "v", noreply=False) and client.get("k") == b"v"


@pytest.mark.parametrize("by_address", [True, False])
def test_keys_are_spread_over_the_nodes_of_the_list(cluster, by_address):
    ports = [it.memcached_port for it in cluster]
    before = put_list(cluster[0], [])
    assert put_list(cluster[0], ports) == before + 1
    client = discover(cluster[0], use_vpc_ip_address=by_address)
    assert ports_of(client) == sorted(ports)
    assert {name.split(":")[0] for name in client.clients} == {
        "127.0.0.1" if by_address else "localhost"
    }
    for index in range(100):
        assert client.set(f"spread{index}", str(index), noreply=False)
    held = [Client(("127.0.0.1", port)).stats()[b"curr_items"] for port in ports]
    assert min(held) > 0
    assert all(client.get(f"spread{index}") == str(index).encode() for index in range(100))


def test_a_client_finds_the_change_of_a_list(cluster):
    ports = [it.memcached_port for it in cluster]
    put_list(cluster[0], ports)
    # It looks again before each command that comes later than this.
    client = discover(cluster[0], discovery_interval=1e-9)
    assert ports_of(client) == sorted(ports)
    put_list(cluster[0], ports[:2])
    client.get("k")
    assert ports_of(client) == sorted(ports[:2])
