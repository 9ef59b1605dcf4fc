"""A poller goes on whatever it finds, and readiness tells when it does not."""

import json

import pytest

from serving.health import POLLER
from serving.lists.static_lists import read_static
from serving.settings import static_file
from serving.shelf.poller import LATE_POLLS, Poller
from serving.shelf.reader import MOST_SAID
from store.keys import NamespaceKeys, bucket_of
from tests.shelf_fixtures import version_id

ONE = version_id(1)
KEYS = NamespaceKeys("demo").version(ONE)


@pytest.fixture
def unforeseen(site, monkeypatch):
    """The site over a version that makes the reader fail in a way that nobody thought of."""

    def fail():
        raise AttributeError("'list' object has no attribute 'items'")

    monkeypatch.setattr(site.shelf, "refresh", fail)
    return site


def test_a_version_of_any_shape_ends_no_poller(unforeseen, client, caplog, monkeypatch):
    """What is wrong is in the log once, and the next version is seen."""
    site = unforeseen
    for _ in range(3):
        site.poller.poll()
    assert caplog.text.count("the live version cannot be read") == 1
    monkeypatch.undo()
    client.set("ns:demo:active", f"10 {ONE}")
    site.poller.poll()
    assert site.shelf.snapshot.pointer.generation == 10
    assert site.recs("u1")["served_by"] == "personal"


def test_a_process_starts_over_a_version_of_any_shape(unforeseen):
    """The first look may find what it likes: the thread runs."""
    site = unforeseen
    poller = Poller(site.shelf, every_s=60, static_path=static_file(site.settings))
    poller.start()
    assert poller._thread.is_alive()
    poller.stop()
    assert not poller._thread.is_alive()


def test_lists_with_half_a_surrogate_pair_are_saved(site, client):
    """The file is UTF-8 that a later process reads; the poller does not end."""
    for key in client.scan_iter(KEYS.catalogue(0).rsplit(":", 1)[0] + ":*"):
        rows = [[row[0], "half \ud83d", *row[2:]] for row in json.loads(client.get(key))]
        client.set(key, json.dumps(rows))
    site.shelf._catalogue.forget()
    site.shelf.snapshot = None
    site.poller.poll()
    saved = read_static(static_file(site.settings))
    assert saved.provenance.version == ONE
    titles = {json.loads(s.row.title_text) for row in saved.surfaces.values() for s in row}
    assert titles == {"half \ud83d"}


def test_lists_that_cannot_be_saved_are_said_once(site, tmp_path, caplog):
    """The disk is full or gone: a line in the log, not one a second."""
    (tmp_path / "file").write_text("")
    poller = Poller(site.shelf, every_s=60, static_path=tmp_path / "file" / "static.json")
    site.shelf.snapshot = None
    for _ in range(3):
        poller.poll()
    assert caplog.text.count("cannot be saved") == 1
    assert "reached again" not in caplog.text


def test_readiness_tells_of_a_poller_that_does_not_look(site):
    """Still 200, since lists are there, but degraded."""
    app = site.http.application
    app.extensions[POLLER] = site.poller
    assert site.http.get("/health/ready").get_json()["checks"]["poll"] == "ok"
    site.poller.looked_at -= LATE_POLLS + 1
    ready = site.http.get("/health/ready")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "degraded")
    assert "not looked at" in ready.get_json()["checks"]["poll"]
    site.poller.poll()
    assert site.http.get("/health/ready").get_json()["status"] == "ready"


def test_readiness_tells_an_empty_store_from_one_that_is_away(site, client):
    """What is to be done differs: publish a run, or start the store."""
    site.http.application.extensions[POLLER] = site.poller
    client.flushall()
    site.poller.poll()
    said = site.http.get("/health/ready").get_json()["checks"]["store"]
    assert said.startswith("reached, but no version is active: publish a run")


def test_damage_everywhere_does_not_fill_memory_or_log(site, caplog):
    """What is said of a version, once each, ends somewhere."""
    for number in range(MOST_SAID + 50):
        site.shelf._reader.note(f"row {number}", ValueError("damaged"))
    assert len(site.shelf._reader._damaged) == MOST_SAID
    assert caplog.text.count("cannot be read, going on without it") == MOST_SAID


def test_a_damaged_list_is_logged_without_its_user(site, client, caplog):
    """By bucket, from /rank as from /recs."""
    bucket = bucket_of("u1", 4)
    client.hset(KEYS.lists("home", "default", bucket), "u1", b"broken")
    assert site.http.post("/rank", json={"user_id": "u1", "items": ["i1"]}).status_code == 200
    assert f"the list for home of a user of bucket {bucket} cannot be read" in caplog.text
    assert "'u1'" not in caplog.text
