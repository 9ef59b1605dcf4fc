"""Versions and hidden items over HTTP, and what is known of a user."""

import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from serving.app import create_app
from serving.lists.titles import find_titles
from store.__main__ import main
from store.keys import NamespaceKeys
from store.live import RecentEvent, note_event
from store.pointer import read_active
from store.versions import read_version, write_version
from tests.serving.problems import refusal
from tests.shelf_fixtures import version_id

ONE, TWO = version_id(1), version_id(2)


@pytest.fixture
def notes():
    """What an application noted of changes."""
    return []


@pytest.fixture
def site(publish, open_site, patient, notes):
    """An application over two versions, the second live, that notes its changes."""
    publish(1)
    publish(2)
    site = open_site(patient)
    site.poller.poll()
    app = create_app(site.settings, site.shelf, lambda action, said: notes.append((action, said)))
    site.http = app.test_client()
    return site


def test_the_versions_are_listed_newest_first(site):
    """With what is live, when each was made and how good it was."""
    body = site.http.get("/versions").get_json()
    assert body["active"] == {"version": TWO, "generation": 2, "hold": None}
    assert [(row["version"], row["live"], row["state"]) for row in body["versions"]] == [
        (TWO, True, "ready"),
        (ONE, False, "ready"),
    ]
    row = body["versions"][0]
    assert (row["as_of"], row["metrics"]) == ("2018-01-02T00:00:00Z", {"home": {"ndcg@20": 0.36}})
    assert row["created"].endswith("Z")


def test_a_version_says_where_it_came_from(site):
    """The manifest as the night wrote it; 404 with those that are kept for any other text."""
    body = site.http.get(f"/v1/versions/{ONE}").get_json()
    assert (body["live"], body["manifest"]["run_id"]) == (False, ONE.rpartition("-")[0])
    for unknown in (version_id(9), "latest", "a b", "😀"):
        status, problem = refusal(site.http.get(f"/versions/{quote(unknown)}"))
        assert (status, problem["versions"]) == (404, [ONE, TWO])


def test_activating_changes_the_pointer_and_is_noted(site, client, notes):
    """Before and after are answered, readers follow, and whoever listens is told."""
    before = {"version": TWO, "generation": 2, "hold": None}
    after = {"version": ONE, "generation": 3, "hold": "toys alone"}
    answer = site.http.post(f"/versions/{ONE}/activate", json={"hold": "toys  alone"})
    assert (answer.status_code, answer.get_json()) == (200, {"before": before, "after": after})
    assert notes == [("activate", {"version": ONE, "before": before, "after": after})]
    site.poller.poll()
    assert site.recs("u1")["version"] == ONE
    back = site.http.post(f"/versions/{TWO}/activate")  # no body: the hold stays
    assert back.get_json()["after"] == {"version": TWO, "generation": 4, "hold": "toys alone"}
    assert read_active(client, "demo").version == TWO


def test_what_cannot_be_activated_is_refused(site, client, notes):
    """409 for a version that is not complete, 404, 422 and 415; nothing moves, nothing is noted."""
    record = read_version(client, "demo", ONE)
    write_version(client, "demo", replace(record, state="loading"))
    path = f"/versions/{ONE}/activate"
    assert refusal(site.http.post(path))[0] == 409
    assert refusal(site.http.post(f"/versions/{version_id(9)}/activate"))[0] == 404
    for body in ({"hold": ""}, {"hold": "x" * 201}, {"hold": 1}, {"hold": "\x07"}, {"reason": "x"}):
        assert refusal(site.http.post(f"/versions/{TWO}/activate", json=body))[0] == 422
    assert refusal(site.http.post(path, data="hold=x"))[0] == 415
    assert refusal(site.http.get(path))[0] == 405
    assert (read_active(client, "demo").generation, notes) == (2, [])


def test_a_hidden_item_is_shown_to_nobody(site, notes):
    """From the next poll on, until it is unhidden; saying it twice changes nothing."""
    first = site.recs("u1?n=1")["items"][0]["item_id"]
    put = [site.http.put(f"/items/{first}/hidden").get_json() for _ in range(2)]
    assert put == [{"item_id": first, "hidden": True, "changed": yes} for yes in (True, False)]
    site.poller.poll()
    assert site.http.get("/hidden").get_json() == {"n": 1, "items": [first]}
    assert first not in [item["item_id"] for item in site.recs("u1?n=40")["items"]]
    gone = site.http.delete(f"/items/{first}/hidden").get_json()
    assert gone == {"item_id": first, "hidden": False, "changed": True}
    site.poller.poll()
    assert site.recs("u1?n=1")["items"][0]["item_id"] == first
    assert [action for action, _ in notes] == ["hide", "hide", "unhide"]
    assert refusal(site.http.put(f"/items/{'x' * 129}/hidden"))[0] == 422


def test_items_are_hidden_from_the_command_line(store_settings, tmp_path, capsys):
    """`hide`, `hidden` and `unhide` say what they did; a store that is away is exit code 2."""
    file = tmp_path / "nightshelf.toml"
    file.write_text(f'[store]\nurl = "{store_settings.url}"\n', encoding="utf-8")
    options = ["--settings", str(file)]
    assert main(["hide", "i1", "a b", *options]) == 0
    assert main([*options, "hidden"]) == 0
    assert main(["unhide", "i1", *options]) == 0
    assert capsys.readouterr().out == "hidden: 2 more\na b\ni1\nshown again: 1\n"
    assert main(["hide", "a\0b", *options]) == 2
    file.write_text('[store]\nurl = "redis://127.0.0.1:1/0"\n', encoding="utf-8")
    assert main(["hidden", *options]) == 2


def test_a_profile_says_what_is_known(site, client):
    """Segment, last events in words, which surfaces have a list, and of when it is."""
    note_event(client, "demo", "u1", RecentEvent(1514800000.0, "click", "i0"))
    note_event(client, "demo", "u1", RecentEvent(1514800001.5, "purchase", "gone"))
    body = site.http.get("/users/u1/profile").get_json()
    assert body["recent_events"] == [
        {"event_type": "purchase", "event_at": "2018-01-01T09:46:41.500Z", "item_id": "gone"}
        | {"title": None, "category": None},
        {"event_type": "click", "event_at": "2018-01-01T09:46:40.000Z", "item_id": "i0"}
        | {"title": f"item 0 of {TWO}", "category": "c0"},
    ]
    assert (body["known"], body["segment"], body["version"]) == (True, "students", TWO)
    stored = {"stored": True, "n_items": 20, "refreshed_at": None}
    assert body["lists"] == [{"surface": name, **stored} for name in ("home", "discover")]
    assert (body["generated_at"], body["stale"]) == ("2018-01-02T00:00:00Z", False)


def test_nobody_is_no_error(site):
    """200 with nothing, as for recommendations; also with a row that is damaged."""
    body = site.http.get("/users/nobody/profile").get_json()
    assert (body["known"], body["segment"], body["last_items"]) == (False, None, [])
    assert {entry["stored"] for entry in body["lists"]} == {False}


def test_titles_are_found_in_a_long_catalogue(site, client):
    """By halving the sorted blocks: each item there is, and none that is not."""
    keys, size = NamespaceKeys("demo").version(ONE), 4
    names = sorted(f"i{number}" for number in range(0, 100, 2))
    for block in range(0, len(names), size):
        rows = [[name, f"title {name}", "c", None] for name in names[block : block + size]]
        client.set(keys.catalogue(block // size), json.dumps(rows))
    record = read_version(client, "demo", ONE)
    write_version(client, "demo", replace(record, n_blocks=-(-len(names) // size)))
    asked = [f"i{number}" for number in range(100)] + ["", "a", "zz"]
    found = find_titles(client, "demo", ONE, asked)
    assert {name: row.title for name, row in found.items()} == {n: f"title {n}" for n in names}


def test_a_store_that_is_away_is_503(open_site):
    """Whatever was asked; a password in its address is not told."""
    site = open_site("redis://:hush@127.0.0.1:1/0")
    for method, path in (("get", "/hidden"), ("put", "/items/i1/hidden"), ("get", "/versions")):
        response = getattr(site.http, method)(path)
        assert refusal(response)[0] == 503
        assert b"hush" not in response.data
