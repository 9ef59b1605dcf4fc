"""`DELETE /users/<user>`: at once nobody knows the user, and only a digest stands anywhere."""

from pipelines.publish import PublishSettings, publish_lists
from serving.events.app import EVENTS
from store.audit import audit_file
from store.events import FIELD, Event, pack_event, user_of
from store.forgetting import forget_entries
from store.keys import NamespaceKeys
from store.live import RecentEvent, note_event
from store.tombstones import add_tombstone, digest
from tests.feature_fixtures import add_features
from tests.pipelines.forgetting.traces import traces_in_store
from tests.shelf_fixtures import make_lists

CLICK = {"event_type": "click", "user_id": "u7", "item_id": "i1"}


def unknown(answer):
    """*answer* without what differs between two users who are both unknown."""
    return {k: v for k, v in answer.items() if k not in ("user_id", "recommendation_id")}


def test_a_forgotten_user_is_unknown_from_the_next_poll_on(client, open_site, patient, tmp_path):
    """Lists, explanations, features, recents and held lists are gone; others keep theirs."""
    lists = add_features(make_lists(tmp_path / "lists", explained=3))
    publish_lists(lists, client, "demo", PublishSettings())
    note_event(client, "demo", "u6", RecentEvent(1514800000.0, "click", "i3"))
    site = open_site(patient)
    site.poller.poll()
    other = site.recs("u8?n=5&explain=1")
    assert site.recs("u6?n=5")["served_by"] == "personal"
    assert traces_in_store(client, "u6") != []

    response = site.http.delete("/v1/users/u6")
    name = digest("demo", "u6")
    assert (response.status_code, response.get_json()["state"]) == (202, "asked")
    assert response.get_json()["removed"] > 4
    assert response.headers["Location"] == f"/v1/users/{name}/forgetting"
    assert traces_in_store(client, "u6") == []
    site.poller.poll()

    assert unknown(site.recs("u6?n=5")) == unknown(site.recs("nobody?n=5"))
    assert site.recs("u8?n=5&explain=1") == other
    assert site.http.get("/users/u6/profile").get_json()["known"] is False
    assert site.http.get("/features/user/u6").status_code == 200
    assert site.shelf._hot.get((site.shelf.snapshot.keys.version, "home", "u6")) is None
    asked = site.http.get(response.headers["Location"]).get_json()
    assert {**asked, "removed": response.get_json()["removed"]} == response.get_json()
    assert site.http.get("/users/u6/forgetting").get_json() == asked
    assert site.http.get("/users/u8/forgetting").status_code == 404
    log = audit_file(site.settings).read_text(encoding="utf-8")
    assert (name in log, "u6" in log) == (True, False)
    assert "DELETE /v1/users/<person:user_id>" in log


def test_a_list_that_comes_back_is_not_shown(site, client):
    """Whoever puts a field back into the store: a web process does not ask for it."""
    client.hset(NamespaceKeys("demo").forgotten, digest("demo", "u7"), "{}")
    assert site.recs("u7")["served_by"] == "personal"
    site.poller.poll()
    assert site.recs("u7")["served_by"] != "personal"
    body = {"users": ["u7", "u8"]}
    tiers = [one["served_by"] for one in site.http.post("/recs", json=body).get_json()["answers"]]
    assert (tiers[0] != "personal", tiers[1]) == (True, "personal")


def test_events_of_a_forgotten_user_are_refused_by_name(site, client):
    """The other events of the request are taken in."""
    site.http.delete("/users/u7")
    site.poller.poll()
    said = {"events": [CLICK, {**CLICK, "user_id": "u8"}]}
    response = site.http.post("/events", json=said)
    assert response.status_code == 207
    text = response.get_data(as_text=True)
    assert "this user was forgotten" in text
    assert site.http.post("/events", json=CLICK).status_code == 409
    assert client.xlen(NamespaceKeys("demo").events) == 1


def test_what_stands_around_the_route(site):
    """HEAD of the status, OPTIONS, 405 with Allow, an impossible id, asking twice."""
    site.http.delete("/users/u7")
    assert site.http.head("/users/u7/forgetting").status_code == 200
    assert "DELETE" in site.http.options("/users/u7").headers["Allow"]
    refused = site.http.get("/users/u7")
    assert (refused.status_code, refused.mimetype) == (405, "application/problem+json")
    assert site.http.delete(f"/users/{'u' * 129}").status_code == 422
    page = site.http.delete("/users/u7/profile")
    assert (page.status_code, set(page.allow)) == (405, {"GET", "HEAD", "OPTIONS"})
    again = site.http.delete("/users/u7")
    assert (again.status_code, again.get_json()["removed"]) == (202, 0)


def test_entries_of_the_stream_go_by_pages(client, open_site):
    """Only those of the user, also where a page has nothing else; what is no event stays."""
    key = NamespaceKeys("demo").events
    settings = open_site().settings
    for n in range(2500):
        user = "u7" if n < 1200 or n % 2 else "u8"
        event = Event(f"e{n}", "click", user, 1, 2, item_id="i1")
        client.xadd(key, {FIELD: pack_event(event)})
    client.xadd(key, {FIELD: b"nothing"})
    name = add_tombstone(settings, client, "u7").digest
    assert forget_entries(client, "demo", lambda user: digest("demo", user) == name) == 1850
    assert client.xlen(key) == 651


def test_what_waited_on_disk_of_a_forgotten_user_is_not_replayed(client, open_site):
    """Neither into the log nor as last events; others' events are."""
    site = open_site()
    site.poller.poll()
    intake = site.http.application.extensions[EVENTS]
    intake.spool.append(
        [pack_event(Event(f"e{n}", "click", f"u{n}", 1, 2, item_id="i1")) for n in (7, 8)]
    )
    site.http.delete("/users/u7")
    site.poller.poll()
    intake.poll()
    keys = NamespaceKeys("demo")
    assert [user_of(fields[FIELD]) for _, fields in client.xrange(keys.events)] == ["u8"]
    assert (client.llen(keys.recent("u7")), client.llen(keys.recent("u8"))) == (0, 1)
    assert (intake.spool.size, traces_in_store(client, "u7")) == (0, [])
    intake.stop()
