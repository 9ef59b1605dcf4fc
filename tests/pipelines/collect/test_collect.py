"""From the stream to the landing zone: rows, days, duplicates, quarantine, the gate."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from pipelines.collect.gate import BatchRefusedError
from pipelines.collect.landing import Stored
from pipelines.collected import EVENT_SCHEMA, IMPRESSION_SCHEMA, open_collected
from store.events import Event, pack_event
from tests.pipelines.collect.shop_log import NOON, click, impression, micros, rows


def test_every_field_of_an_event_becomes_a_column(shop):
    """An action and an impression come out as they went in, one row an item shown."""
    served = {
        "session_id": "s1",
        "recommendation_id": "r" * 22,
        "page_view_id": "p1",
        "context": '{"page":"cart"}',
        "version": "20240301T000000-0123456789ab-01234567",
        "surface": "home",
        "variant": "default",
    }
    bought = {"value": "2.5", "quantity": "3", "position": 4, "tier": "personal"}
    shop.append(click(1, event_type="purchase", **bought, **served), impression(2, n=2, **served))
    assert shop.collect() == Stored(records=2, events=1, impressions=1)
    received = NOON + timedelta(seconds=1)
    assert shop.events() == [
        {
            "event_id": "e1",
            "user_id": "u1",
            "item_id": "i1",
            "event_type": "purchase",
            "event_at": NOON,
            "received_at": received,
            "value": Decimal("2.5000"),
            "quantity": Decimal("3.0000"),
            "position": 4,
            "tier": "personal",
            **served,
        }
    ]
    shown = {"event_id": "e2", "user_id": "u2", "event_at": NOON, "received_at": received}
    assert shop.impressions() == [
        {
            **shown,
            "item_id": f"i{place}",
            "position": place + 1,
            "tier": "personal",
            "propensity": 0.5,
            **served,
        }
        for place in range(2)
    ]
    collected = open_collected(shop.settings)
    schemas = [
        pq.read_schema(files[0])
        for files in (collected.event_files(), collected.impression_files())
    ]
    assert schemas == [EVENT_SCHEMA, IMPRESSION_SCHEMA]


@pytest.mark.parametrize("great_expectations", [False, True])
def test_what_a_visitor_saw_is_stored(shop, great_expectations):
    """An impression needs no user, an action does; both judges let it pass."""
    shop.chosen["great_expectations"] = great_expectations
    shop.append(impression(1, user_id=""), click(2, user_id=""), click(3))
    assert shop.collect() == Stored(records=3, events=1, impressions=1, quarantined=1)
    assert {(row["event_id"], row["user_id"]) for row in shop.impressions()} == {("e1", "")}


def test_the_log_says_what_was_stored_and_what_waits(shop, caplog):
    """One line a collection, with every count."""
    shop.append(click(1), click(1))
    with caplog.at_level("INFO", logger="nightshelf"):
        shop.collect()
    assert caplog.messages == [
        "collect: records=2 events=1 impressions=0 duplicates=1 quarantined=0 forgotten=0 waiting=0"
    ]


def test_late_events_go_to_their_own_day_and_say_when_they_came(shop):
    """An event that arrives two days late is a row of the day on which it happened."""
    late = click(2, NOON - timedelta(days=2), received_at=micros(NOON))
    shop.append(click(1), late)
    shop.collect()
    days = [file.parts[-2] for file in open_collected(shop.settings).event_files()]
    assert days == ["day=2024-02-28", "day=2024-03-01"]
    assert [row["received_at"] for row in shop.events()] == [NOON + timedelta(seconds=1), NOON]


def test_an_id_that_comes_again_is_stored_once(shop):
    """In one batch the first received wins; in a later one, even of another day, what is there."""
    shop.append(
        click(1, user_id="late", received_at=micros(NOON) + 9),
        click(1, user_id="early", received_at=micros(NOON) + 8),
        impression(2),
        impression(2),
    )
    assert shop.collect() == Stored(records=4, events=1, impressions=1, duplicates=2)
    midnight = NOON + timedelta(hours=12)
    shop.append(click(1, midnight, user_id="again"), impression(2, midnight), impression(1))
    assert shop.collect() == Stored(records=3, duplicates=3)
    assert [row["user_id"] for row in shop.events()] == ["early"]
    assert len(shop.impressions()) == 3


@pytest.mark.parametrize(("days", "stored"), [(7, 1), (8, 2)])
def test_an_id_is_known_for_seven_days_after_it_was_received(shop, days, stored):
    """A retry that names another moment is known for a week; of the same day, always."""
    shop.append(click(1))
    shop.collect()
    later = NOON + timedelta(days=days)
    shop.append(click(1, NOON, received_at=micros(later)))
    assert shop.collect() == Stored(records=1, duplicates=1)
    shop.append(click(1, later))
    shop.collect()
    assert len(shop.events()) == stored


BAD = {
    "no event record": b"{",
    "missing event_id": click(1, event_id=""),
    "missing user_id": click(2, user_id=""),
    "user_id longer than 128 characters": click(3, user_id="u" * 129),
    "item_id with a NUL character": click(4, item_id="a\0b"),
    "missing item_id": click(5, item_id=None),
    "unknown event_type": click(6, event_type="stare"),
    "event_at out of range (1990 to 2199)": click(7, datetime(1989, 12, 31)),
    "received_at out of range (1990 to 2199)": click(8, received_at=2**62),
    "missing or unparsable event_at": click(9, event_at="yesterday"),
    "value is no number": click(10, value="dear"),
    "negative quantity": click(11, quantity="-1"),
    "position out of range": click(12, position=2**31),
    "position is no whole number": click(13, position=1.5),
    "session_id is no text": click(14, session_id=5),
    "impression of no items": impression(15, items=()),
    "user_id is no Unicode text": pack_event(click(16)).replace(b"u1", rb"\ud800"),
}


def test_bad_records_go_to_quarantine_as_they_were_with_the_reason(shop):
    """Each kind of bad record is named and kept to the byte; the good one beside is stored."""
    records = {
        reason: pack_event(record) if isinstance(record, Event) else record
        for reason, record in BAD.items()
    }
    shop.append_raw(*records.values())
    shop.append(click(99))
    assert shop.collect() == Stored(records=len(BAD) + 1, events=1, quarantined=len(BAD))
    (entry,) = open_collected(shop.settings).manifest["quarantine"]
    kept = pq.read_table(shop.var / "quarantine" / "collected" / entry["path"]).to_pylist()
    assert {row["reason"]: row["record"] for row in kept} == records
    assert shop.pending() == 0


def test_a_batch_that_is_too_bad_waits_until_somebody_lets_it_pass(shop):
    """It stays in the log, the error says why, and nothing of it is stored; then it is, once."""
    shop.chosen |= {"min_bad": 1}
    shop.append(*(click(number) for number in range(10)))
    shop.append_raw(b"junk", b"more junk")
    for _ in range(2):
        with pytest.raises(BatchRefusedError, match=r"share_bad is 0.166667.*2 × no event record"):
            shop.collect()
    assert (shop.events(), shop.pending(), shop.client.xlen(shop.key)) == ([], 12, 12)
    status = json.loads((shop.var / "collect" / "status.json").read_text())
    assert (status["lag"]["waiting"], "share_bad" in status["error"]) == (12, True)
    gauges = (shop.var / "metrics" / "collect.prom").read_text().splitlines()
    assert 'nightshelf_collect_failed{namespace="demo"} 1.000' in gauges
    assert 'nightshelf_collect_waiting_events{namespace="demo"} 12.000' in gauges
    refused = shop.var / "quarantine" / "collected" / "refused.parquet"
    assert [row["record"] for row in rows_of(refused)] == [b"junk", b"more junk"]
    assert shop.collect(accept_bad=True) == Stored(records=12, events=10, quarantined=2)
    assert (shop.pending(), refused.exists()) == (0, False)


def rows_of(path):
    return pq.read_table(path, partitioning=None).to_pylist()


def test_great_expectations_judges_a_batch_as_the_comparison_does(shop):
    """Both let a good batch pass and refuse the bad one, naming the same expectation."""
    shop.chosen |= {"great_expectations": True, "min_bad": 0, "max_bad_share": 0.5}
    shop.append(click(1), impression(2))
    shop.append_raw(b"junk")
    assert shop.collect() == Stored(records=3, events=1, impressions=1, quarantined=1)
    report = json.loads((shop.var / "collect" / "gate.json").read_text())
    assert (report["judge"], report["success"]) == ("great_expectations", True)
    shop.append_raw(b"junk")
    with pytest.raises(BatchRefusedError, match=r"share_bad is 1, expected at most 0\.5"):
        shop.collect()
    report = json.loads((shop.var / "collect" / "gate.json").read_text())
    assert [item["expectation"] for item in report["failures"]] == ["share_bad"]


def test_small_files_of_a_day_become_one_and_the_rows_stay(shop):
    """Sixteen batches of a day leave one file; readers of the old manifest still find theirs."""
    shop.chosen |= {"compact_files": 4}
    before = []
    for number in range(4):
        before = open_collected(shop.settings).event_files()
        shop.append(
            click(number), impression(100 + number), click(200 + number, datetime(2024, 2, 1))
        )
        shop.collect(clock=lambda: NOON)
    collected = open_collected(shop.settings)
    assert (len(collected.event_files()), len(collected.impression_files())) == (2, 1)
    assert {row["event_id"] for row in rows(before)} <= {row["event_id"] for row in shop.events()}
    assert set(shop.stored_once().values()) == {1}
    assert len(shop.stored_once()) == 12


def test_what_killed_collectors_left_is_joined_before_anything_else(shop, monkeypatch):
    """A collector that never comes to its end still leaves few files to the next."""
    shop.chosen |= {"compact_files": 3}
    killed = "pipelines.collect.collect.compact"
    with monkeypatch.context() as patched:
        patched.setattr(killed, lambda *_: 0)
        for number in range(3):
            shop.append(click(number))
            shop.collect(clock=lambda: NOON)
    assert len(open_collected(shop.settings).event_files()) == 3
    shop.append_raw(b"junk")
    shop.chosen |= {"min_bad": 0, "max_bad_share": 0.0}
    with pytest.raises(BatchRefusedError):
        shop.collect(clock=lambda: NOON)
    assert len(open_collected(shop.settings).event_files()) == 1
    assert set(shop.stored_once().values()) == {1}


def test_a_quiet_day_is_joined_without_waiting_for_many_files(shop):
    """Two files are enough once an hour has passed; ids in the joined file are still known."""
    for number in range(2):
        shop.append(click(number))
        shop.collect(clock=lambda: NOON)
    assert len(open_collected(shop.settings).event_files()) == 2
    shop.append(click(0), click(1))
    later = shop.collect(clock=lambda: NOON + timedelta(hours=1))
    assert (later, len(open_collected(shop.settings).event_files())) == (
        Stored(records=2, duplicates=2),
        1,
    )
    assert sorted(shop.stored_once()) == ["e0", "e1"]
