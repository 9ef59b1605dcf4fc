"""What a click changes: items next to it, what was just bought, what is hidden."""

import time
from datetime import UTC, datetime

import pytest

from store.keys import NamespaceKeys
from store.live import RecentEvent, hidden_items, hide_items, note_event, unhide_items
from tests.shelf_fixtures import user_list, version_id

AS_OF = datetime(2018, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def shop(publish, open_site):
    """An application whose version has five items next to each."""
    publish(similar=5)
    site = open_site()
    site.poller.poll()
    return site


def ids(answer):
    """Item ids of *answer* in order."""
    return [item["item_id"] for item in answer["items"]]


def test_a_click_of_somebody_new_changes_the_next_answer(shop, client):
    """What is trending at first, then what is next to the item looked at, named as its reason."""
    assert shop.recs("new?n=3")["served_by"] == "trending"
    note_event(client, "demo", "new", RecentEvent(AS_OF + 60, "click", "i7"))
    answer = shop.recs("new?n=6")
    assert [(item["tier"], item["item_id"]) for item in answer["items"]] == [
        ("session", "i8"),
        ("session", "i9"),
        ("session", "i10"),
        ("session", "i11"),
        ("session", "i12"),
        ("trending", "i0"),
    ]
    assert answer["items"][0]["reason"]["item_id"] == "i7"
    assert [item["score"] for item in answer["items"][:3]] == [1.0, 0.750011, 0.500008]


def test_the_last_click_counts_most_and_neighbours_add_up(shop):
    """Of two items looked at, the neighbour of both leads; the items themselves are left out."""
    answer = shop.http.get("/session/recs?items=i20,i18&n=6").get_json()
    assert (answer["user_id"], answer["served_by"]) == (None, "session")
    assert ids(answer)[0] == "i21"  # next to i20, and third after i18
    assert not {"i20", "i18"} & set(ids(answer))
    assert answer["items"][0]["reason"]["item_id"] == "i20"
    scores = [item["score"] for item in answer["items"] if item["tier"] == "session"]
    assert scores == sorted(scores, reverse=True)
    assert max(scores) <= 1


def test_what_is_next_to_an_item(shop):
    """The route of a product page: its neighbours, then what is trending, never the item itself."""
    answer = shop.http.get("/items/i3/similar?n=40").get_json()
    assert ids(answer)[:4] == ["i4", "i5", "i6", "i7"]
    assert "i3" not in ids(answer)
    assert {item["tier"] for item in answer["items"]} == {"session", "trending"}
    unknown = shop.http.get("/items/no/such/item/similar?n=2").get_json()
    assert unknown["served_by"] == "trending"


def test_a_known_user_is_served_from_the_own_list(shop, client):
    """The personal list stays first; what was bought since it was made is gone at once."""
    first, second, third = user_list(1, 40, 20, 0)[:3]
    note_event(client, "demo", "u1", RecentEvent(AS_OF + 1, "purchase", f"i{first}"))
    note_event(client, "demo", "u1", RecentEvent(AS_OF - 1, "purchase", f"i{second}"))
    note_event(client, "demo", "u1", RecentEvent(AS_OF + 2, "click", f"i{third}"))
    assert ids(shop.recs("u1?n=2")) == [f"i{second}", f"i{third}"]
    assert ids(shop.recs("u1?n=1&seen=keep")) == [f"i{first}"]
    dropped = set(ids(shop.recs("u1?n=40&seen=drop")))
    assert not {f"i{first}", f"i{second}", f"i{third}"} & dropped


def test_an_event_changes_the_tag(shop, client):
    """A client that asks whether its answer still holds is told that it does not."""
    tag = shop.http.get("/recs/u1").headers["ETag"]
    assert shop.http.get("/recs/u1", headers={"If-None-Match": tag}).status_code == 304
    note_event(client, "demo", "u1", RecentEvent(AS_OF + 1, "click", "i1"))
    assert shop.http.get("/recs/u1", headers={"If-None-Match": tag}).status_code == 200


def test_a_hidden_item_is_gone_with_the_next_look(shop, client):
    """From every tier, for everybody, until it is shown again; other tags hold no longer."""
    first = ids(shop.recs("u1"))[0]
    tag = shop.http.get("/recs/u1").headers["ETag"]
    assert hide_items(client, "demo", [first, "i0"]) == 2
    shop.poller.poll()
    assert shop.http.get("/recs/u1", headers={"If-None-Match": tag}).status_code == 200
    assert first not in ids(shop.recs("u1?n=40"))
    assert "i0" not in ids(shop.recs("new?n=40"))
    assert hidden_items(client, "demo") == {first, "i0"}
    assert unhide_items(client, "demo", [first]) == 1
    shop.poller.poll()
    assert ids(shop.recs("u1"))[0] == first


def test_a_version_without_neighbours_goes_on_with_the_next_tier(site, client):
    """Lists that were published before there were any: no error, nothing in the session tier."""
    note_event(client, "demo", "new", RecentEvent(time.time(), "click", "i7"))
    assert site.recs("new")["served_by"] == "trending"


def test_a_damaged_event_is_passed_over(shop, client, caplog):
    """Bytes that are none are said once, and the user is served without them."""
    client.lpush(NamespaceKeys("demo").recent("u1"), b"nonsense")
    assert shop.recs("u1")["version"] == version_id(1)
    assert shop.recs("u1")["served_by"] == "personal"
    said = [record.getMessage() for record in caplog.records]
    assert sum("what a user of bucket" in text for text in said) == 1


@pytest.mark.parametrize("query", ["", "items=", "items=,%20,", "items=" + ",".join("a" * 51)])
def test_a_session_needs_items(shop, query):
    """None, or more than fifty, are refused with what was found."""
    response = shop.http.get(f"/session/recs?{query}")
    assert response.status_code == 422
    assert response.get_json()["parameter"] == "items"


def test_only_the_last_events_are_kept(client):
    """Twenty, newest first, for a week."""
    for place in range(30):
        note_event(client, "demo", "u1", RecentEvent(AS_OF + place, "view", f"item {place}"))
    key = NamespaceKeys("demo").recent("u1")
    assert client.llen(key) == 20
    assert client.lindex(key, 0).endswith(b" view item 29")
    assert 0 < client.ttl(key) <= 7 * 86_400
