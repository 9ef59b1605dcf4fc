"""From raw rows to the lake: quarantine, ids, duplicates, dimensions."""

import random
from datetime import datetime

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.files import hash_file
from pipelines.lake import open_lake
from pipelines.sources.raw import SourceError
from tests.pipelines.sources.till import EVENTS, Till, events_of, row

BAD_ROWS = {
    "missing user_id": row(user=""),
    "user_id longer than 128 characters": row(user="u" * 129),
    "missing item_id": row(item=""),
    "item_id longer than 128 characters": row(item="i" * 129),
    "missing or unparsable event_at": row(at="31/12/2024"),
    "missing event_type": row(event_type=""),
    "unknown event_type": row(event_type="stare"),
    "negative value": row(value="-0.01"),
    "event_id longer than 128 characters": row(event_id="e" * 129),
}


def test_every_bad_row_is_kept_with_its_reason(till):
    """Each reason is counted, and the rows lie in quarantine as they were delivered."""
    rows = list(BAD_ROWS.values())
    till.deliver("a.csv", [*rows, row(), row(user="u" * 128), rows[0]])
    counts = till.ingest().manifest["counts"]
    assert counts == {
        "delivered": len(rows) + 3,
        "collected": 0,
        "quarantined": len(rows) + 1,
        "reasons": {**dict.fromkeys(sorted(BAD_ROWS), 1), "missing user_id": 2},
        "duplicates": 0,
        "events": 2,
    }
    kept = pq.read_table(till.quarantine / "events.parquet").to_pylist()
    found = sorted((r["reason"], r["user_id"] or "", r["item_id"] or "") for r in kept)
    given = [(reason, r["user_id"], r["item_id"]) for reason, r in BAD_ROWS.items()]
    assert found == sorted([*given, ("missing user_id", "", "milk")])


def test_negative_quantities_and_nul_characters_are_refused(till):
    """Reasons that CSV text can hardly bring are reached through the mapping."""
    sql = EVENTS.replace("value: Money.,", "value: Money., quantity: Units.,").replace(
        "event_at, value,", "event_at, value, -1 as quantity,"
    )
    sql = sql.replace(
        "user_id, item_id,",
        "case item_id when 'tea' then 'a' || chr(0) else user_id"
        " end as user_id, case item_id when 'jam' then chr(0) else item_id end"
        " as item_id,",
        1,
    )
    till.write_staging("events", sql)
    till.deliver("a.csv", [row(), row(item="tea"), row(item="jam")])
    with pytest.raises(SourceError, match="not one of 3 rows is usable"):
        till.ingest()
    kept = pq.read_table(till.quarantine / "events.parquet").to_pylist()
    assert sorted(r["reason"] for r in kept) == [
        "item_id with a NUL character",
        "negative quantity",
        "user_id with a NUL character",
    ]


FAR_MOMENTS = (
    "infinity",
    "-infinity",
    "0044-03-15 (BC) 12:00:00",
    "20000-01-01 00:00:00",
    "294247-01-10 04:00:54",
    "290309-12-22 (BC) 00:00:00",
    "1989-12-31 23:59:59",
    "2200-01-01 00:00:00",
)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_moments_out_of_range_are_refused(till, zone):
    """Those that no calendar of the night holds go to quarantine as delivered, in any zone."""
    till.source["timezone"] = zone
    rows = [row(at=moment) for moment in (*FAR_MOMENTS, "1990-01-02", "2199-12-30")]
    till.deliver("a.csv", rows)
    counts = till.ingest().manifest["counts"]
    reason = "event_at out of range (1990 to 2199)"
    found = (counts["reasons"].get(reason), counts["events"])
    # Either end of the range is a few hours elsewhere in another zone.
    assert (
        found
        == {
            "UTC": (8, 2),
            "America/New_York": (7, 3),
            "Asia/Tokyo": (7, 3),
        }[zone]
    )
    kept = duckdb.connect().read_parquet(str(till.quarantine / "events.parquet"))
    assert kept.filter("event_at = 'infinity'").aggregate("count(*)").fetchall() == [(1,)]


def test_a_receipt_out_of_range_is_refused(till):
    """No run would ever see an event received in the year 20000."""
    sql = EVENTS.replace("value: Money.,", "value: Money., received_at: Receipt.,").replace(
        "event_at, value,", "event_at, value, session_id as received_at,"
    )
    till.write_staging("events", sql)
    till.deliver("a.csv", [row(session_id="2024-03-02"), row(session_id="20000-01-01")])
    counts = till.ingest().manifest["counts"]
    assert counts["reasons"] == {"received_at out of range (1990 to 2199)": 1}


def test_an_empty_event_id_is_none(till):
    """Rows whose id is an empty text are told apart like rows without one."""
    sql = EVENTS.replace("nullif(event_id, '') as event_id", "coalesce(event_id, '') as event_id")
    till.write_staging("events", sql)
    till.deliver("a.csv", [row(), row(), row("bob")])
    ids = [event["event_id"] for event in events_of(till.ingest())]
    assert ([len(one) for one in ids], len(set(ids))) == ([64] * 3, 3)


def test_too_many_bad_rows_stop_the_run(till):
    """Over `max_bad_share` the error gives shares and reasons, and the lake stays as it was."""
    till.deliver("a.csv", [row(), row("bob")])
    before = till.ingest()
    till.source["max_bad_share"] = 0.2
    till.deliver("b.csv", [row("cat"), row(user="")])
    with pytest.raises(SourceError, match=r"1 of 4 rows are bad \(1 × missing user_id\).*20\.0%"):
        till.ingest()
    assert open_lake(till.settings) == before
    assert [event["user_id"] for event in events_of(before)] == ["ann", "bob"]


def test_exactly_the_allowed_share_goes_on(till):
    """The bound itself is allowed."""
    till.source["max_bad_share"] = 0.25
    till.deliver("a.csv", [row("ann"), row("bob"), row("cat"), row(user="")])
    assert till.ingest().manifest["counts"]["quarantined"] == 1


def test_the_first_received_of_a_client_id_wins(till):
    """One id delivered twice, changed meanwhile, is the earlier; the other is counted."""
    early, late = row(event_id="e1"), row(event_id="e1", at="2024-03-02 10:00:00", value="9")
    till.deliver("a.csv", [late])
    till.deliver("b.csv", [early])
    lake = till.ingest()
    assert [event["event_at"] for event in events_of(lake)] == [datetime(2024, 3, 1, 10)]
    assert lake.manifest["counts"]["duplicates"] == 1


def test_identical_rows_of_one_file_are_events_of_their_own(till):
    """Three equal lines in one file are three; two of them in another file add none."""
    till.deliver("a.csv", [row()] * 3)
    assert len(events_of(till.ingest())) == 3
    till.deliver("b.csv", [row()] * 2)
    lake = till.ingest()
    assert len(events_of(lake)) == 3
    assert lake.manifest["counts"]["duplicates"] == 2


def test_a_file_delivered_twice_adds_nothing(till):
    """A copy of a file under another name brings the same events."""
    till.deliver("a.csv", [row(), row("bob"), row()])
    first = events_of(till.ingest())
    till.deliver("copy.csv", [row(), row("bob"), row()])
    assert events_of(till.ingest()) == first


def test_shuffled_rows_and_files_are_the_same_lake(tmp_path):
    """Neither the order of rows nor their place in files decides an id or a byte of the lake."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    rows = [
        row(f"u{k % 7}", f"i{k % 11}", f"2024-03-{1 + k % 28:02d} 10:00:00", session_id=f"b{k}")
        for k in range(80)
    ]
    rows += [row(f"v{k}", session_id="") for k in range(5)]
    lakes = []
    for number in range(3):
        till = Till(tmp_path / str(number))
        dice.shuffle(rows)
        for part in range(number + 1):
            till.deliver(f"{dice.random()}.csv", rows[part :: number + 1])
        lakes.append(till.ingest())
    hashes = [{key: lake.manifest[key] for key in ("events", "items", "users")} for lake in lakes]
    assert hashes[0] == hashes[1] == hashes[2]
    assert len({lake.snapshot_hash for lake in lakes}) == 1
    assert len({event["event_id"] for event in events_of(lakes[0])}) == 85


def test_derived_ids_tell_rows_apart(till):
    """User, item, type, moment and session each make another id of 64 hex digits."""
    till.deliver(
        "a.csv",
        [
            row(),
            row("bob"),
            row(item="tea"),
            row(event_type="view"),
            row(at="2024-03-01 10:00:01"),
            row(session_id="b2"),
        ],
    )
    ids = [event["event_id"] for event in events_of(till.ingest())]
    assert (len(set(ids)), {len(one) for one in ids}) == (6, {64})


def test_events_lie_in_files_of_their_day_named_by_content(till):
    """A day is a file whose name is the start of its SHA-256; rows are sorted by moment and id."""
    till.deliver("a.csv", [row(at="2024-03-02 09:00:00"), row(), row("bob")])
    lake = till.ingest()
    entries = lake.manifest["events"]
    assert [(entry["day"], entry["rows"]) for entry in entries] == [
        ("2024-03-01", 2),
        ("2024-03-02", 1),
    ]
    for entry in entries:
        digest = hash_file(lake.directory / entry["path"])
        assert (entry["sha256"], entry["path"]) == (
            digest,
            f"events/day={entry['day']}/till-{digest[:16]}.parquet",
        )
    keys = [(event["event_at"], event["event_id"]) for event in events_of(lake)]
    assert keys == sorted(keys)


def test_every_id_gets_a_row(till):
    """Items and users seen in events alone are completed; delivered ones keep what they have."""
    till.deliver("a.csv", [row(), row("bob", "tea")])
    lake = till.ingest()
    items = pq.read_table(lake.table_file("items")).to_pylist()
    users = pq.read_table(lake.table_file("users")).to_pylist()
    assert [(i["item_id"], i["title"], i["category"], i["available"]) for i in items] == [
        ("milk", "Good milk", "all", True),
        ("tea", "tea", None, True),
    ]
    assert users == [
        {"user_id": "ann", "segment": "regulars", "created_at": None, "city": "York"},
        {"user_id": "bob", "segment": None, "created_at": None, "city": None},
    ]
