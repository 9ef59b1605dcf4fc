"""A poller goes on whatever it finds, and readiness tells when it does not."""

import json

import pytest

from serving.health import POLLER
from serving.poller import LATE_POLLS, Poller
from serving.settings import static_file
from serving.static_lists import read_static
from store.keys import NamespaceKeys
from tests.shelf_fixtures import version_id

ONE = version_id(1)
KEYS = NamespaceKeys("demo").version(ONE)


@pytest.fixture
def damaged(site, client):
    """The site over a version whose manifest is JSON of another shape; and the good manifest."""
    good = client.get(KEYS.manifest)
    manifest = json.loads(good)
    manifest["surfaces"] = list(manifest["surfaces"])  # names without what they have
    client.set(KEYS.manifest, json.dumps(manifest))
    client.set("ns:demo:active", f"9 {ONE}")
    return site, good


def test_a_version_of_any_shape_ends_no_poller(damaged, client, caplog):
    """What is wrong is in the log once, and the next version is seen."""
    site, good = damaged
    for _ in range(3):
        site.poller.poll()
    assert caplog.text.count("the live version cannot be read") == 1
    client.set(KEYS.manifest, good)
    client.set("ns:demo:active", f"10 {ONE}")
    site.poller.poll()
    assert site.shelf.snapshot.pointer.generation == 10
    assert site.recs("u1")["served_by"] == "personal"


def test_a_process_starts_over_a_damaged_version(damaged):
    """The first look may find what it likes: the thread runs."""
    site, _ = damaged
    poller = Poller(site.shelf, every_s=60, static_path=static_file(site.settings))
    poller.start()
    poller.stop()


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
