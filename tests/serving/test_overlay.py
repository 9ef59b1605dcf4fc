"""Lists refreshed by day: who gets them, what they change, and what damage costs."""

import random
from datetime import datetime

import pytest

from pipelines.publish import PublishSettings, retire_version
from pipelines.refresh.write import write_overlays
from store.keys import NamespaceKeys, bucket_of
from store.live import RecentEvent, note_event
from store.pointer import read_active
from store.versions import activate
from tests.serving.test_express import ask as ask_wsgi
from tests.shelf_fixtures import packed, version_id

ONE, TWO = version_id(1), version_id(2, "2")
KEYS = NamespaceKeys("demo").version(ONE)
NEW = [31, 5, 12]
MOMENT = datetime(2018, 1, 1, 9, 35)


@pytest.fixture
def refresh(client):
    """Puts refreshed lists before those of the live version."""

    def call(lists, surface="home"):
        pointer = read_active(client, "demo")
        return write_overlays(client, "demo", pointer, MOMENT, {surface: lists})

    return call


@pytest.fixture
def shop(publish, open_site, patient):
    """An application over explanations and neighbours, read patiently."""
    publish(explained=3, similar=5)
    site = open_site(patient)
    site.poller.poll()
    return site


def ids(answer):
    """The items of an answer, each with its tier."""
    return [(item["item_id"], item["tier"]) for item in answer["items"]]


def commands_of(site, path, monkeypatch):
    """The commands that one request sends, a list a trip."""
    trips = []
    ask = site.shelf.trips.ask
    monkeypatch.setattr(site.shelf.trips, "ask", lambda c: trips.append(list(c)) or ask(c))
    site.recs(path)
    monkeypatch.undo()
    return [[command[:2] for command in trip] for trip in trips]


def test_a_refreshed_list_wins_over_the_nights(shop, refresh):
    """From the next poll on, on its surface and for its user alone, filled up as any list is."""
    before = {path: shop.recs(path) for path in ("u1?n=3", "u1?n=3&surface=discover", "u2?n=3")}
    assert refresh({"u1": packed(NEW)}) is True
    assert shop.recs("u1?n=3") == before["u1?n=3"]  # not polled yet
    shop.poller.poll()
    assert ids(shop.recs("u1?n=3")) == [(f"i{number}", "personal") for number in NEW]
    tiers = [tier for _, tier in ids(shop.recs("u1?n=5"))]
    assert tiers == ["personal"] * 3 + ["segment"] * 2
    for path in ("u1?n=3&surface=discover", "u2?n=3"):
        assert shop.recs(path) == before[path]


def test_somebody_new_gets_a_list_by_day(shop, refresh):
    """A user of whom the night knew nothing is served what was refreshed."""
    refresh({"somebody new": packed(NEW)})
    shop.poller.poll()
    assert [item for item, _ in ids(shop.recs("somebody new?n=3"))] == ["i31", "i5", "i12"]


def test_nobody_asks_while_nothing_is_refreshed(shop, refresh, client, monkeypatch):
    """One command more in the one trip of a request, and only while the state is there."""
    bucket = bucket_of("u1", 4)
    recent = ("LRANGE", NamespaceKeys("demo").recent("u1"))
    own = [("HGET", KEYS.lists("home", "default", bucket)), ("HGET", KEYS.users(bucket))]
    overlay = ("HGET", KEYS.overlay("home", "default", bucket))
    assert commands_of(shop, "u1?n=1", monkeypatch)[0] == [*own, recent]
    assert commands_of(shop, "u1?n=1", monkeypatch) == [[recent]]
    refresh({"u2": packed(NEW)})
    shop.poller.poll()
    assert commands_of(shop, "u1?n=1", monkeypatch) == [[recent, overlay]]
    client.delete(KEYS.overlay_state)
    shop.poller.poll()
    assert commands_of(shop, "u1?n=1", monkeypatch) == [[recent]]


def test_what_is_kept_in_the_process_is_the_nights(shop, refresh):
    """A list that many ask for is refreshed twice and taken away: each is seen at once."""
    night = ids(shop.recs("u1?n=3"))
    refresh({"u1": packed([1, 2, 3])})
    shop.poller.poll()
    for numbers in ([1, 2, 3], NEW):
        refresh({"u1": packed(numbers)})
        for _ in range(2):
            assert [item for item, _ in ids(shop.recs("u1?n=3"))] == [f"i{k}" for k in numbers]
    refresh({"u1": None})
    assert ids(shop.recs("u1?n=3")) == night


def test_a_tag_is_of_the_refreshed_list(shop, refresh):
    """304 while the list is the same, 200 once it is another one; the night's has its old tag."""

    def get(tag=None):
        headers = {} if tag is None else {"If-None-Match": tag}
        return shop.http.get("/recs/u1?n=3", headers=headers)

    night = get().headers["ETag"]
    refresh({"u1": packed(NEW)})
    shop.poller.poll()
    first = get(night)
    assert (first.status_code, first.headers["ETag"] == night) == (200, False)
    tag = first.headers["ETag"]
    refresh({"u2": packed(NEW)})
    assert get(tag).status_code == 304
    refresh({"u1": packed(NEW[::-1])})
    assert get(tag).status_code == 200
    refresh({"u1": None})
    assert get(night).status_code == 304


@pytest.mark.parametrize(
    "damaged",
    [b"", b"1", b"1 2", b"x 2 ", b"1 99999999999999999 " + packed(NEW), b"1 2 " + packed(NEW)[:-1]],
)
def test_damage_leaves_the_nights_list(shop, refresh, client, caplog, damaged):
    """A refreshed list that cannot be read is said in the log, and costs only itself."""
    night = shop.recs("u1?n=3&explain=1")
    refresh({"u1": packed(NEW), "u2": packed(NEW)})
    client.hset(KEYS.overlay("home", "default", bucket_of("u1", 4)), "u1", damaged)
    shop.poller.poll()
    assert shop.recs("u1?n=3&explain=1") == night
    assert [item for item, _ in ids(shop.recs("u2?n=3"))] == ["i31", "i5", "i12"]
    assert "a refreshed list in bucket" in caplog.text
    listed = shop.http.get("/users/u1/profile").get_json()["lists"]
    assert listed[0] == {"surface": "home", "stored": True, "n_items": 20, "refreshed_at": None}


def test_a_batch_and_a_profile_know_of_it(shop, refresh, client):
    """`POST /recs` answers as alone; a profile says when the list was refreshed and how long."""
    refresh({"u1": packed(NEW), "newcomer": packed(NEW)})
    shop.poller.poll()
    note_event(client, "demo", "u2", RecentEvent(2e9, "click", "i7"))
    users = ["u1", "u2", "newcomer", "u1"]
    for more, query in (({}, ""), ({"explain": True}, "?explain=1"), ({"n": 2}, "?n=2")):
        answers = shop.http.post("/recs", json={"users": users, **more}).get_json()["answers"]
        assert answers == [shop.recs(f"{user}{query}") for user in users]
    listed = shop.http.get("/users/u1/profile").get_json()["lists"]
    assert {entry["surface"]: (entry["n_items"], entry["refreshed_at"]) for entry in listed} == {
        "home": (3, "2018-01-01T09:35:00.000Z"),
        "discover": (20, None),
    }
    assert shop.http.get("/users/newcomer/profile").get_json()["known"] is True


def test_what_the_night_explained_is_not_said_of_another_list(shop, refresh):
    """Explanations are of the night's list; a refreshed one goes out without."""
    assert any(item["explanation"] for item in shop.recs("u2?n=3&explain=1")["items"])
    numbers = [14, 17, 20]  # the first of the night's list itself
    refresh({"u2": packed(numbers)})
    shop.poller.poll()
    items = shop.recs("u2?n=3&explain=1")["items"]
    assert [(item["item_id"], item["explanation"]) for item in items] == [
        (f"i{number}", None) for number in numbers
    ]


def test_refreshed_lists_go_with_their_version(shop, publish, refresh, client):
    """A flip leaves them behind; they come back with their version, and go when it is retired."""
    refresh({"u1": packed(NEW)})
    publish(2, tag="2")
    shop.poller.poll()
    assert shop.recs("u1?n=3")["version"] == TWO
    assert shop.shelf.snapshot.overlays is None
    activate(client, "demo", ONE)
    shop.poller.poll()
    assert [item for item, _ in ids(shop.recs("u1?n=3"))] == ["i31", "i5", "i12"]
    activate(client, "demo", TWO)
    assert client.exists(KEYS.overlay_state)
    retire_version(client, "demo", ONE, PublishSettings(retire_after_s=0))
    assert list(client.scan_iter(f"*{ONE}*")) == []


def test_the_short_way_answers_as_flask(shop, refresh):
    """Status, headers and body of requests for lists of which some are refreshed, some damaged."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    express = shop.http.application.wsgi_app
    refresh({f"u{k}": packed(dice.sample(range(40), 7)) for k in range(0, 20, 2)})
    refresh({f"u{k}": packed(dice.sample(range(40), 3))[:-1] for k in range(0, 20, 5)}, "discover")
    shop.poller.poll()
    tags = {}
    for _ in range(150):
        user = f"u{dice.randrange(24)}"
        query = f"n={dice.choice([1, 5, 30])}&surface={dice.choice(['home', 'discover'])}"
        path = f"/recs/{user}?{query}"
        headers = {"If-None-Match": tags[path]} if path in tags else {}
        answer = ask_wsgi(express, path, headers)
        assert answer == ask_wsgi(express.flask, path, headers), path
        tags[path] = dict(answer[1])["ETag"]
        if dice.random() < 0.2:
            refresh({user: dice.choice([None, packed(dice.sample(range(40), 5))])})
