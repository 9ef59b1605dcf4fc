"""`POST /events`: good events are in the stream when the answer comes, bad ones are named."""

import pytest

from serving.events.clock import microseconds
from store.events import Event, ShownItem
from tests.serving.events.conftest import NOON

CLICK = {"event_type": "click", "user_id": "u1", "item_id": "i3"}
AT = microseconds(NOON)


def post(site, body, **more):
    """Status and body of a POST."""
    response = site.http.post("/events", json=body, **more)
    return response.status_code, response.get_json()


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: [e], lambda e: {"events": [e]}])
def test_an_event_is_in_the_stream_when_it_is_accepted(events_site, stored, wrap):
    """Alone, in a list, or under `events`; every member arrives as it was sent."""
    said = {
        **CLICK,
        "event_id": "e1",
        "event_at": "2018-01-02T12:59:59.5+01:00",
        "value": 2.5,
        "quantity": "3.00",
        "session_id": "s1",
        "page_view_id": "p1",
        "position": 4,
        "context": {"device": "phone", "hour": 12},
    }
    assert post(events_site, wrap(said))[0] == 202
    assert stored() == [
        Event(
            event_id="e1",
            event_type="click",
            user_id="u1",
            event_at=AT - 500_000,
            received_at=AT,
            item_id="i3",
            value="2.5",
            quantity="3",
            session_id="s1",
            page_view_id="p1",
            position=4,
            context='{"device":"phone","hour":12}',
        )
    ]


def test_an_impression_is_what_the_recommendation_says(events_site, stored):
    """Items, tiers, version and surface come from the id; positions choose among the items."""
    answer = events_site.recs("u1?n=3&offset=1")
    said = {
        "event_type": "impression",
        "user_id": "u1",
        "recommendation_id": answer["recommendation_id"],
        "page_view_id": "p1",
        "items": [2, {"item_id": answer["items"][2]["item_id"], "position": 9}],
    }
    assert post(events_site, said)[0] == 202
    (event,) = stored()
    first, _, third = answer["items"]
    assert event.items == (
        ShownItem(first["item_id"], 2, first["tier"], 1.0),
        ShownItem(third["item_id"], 9, third["tier"], 1.0),
    )
    assert event.recommendation_id == answer["recommendation_id"].rpartition(".")[2]
    assert (event.version, event.surface, event.variant) == (answer["version"], "home", "default")
    assert (event.user_id, event.page_view_id, event.item_id) == ("u1", "p1", None)


def test_a_click_on_a_recommendation_knows_where_it_stood(events_site, stored):
    """Position and tier of the item are those of the answer."""
    answer = events_site.recs("u1?n=3")
    second = answer["items"][1]
    said = {**CLICK, "item_id": second["item_id"], "recommendation_id": answer["recommendation_id"]}
    assert post(events_site, said)[0] == 202
    (event,) = stored()
    assert (event.position, event.tier, event.surface) == (2, second["tier"], "home")


def test_a_beacon_is_read_whatever_it_calls_its_body(events_site, stored):
    """A text that says so, and a blob of JSON."""
    for kind in ("text/plain;charset=UTF-8", "application/json"):
        body = '{"event_type": "view", "user_id": "u1", "item_id": "i1"}'
        response = events_site.http.post("/v1/events", data=body, content_type=kind)
        assert response.status_code == 202
    assert len(stored()) == 2


def test_the_next_answer_knows_of_it(events_site):
    """What a user did is read by the next request for a list."""
    assert post(events_site, [{**CLICK, "item_id": "i7"}, {**CLICK, "event_type": "purchase"}])
    found = events_site.shelf.fetch(events_site.shelf.snapshot, "home", "u1")
    assert [(e.event_type, e.item_id) for e in found.recent] == [
        ("purchase", "i3"),
        ("click", "i7"),
    ]
