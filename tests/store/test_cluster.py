"""A cluster: every key by itself, one trip to several nodes, and slots that move."""

import signal
import time

import pytest
import redis
from redis.crc import key_slot

from store.connection import (
    StoreSettings,
    connect_primary,
    connect_publisher,
    connect_reader,
    follow,
    memory_of,
)
from store.versions import list_versions, roll_back
from tests.store_servers import Cluster, ended, wait_until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Three primaries; the tests leave every slot where it was."""
    with ended(Cluster(tmp_path_factory.mktemp("cluster"))) as cluster:
        yield cluster


@pytest.fixture
def settings(cluster):
    """Settings that a loaded machine does not put off."""
    return StoreSettings(url=cluster.url, timeout_ms=2000)


def owner_of(cluster, key):
    """The node that had *key*'s slot at the start."""
    return cluster.primaries[key_slot(key.encode()) * 3 // 16384]


def test_the_whole_shelf_goes_through_a_cluster(
    cluster, settings, publish_to, open_shelf, read_all
):
    """Publishing, rolling back, retiring's deletions and every trip of a request."""
    one, two = publish_to(settings, 1), publish_to(settings, 2)
    shelf = open_shelf(settings)
    shelf.refresh()
    assert read_all(shelf) == two
    with connect_publisher(settings) as client:
        assert roll_back(client, "demo", reason="try").version == one
        assert [record.version for record in list_versions(client, "demo")] == [one, two]
        assert len(memory_of(client)) == 3
    used = [node.client().dbsize() for node in cluster.primaries]
    assert min(used) > 0


def test_many_keys_are_one_question_each_node(cluster, settings):
    """Answers come in the order of the commands; every node is written to once."""
    keys = [f"k{n}" for n in range(60)]
    with connect_primary(settings) as client:
        pipeline = client.pipeline(transaction=False)
        for key in keys:
            pipeline.set(key, key)
        assert pipeline.execute() == [True] * 60
        nodes = [node.client() for node in cluster.primaries]
        before = [node.info("stats")["total_reads_processed"] for node in nodes]
        assert client.mget([*keys, "nothing"]) == [*(key.encode() for key in keys), None]
        after = [node.info("stats")["total_reads_processed"] for node in nodes]
    # One more is of the INFO that asks.
    assert all(later - first == 2 for first, later in zip(before, after, strict=True))
    assert len({key_slot(key.encode()) * 3 // 16384 for key in keys}) == 3


def test_a_slot_that_moved_is_found_and_remembered(cluster, settings):
    """MOVED costs one more trip, once; ASK, while a slot moves, is followed every time."""
    key = "moving"
    slot, source = key_slot(key.encode()), owner_of(cluster, key)
    target = next(node for node in cluster.primaries if node is not source)
    with connect_primary(settings) as client, source.client() as old, target.client() as new:
        client.set("stays", 1)
        ids = {node: node.client().execute_command("CLUSTER MYID") for node in cluster.primaries}
        new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
        old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[target])
        assert client.set(key, "asked") is True  # the key is new, so the target takes it
        assert client.mget(["stays", key, key]) == [b"1", b"asked", b"asked"]
        for node in (target, source, *cluster.primaries):
            node.client().execute_command("CLUSTER SETSLOT", slot, "NODE", ids[target])
        old.config_resetstat()
        assert [client.get(key) for _ in range(5)] == [b"asked"] * 5
        errors = old.info("errorstats")
        assert errors["errorstat_MOVED"]["count"] == 1
        client.delete(key)
        for node in (source, *cluster.primaries):
            node.client().execute_command("CLUSTER SETSLOT", slot, "NODE", ids[source])
        follow(client)
        assert client.set(key, "back") is True


def test_a_frozen_node_costs_one_timeout_and_no_search(cluster):
    """Its keys time out, others answer; the topology is not asked for within a request."""
    settings = StoreSettings(url=cluster.url, timeout_ms=300)
    frozen = cluster.primaries[1]
    theirs = next(k for k in map(str, range(99)) if owner_of(cluster, k) is frozen)
    other = next(k for k in map(str, range(99)) if owner_of(cluster, k) is cluster.primaries[0])
    with connect_reader(settings) as client:
        client.mget([theirs, other])
        frozen.send(signal.SIGSTOP)
        try:
            started = time.perf_counter()
            with pytest.raises(redis.TimeoutError):
                client.mget([other, theirs, other])
            assert time.perf_counter() - started < 0.9  # three timeouts would be a search
            assert client.get(other) is None
        finally:
            frozen.send(signal.SIGCONT)
        wait_until(lambda: client.mget([theirs, other]) == [None, None], "it answers in step")


def test_scripts_of_one_key_go_to_its_node(settings):
    """EVAL finds its node by its key; several keys are refused before anything is sent."""
    with connect_primary(settings) as client:
        script = "return {KEYS[1], ARGV[1]}"
        assert client.eval(script, 1, "some key", "x") == [b"some key", b"x"]
        assert client.ping() is True
        pipeline = client.pipeline(transaction=False)
        pipeline.get("a").eval(script, 2, "a", "b", "x")
        with pytest.raises(redis.RedisError, match="EVAL of 2 keys; expected one"):
            pipeline.execute()


def test_errors_of_one_command_name_it(settings):
    """As with a single server: the others were done, the first that failed is raised."""
    with connect_primary(settings) as client:
        client.set("text", "x")
        pipeline = client.pipeline(transaction=False)
        pipeline.lpush("text", 1).set("after", 1)
        with pytest.raises(redis.ResponseError, match="LPUSH text 1"):
            pipeline.execute()
        assert client.get("after") == b"1"


def test_no_node_that_answers_is_said():
    """The error lists what was asked."""
    settings = StoreSettings(url="redis+cluster://127.0.0.1:1,127.0.0.1:2")
    with (
        connect_reader(settings) as client,
        pytest.raises(redis.ConnectionError, match=r"no node .*127\.0\.0\.1:2"),
    ):
        client.get("x")


def test_replicas_are_read_and_promoted_ones_followed(tmp_path, publish_to, open_shelf, read_all):
    """Reads go to replicas, to the primary when one is gone; a new primary is found by a look."""
    with ended(Cluster(tmp_path / "servers", replicas=True)) as cluster:
        settings = StoreSettings(url=cluster.url, timeout_ms=2000, read_from="replica")
        version = publish_to(settings)
        for node in cluster.primaries:
            with node.client() as client:
                client.wait(1, 5000)
        shelf = open_shelf(settings)
        shelf.refresh()
        for node in cluster.primaries:
            node.client().config_resetstat()
        assert read_all(shelf) == version
        for node in cluster.primaries:
            assert not {"cmdstat_hget", "cmdstat_get"} & node.client().info("commandstats").keys()
        cluster.replicas[0].send(signal.SIGKILL)
        shelf.refresh()
        assert read_all(shelf) == version
        cluster.primaries[1].send(signal.SIGKILL)
        promoted = cluster.replicas[1].client()
        wait_until(lambda: promoted.info("replication")["role"] == "master", "it is promoted")
        wait_until(lambda: _is_read(shelf), "every node has heard of it")
        assert read_all(shelf) == version
        with connect_primary(settings) as client:
            keys = [f"k{n}" for n in range(30)]
            assert wait_until(lambda: _written(client, keys), "all slots can be written")


def _is_read(shelf):
    try:
        shelf.refresh()
        shelf.fetch_similar(shelf.snapshot, [f"i{k}" for k in range(40)])
    except redis.RedisError:
        return False
    return True


def _written(client, keys):
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.set(key, 1)
    try:
        return all(pipeline.execute())
    except redis.RedisError:
        follow(client)
        return False
