"""`POST /recs`: many users in one call, each answered as alone."""

from urllib.parse import quote

import pytest

from store.live import RecentEvent, note_event
from tests.shelf_fixtures import version_id

USERS = ["u1", "u2", "nobody", "a/b 😀", "u1"]


@pytest.fixture
def shop(publish, open_site, patient):
    """An application over a version with explanations and neighbours, read patiently."""
    publish(explained=3, similar=5)
    site = open_site(patient)
    site.poller.poll()
    return site


def ask(site, **body):
    """The answers to a batch."""
    response = site.http.post("/recs", json=body)
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.headers["X-Recs-Version"] == version_id(1)
    return response.get_json()["answers"]


@pytest.mark.parametrize(
    ("more", "query"),
    [
        ({}, ""),
        ({"n": 3, "offset": 2, "surface": "discover"}, "?n=3&offset=2&surface=discover"),
        ({"exclude": ["i7", "i10"], "category": ["c0"]}, "?exclude=i7,i10&category=c0"),
        ({"explain": True, "n": 4.0}, "?explain=1&n=4"),
        ({"explain": False, "seen": "drop", "min_score": 0.5}, "?seen=drop&min_score=0.5"),
        ({"fields": ["title"], "device": "phone", "context.page": "cart"}, "?fields=title"),
    ],
)
def test_each_user_is_answered_as_alone(shop, client, more, query):
    """Bodies in the order of the users, those named twice too, whatever is asked beside them."""
    note_event(client, "demo", "nobody", RecentEvent(1.0, "click", "i7"))
    answers = ask(shop, users=USERS, **more)
    alone = [shop.http.get(f"/recs/{quote(user, safe='')}{query}").get_json() for user in USERS]
    assert answers == alone
    assert [answer["user_id"] for answer in answers] == USERS
    assert [answer["served_by"] for answer in answers][2:4] == ["session", "trending"]


def test_a_thousand_users_cost_two_trips(shop, client):
    """One for all lists, one for what is next to the items of those whose list is short."""
    for k in range(50, 60):
        note_event(client, "demo", f"u{k}", RecentEvent(1.0, "click", f"i{k - 50}"))
    before = shop.shelf.trips.made
    answers = ask(shop, users=[f"u{k}" for k in range(1000)], n=5)
    assert shop.shelf.trips.made - before == 2
    tiers = [answer["served_by"] for answer in answers]
    assert tiers == ["personal"] * 50 + ["session"] * 10 + ["trending"] * 940


def test_without_the_store_every_user_is_answered(shop):
    """From what the process holds, as a request for one user is."""
    shop.shelf.breaker.open()
    assert {answer["served_by"] for answer in ask(shop, users=USERS)} == {"trending"}


@pytest.mark.parametrize(
    ("body", "status", "parameter"),
    [
        ({}, 422, "users"),
        ({"users": []}, 422, "users"),
        ({"users": "u1"}, 422, "users"),
        ({"users": ["u1"] * 1001}, 422, "users"),
        ({"users": ["u1", 2]}, 422, "users[1]"),
        ({"users": ["u1", "a\0b"]}, 422, "users[1]"),
        ({"users": ["u1", ""]}, 422, "users[1]"),
        ({"users": ["u1"], "n": 0}, 422, "n"),
        ({"users": ["u1"], "n": "5"}, 422, "n"),
        ({"users": ["u1"], "n": None}, 422, "n"),
        ({"users": ["u1"], "n": True}, 422, "n"),
        ({"users": ["u1"], "seen": None}, 422, "seen"),
        ({"users": ["u1"], "n": 2.5}, 422, "n"),
        ({"users": ["u1"], "explain": "yes"}, 422, "explain"),
        ({"users": ["u1"], "exclude": {"i1": 1}}, 422, "exclude"),
        ({"users": ["u1"], "surface": "cart"}, 404, "surface"),
        ({"users": ["u1"], "user": "u1"}, 422, "body"),
        ({"users": ["u1"], "context.Page": "x"}, 422, "context.Page"),
    ],
)
def test_what_cannot_be_is_refused(shop, body, status, parameter):
    """The part that is wrong is named, with what was expected."""
    response = shop.http.post("/recs", json=body)
    assert response.status_code == status
    assert response.get_json()["parameter"] == parameter
    assert response.get_json()["expected"]
