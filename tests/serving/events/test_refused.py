"""Bad events are named one by one, and keep no good one out."""

import pytest

from store.recommendation import write_id
from tests.serving.events.test_route import CLICK, post

IMPRESSION = {"event_type": "impression", "user_id": "u1", "page_view_id": "p1"}
EMPTY = {**IMPRESSION, "recommendation_id": "x"}


@pytest.fixture
def answer(events_site):
    """A list of u1."""
    return events_site.recs("u1?n=3&offset=2")


def bad_events(answer):
    """Event, kind of problem, what its detail says."""
    ours = {"recommendation_id": answer["recommendation_id"]}
    shown = {**IMPRESSION, **ours}
    payload, _, tag = ours["recommendation_id"].partition(".")
    foreign = write_id(
        b"k" * 32, user_id="u1", version=None, surface="home", variant="default", offset=0, items=[]
    )
    return [
        (None, "malformed", "no JSON object"),
        ("click", "malformed", "expected one with event_type"),
        ([CLICK], "malformed", "no JSON object"),
        ({**CLICK, "user": "u1"}, "malformed", "user: click has no such member"),
        ({**CLICK, "items": [1]}, "malformed", "items: click has no such member"),
        ({**shown, "item_id": "i3"}, "malformed", "item_id: impression has no such member"),
        ({**CLICK, "context": {"a": "\ud800"}}, "malformed", "surrogate"),
        ({**CLICK, "context": {"a": [[[[[[[[[1]]]]]]]]]}}, "invalid", "context ="),
        ({**CLICK, "event_type": "teleport"}, "invalid", "purchase ([events] weights)"),
        ({**CLICK, "event_type": ["click"]}, "invalid", "event_type ="),
        ({"user_id": "u1", "item_id": "i3"}, "invalid", "event_type = null"),
        ({**CLICK, "user_id": ""}, "invalid", 'user_id = ""'),
        ({**CLICK, "user_id": 7}, "invalid", "user_id = 7"),
        ({**CLICK, "user_id": "x" * 129}, "invalid", "1 to 128 characters"),
        ({**CLICK, "item_id": "a\0b"}, "invalid", "without NUL"),
        ({**CLICK, "item_id": None}, "invalid", "item_id is missing"),
        ({"event_type": "click", "item_id": "i3"}, "invalid", "user_id is missing"),
        ({**CLICK, "event_id": "x" * 129}, "invalid", "event_id ="),
        ({**CLICK, "event_at": 1514800000}, "invalid", "ISO 8601"),
        ({**CLICK, "event_at": "2018-01-02T12:00:00"}, "invalid", "with a zone"),
        ({**CLICK, "event_at": "yesterday"}, "invalid", "found 'yesterday'"),
        ({**CLICK, "event_at": "0001-01-01T00:00:00+14:00"}, "invalid", "1990 to 2199"),
        ({**CLICK, "event_at": "2018-01-02T12:05:01Z"}, "clock_skew", "2018-01-02T12:05:01Z"),
        ({**CLICK, "event_at": "2017-12-26T11:59:59Z"}, "clock_skew", "2018-01-02T12:00:00Z"),
        ({**CLICK, "value": -1}, "invalid", "value = -1"),
        ({**CLICK, "value": True}, "invalid", "value = true"),
        ({**CLICK, "value": "1,5"}, "invalid", "value ="),
        ({**CLICK, "value": 1e14}, "invalid", "value ="),
        ({**CLICK, "quantity": "0.00001"}, "invalid", "4 decimal places"),
        ({**CLICK, "position": 0}, "invalid", "position = 0"),
        ({**CLICK, "position": 1.5}, "invalid", "position = 1.5"),
        ({**CLICK, "context": "phone"}, "invalid", "context ="),
        ({**CLICK, "context": {"a": {}}}, "invalid", "context ="),
        ({**CLICK, "context": {str(n): n for n in range(21)}}, "invalid", "at most 20"),
        ({**CLICK, "context": {"a": "ä" * 129}}, "invalid", "texts of up to 128"),
        ({**CLICK, "context": {"a" * 65: 1}}, "invalid", "names of up to 64"),
        ({**CLICK, "context": {"a": 10**16}}, "invalid", "numbers from"),
        ({**CLICK, "recommendation_id": "x"}, "recommendation", "no recommendation id"),
        ({**CLICK, "recommendation_id": 1}, "invalid", "recommendation_id = 1"),
        ({**CLICK, "recommendation_id": foreign}, "recommendation", "not this service's"),
        (
            {**CLICK, "recommendation_id": f"{payload[:-2]}AA.{tag}"},
            "recommendation",
            "not this service's",
        ),
        ({**CLICK, **ours, "user_id": "u2"}, "recommendation", "another user"),
        ({**CLICK, **ours, "item_id": "nothing"}, "recommendation", "not among the items"),
        (IMPRESSION, "invalid", "recommendation_id is missing"),
        ({**shown, "page_view_id": None}, "invalid", "page_view_id is missing"),
        ({**shown, "user_id": None}, "recommendation", "another user"),
        ({**shown, "items": []}, "invalid", "1 to 1000"),
        ({**shown, "items": [2]}, "invalid", "items[0] = 2"),
        ({**shown, "items": [3, 6]}, "invalid", "3 to 5"),
        ({**shown, "items": ["3"]}, "invalid", "items[0]"),
        ({**shown, "items": [{"position": 3}]}, "invalid", "items[0].item_id is missing"),
        ({**shown, "items": [{"item_id": "i3", "p": 1}]}, "invalid", "only item_id and position"),
        ({**shown, "items": [{"item_id": "none"}]}, "recommendation", "not among the items"),
    ]


def test_every_bad_event_is_named_and_no_good_one_is_lost(events_site, answer, stored):
    """207: the first and the last are good and in the stream, all between are told apart."""
    bad = bad_events(answer)
    good = [{**CLICK, "event_id": "first"}, {**CLICK, "event_id": "last"}]
    status, body = post(events_site, [good[0], *(event for event, *_ in bad), good[1]])
    assert (status, body["accepted"]) == (207, 2)
    assert [event.event_id for event in stored()] == ["first", "last"]
    assert [each["index"] for each in body["rejected"]] == list(range(1, len(bad) + 1))
    for (event, kind, words), found in zip(bad, body["rejected"], strict=True):
        assert (found["type"], words in found["detail"]) == (kind, True), (event, found)


def test_when_none_is_good_it_is_a_problem(events_site, stored):
    """400 with the same names, as RFC 9457 has problems."""
    response = events_site.http.post("/events", json=[{}, CLICK | {"position": -1}])
    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    found = response.get_json()
    assert [each["index"] for each in found["rejected"]] == [0, 1]
    assert (found["accepted"], found["status"], stored()) == (0, 400, [])


WHOLE = [
    (b"[]", "application/json", 422),
    (b'{"events": []}', "application/json", 422),
    (b'{"events": [{}], "more": 1}', "application/json", 422),
    (b'"click"', "application/json", 422),
    (b"[" + b",".join([b"{}"] * 501) + b"]", "application/json", 422),
    (b"[{}", "application/json", 400),
    (b'[{"a": 1, "a": 2}]', "application/json", 400),
    (b'[{"value": NaN}]', "application/json", 400),
    (b"[" * 50_000, "application/json", 400),
    (b'["\xff"]', "text/plain", 400),
    (b"[{}]" + b" " * 1_000_000, "application/json", 413),
    (b"[" + b"1," * 110_000 + b"1]", "application/json", 413),
    (b"[{}]", "application/x-www-form-urlencoded", 415),
    (b"[{}]", "text/html", 415),
    (b"[{}]", "text/plain; charset=utf-16", 415),
]


@pytest.mark.parametrize(("body", "kind", "status"), WHOLE, ids=lambda part: str(part)[:24])
def test_what_is_no_list_of_events_is_refused_as_a_whole(events_site, stored, body, kind, status):
    """A problem, and nothing in the stream."""
    response = events_site.http.post("/events", data=body, content_type=kind)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert stored() == []


def test_a_deep_context_costs_its_event_only(events_site, stored):
    """What no other reader of bodies lets in is named like any other mistake."""
    deep = {}
    for _ in range(40):
        deep = {"a": deep}
    status, body = post(events_site, [{**CLICK, "context": deep}, CLICK])
    assert (status, body["rejected"][0]["type"], len(stored())) == (207, "malformed", 1)
