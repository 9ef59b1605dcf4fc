"""The store is frozen, emptied, full, promoted or loses what is live: 200 for every request.

Seconds are only told apart from "never": a busy machine gets ten times what the benchmark demands.
"""

import time
from http import HTTPStatus

from benchmarks.chaos_runners.scenarios import (
    drop_version,
    fill_up,
    freeze,
    is_personal,
    promote,
    recovery_s,
    restart_empty,
)
from benchmarks.chaos_runners.site import Site
from store.connection import StoreSettings, connect_publisher
from store.pointer import read_active
from store.versions import activate
from tests.serving.chaos.conftest import load_of, publish_days
from tests.store_servers import Watched, ended, wait_until

LATE_S, SLOW_S = 20.0, 1.5  # of recovering (2 s), and of one answer in a hundred (0.15 s)


def check(load, since, tiers):
    """Everybody was answered, by *tiers* alone, and nearly all of them at once."""
    seen = load.seen(since)
    assert {one.status for one in seen} == {HTTPStatus.OK}
    assert {one.tier for one in seen} <= tiers
    late = sum(one.seconds > SLOW_S for one in seen)
    assert late <= len(seen) / 100
    return seen


def calls(client):
    """Commands that the store was asked, by name."""
    stats = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): about["calls"] for name, about in stats.items()}


def test_a_frozen_store_is_left_alone(stage):
    """Answers come from what is held; requests stop asking, and ask again when it goes on."""
    with stage.load() as load, stage.store.client() as client:
        started = time.monotonic()
        client.config_resetstat()
        back = freeze(stage.store, 1.5)
        assert recovery_s(load, back) < LATE_S
        seen = check(load, started, {"personal", "segment", "trending"})
        meanwhile = [one for one in seen if started + 0.3 < one.at < back]
        assert {one.tier for one in meanwhile} == {"trending"}
        asked = calls(client).get("lrange", 0)
    # What was asked of it while it was frozen it did later: as many as answers, had nobody stopped.
    personal = sum(map(is_personal, seen))
    assert asked - personal < len(meanwhile) / 4


def test_a_store_that_comes_back_empty(stage):
    """Gone, empty, published again: the lists that are held, then everybody's own."""
    with stage.load() as load:
        started = time.monotonic()
        back = restart_empty(stage.store, stage.publish, 0.5)
        assert recovery_s(load, back) < LATE_S
        seen = check(load, started, {"personal", "segment", "trending"})
        assert "trending" in {one.tier for one in seen if one.at < back}


def test_a_full_store_is_read(stage):
    """No memory for a write is no reason to read less."""
    with stage.load() as load:
        started = time.monotonic()
        assert fill_up(stage.store, 0.5)
        check(load, started, {"personal"})


def test_what_is_live_is_deleted_under_its_readers(stage):
    """Held lists and fallbacks answer; activating a version that is there mends it."""
    with stage.load() as load, stage.store.client() as client:
        started = time.monotonic()
        live = read_active(client, "demo").version
        other = next(
            name.decode() for name in client.hkeys("ns:demo:versions") if name.decode() != live
        )
        assert drop_version(client, "demo", live) > 10
        time.sleep(1.5)
        activate(client, "demo", other)
        back = time.monotonic()
        assert recovery_s(load, back) < LATE_S
        check(load, started, {"personal", "segment", "trending"})
        stage.publish()


def test_a_promoted_replica_is_read(tmp_path):
    """After a failover everybody has their own list again, and nobody was turned away."""
    with ended(Watched(tmp_path / "servers")) as watched:
        publish_days(watched.url, tmp_path)
        with watched.replica.client() as replica:
            wait_until(lambda: replica.get("ns:demo:active"), "the replica has the pointer")
        with ended(Site(tmp_path / "site", watched.url)) as site:
            site.wait_until_ready()
            with load_of(site) as load:
                assert load.wait_for(is_personal, 100, 30)
                started = time.monotonic()
                back = promote(watched)
                assert recovery_s(load, back) < LATE_S
                seen = check(load, started, {"personal", "segment", "trending"})
                assert "trending" in {one.tier for one in seen if one.at < back}
        with connect_publisher(StoreSettings(url=watched.url)) as client:
            assert client.info("server")["tcp_port"] == watched.replica.port
