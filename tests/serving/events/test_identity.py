"""The same event sent twice has one id; two that only look alike have two."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from serving.events.clock import microseconds
from serving.events.identity import Numbering
from store.events import SOURCE, Event
from tests.serving.events.test_route import CLICK, post

ROOT = Path(__file__).parents[3]
AT = datetime(2018, 1, 2, 12, 0, 0, 250_001, tzinfo=UTC)
EVENT = Event("", "click", "u\u00e41", microseconds(AT), microseconds(AT), item_id="i3")


def test_an_event_has_the_id_that_ingest_derives():
    """Through the SQL of ingest: identical rows, with a session and without."""
    events = [EVENT, EVENT, replace(EVENT, session_id="s"), replace(EVENT, item_id="i4")]
    numbering = Numbering()
    with duckdb.connect() as connection:
        connection.execute(
            "create table checked_events as select null::varchar as event_id, null as reason, "
            "'f' as source_file, null::decimal(18, 4) as value, null::decimal(18, 4) as quantity, "
            "null::varchar as recommendation_id, null::int as position, null::varchar as context, "
            "null::timestamp as received_at, * from (select unnest($users) as user_id, "
            "unnest($items) as item_id, 'click' as event_type, $at::timestamp as event_at, "
            "unnest($sessions) as session_id)",
            {
                "users": [event.user_id for event in events],
                "items": [event.item_id for event in events],
                "sessions": [event.session_id for event in events],
                "at": AT.replace(tzinfo=None),
            },
        )
        sql = (ROOT / "pipelines/sources/sql/identify_events.sql").read_text(encoding="utf-8")
        found = connection.execute(sql, {"source": SOURCE}).fetchall()
    derived = [numbering.derive(event) for event in events]
    assert len(set(derived)) == len(events)
    assert {row[0] for row in found} == set(derived)


def test_what_is_sent_again_has_the_same_id(events_site, stored, clock):
    """Whoever says when it happened, or gives an id, may try again as often as it takes."""
    answer = events_site.recs("u1")
    shown = {
        "event_type": "impression",
        "user_id": "u1",
        "recommendation_id": answer["recommendation_id"],
        "page_view_id": "p1",
    }
    timed = {**CLICK, "event_at": "2018-01-02T11:00:00Z"}
    batch = [{**CLICK, "event_id": "mine"}, timed, timed, shown]
    for _ in range(2):
        assert post(events_site, batch)[0] == 202
        clock.move(seconds=7)
    ids = [event.event_id for event in stored()]
    assert ids[:4] == ids[4:]
    assert len(set(ids)) == 4
    everything = [item["rank"] for item in reversed(answer["items"])]
    assert post(events_site, [{**shown, "items": everything}])[0] == 202
    assert stored()[-1].event_id == ids[3]


def test_what_is_seen_later_on_a_page_is_no_second_try(events_site, stored):
    """Items of one page view that are sent when they are seen are events of their own."""
    shown = {
        "event_type": "impression",
        "user_id": "u1",
        "recommendation_id": events_site.recs("u1")["recommendation_id"],
    }
    seen = [("p1", [1, 2]), ("p1", [3]), ("p1", [2, 1]), ("p2", [1, 2])]
    batch = [{**shown, "page_view_id": page, "items": items} for page, items in seen]
    assert post(events_site, batch)[0] == 202
    first, later, again, elsewhere = [event.event_id for event in stored()]
    assert (first == again, len({first, later, elsewhere})) == (True, 3)


def test_a_second_try_does_not_crowd_out_what_came_before(events_site):
    """A user's last events hold each of them once."""
    batch = [{**CLICK, "item_id": f"i{n}", "event_at": f"2018-01-02T11:00:0{n}Z"} for n in range(4)]
    for _ in range(6):
        assert post(events_site, batch)[0] == 202
    found = events_site.shelf.fetch(events_site.shelf.snapshot, "home", "u1")
    assert [event.item_id for event in found.recent] == ["i3", "i2", "i1", "i0"]
