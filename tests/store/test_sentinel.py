"""Sentinels: who is asked, who is followed, and how long a promoted replica takes to be found."""

import signal
import time

import pytest
import redis

from store.connection import (
    StoreSettings,
    StoreUnreachableError,
    connect_primary,
    connect_publisher,
    connect_reader,
    follow,
)
from store.versions import list_versions, roll_back
from tests.store_servers import Watched, ended, wait_until


@pytest.fixture
def watched(tmp_path):
    """A primary, its replica and one Sentinel."""
    with ended(Watched(tmp_path / "servers")) as watched:
        yield watched


def settings_of(watched, **more):
    """Settings that a loaded machine does not put off."""
    return StoreSettings(url=watched.url, timeout_ms=2000, **more)


def port_of(client):
    """The port of the server that *client* reads."""
    return client.info("server")["tcp_port"]


def test_the_whole_shelf_goes_through_sentinels(watched, publish_to, open_shelf, read_all):
    """Publishing, rolling back and every trip of a request; from the replica as well."""
    settings = settings_of(watched)
    one, two = publish_to(settings, 1), publish_to(settings, 2)
    replica = watched.replica.client()
    wait_until(lambda: (replica.get("ns:demo:active") or b"").startswith(b"2 "), "it is copied")
    for read_from in ("primary", "replica"):
        shelf = open_shelf(settings_of(watched, read_from=read_from))
        shelf.refresh()
        assert read_all(shelf) == two
    with connect_publisher(settings) as client:
        assert roll_back(client, "demo", reason="try").version == one
        assert [record.version for record in list_versions(client, "demo")] == [one, two]
    replica.close()


def test_a_promoted_replica_is_followed(watched, publish_to, open_shelf, read_all):
    """After a failover a look finds the new primary; the old one's return changes nothing."""
    version = publish_to(settings_of(watched))
    shelf = open_shelf(settings_of(watched))
    shelf.refresh()
    replica = watched.replica.client()
    wait_until(lambda: replica.get("ns:demo:active"), "the replica has the pointer")
    watched.primary.send(signal.SIGKILL)
    wait_until(lambda: replica.info("replication")["role"] == "master", "it is promoted")
    promoted = time.monotonic()

    def is_found():
        try:
            shelf.refresh()
        except redis.RedisError:
            return False
        return True

    wait_until(is_found, "the new primary is found")
    assert time.monotonic() - promoted < 20  # 2 s on an idle machine, a look a second included
    assert read_all(shelf) == version
    watched.primary.start()
    shelf.refresh()
    assert port_of(shelf._client) == watched.replica.port
    with connect_publisher(settings_of(watched)) as client:
        assert port_of(client) == watched.replica.port
    replica.close()


def test_a_replica_that_is_gone_is_not_read(watched):
    """The reader turns to the primary once the Sentinel has seen it; writes never left it."""
    settings = settings_of(watched, read_from="replica")
    with connect_reader(settings) as reader, connect_primary(settings) as writer:
        assert (port_of(reader), port_of(writer)) == (watched.replica.port, watched.primary.port)
        assert writer.set("x", 1)
        watched.replica.send(signal.SIGKILL)

        def is_left():
            follow(reader)
            return port_is(reader, watched.primary.port)

        wait_until(is_left, "the primary is read")


def port_is(client, port):
    """Whether *client* reads the server on *port*; no answer is none."""
    try:
        return port_of(client) == port
    except redis.RedisError:
        return False


def test_silent_sentinels_leave_the_server_known_last(watched):
    """No Sentinel answers: reading goes on; a reader that starts then says what it asked."""
    settings = StoreSettings(url=watched.url, timeout_ms=200)
    with connect_reader(settings) as reader:
        assert reader.get("x") is None
        watched.sentinels[0].send(signal.SIGKILL)
        follow(reader)
        assert reader.get("x") is None
    with (
        connect_reader(settings) as reader,
        pytest.raises(redis.ConnectionError, match="no Sentinel knows the server"),
    ):
        reader.get("x")


def test_an_unknown_service_is_said(watched):
    """A Sentinel that watches other services is no address of this one."""
    settings = StoreSettings(url=watched.url.replace("/shelf/", "/other/"), timeout_ms=2000)
    with (
        connect_reader(settings) as reader,
        pytest.raises(redis.ConnectionError, match="watches no service 'other'"),
    ):
        reader.get("x")


def test_the_first_sentinels_silence_is_passed_over(tmp_path):
    """With three Sentinels one that is gone costs a look; requests never ask any."""
    with ended(Watched(tmp_path, n_sentinels=3)) as watched:
        watched.sentinels[0].send(signal.SIGKILL)
        with connect_reader(settings_of(watched)) as reader:
            assert reader.get("x") is None
            for sentinel in watched.sentinels[1:]:
                sentinel.send(signal.SIGSTOP)
            assert reader.get("x") is None


def test_a_publisher_names_sentinels_that_do_not_answer(monkeypatch):
    """The error has the address without its password."""
    monkeypatch.setattr("store.connection.FAILOVER_RETRIES", 1)  # a failover is not waited for
    url = "redis+sentinel://:secret@127.0.0.1:1/shelf"
    with pytest.raises(StoreUnreachableError, match=r"redis\+sentinel://:\*\*\*@127") as caught:
        connect_publisher(StoreSettings(url=url))
    assert "secret" not in str(caught.value)
