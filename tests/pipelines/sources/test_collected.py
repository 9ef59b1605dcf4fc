"""What the web tier collected becomes part of the lake beside the rows of the source."""

from datetime import datetime, timedelta

import pyarrow.parquet as pq

from pipelines.collect.rows import event_rows, impression_rows
from pipelines.collected import (
    KINDS,
    collected_directory,
    commit_collected,
    open_collected,
    write_collected,
)
from tests.pipelines.collect.shop_log import click, impression
from tests.pipelines.sources.till import events_of, row

AT = datetime(2024, 7, 1, 10)


def land(till, *events):
    """*events* in one more file of each kind and day, as a collector leaves them."""
    directory = collected_directory(till.settings)
    manifest = open_collected(till.settings).manifest
    tables = event_rows(events), impression_rows(events)
    entries = {
        kind: [*manifest.get(kind, []), *write_collected(directory, kind, rows)]
        for kind, rows in zip(KINDS, tables, strict=True)
    }
    commit_collected(directory, entries)


def test_both_are_told_apart_by_id_and_moved_to_utc_once(till):
    """The source's hours are London's, the web tier's UTC; of one id the first received wins."""
    till.source["timezone"] = "Europe/London"
    till.deliver("a.csv", [row(event_id="shared", at="2024-07-01 11:00:00"), row(event_id="own")])
    land(till, click(1, AT, user_id="zoe", item_id="tea"), click(2, AT, event_id="shared"))
    lake = till.ingest()
    found = {event["event_id"]: (event["user_id"], event["event_at"]) for event in events_of(lake)}
    assert found == {
        "own": ("ann", datetime(2024, 3, 1, 10)),
        "shared": ("ann", AT),  # received with its event_at, a second before the other
        "e1": ("zoe", AT),
    }
    counts = lake.manifest["counts"]
    assert (counts["delivered"], counts["collected"], counts["duplicates"]) == (4, 2, 1)
    ids = {
        table: pq.read_table(lake.table_file(table))[column].to_pylist()
        for table, column in (("users", "user_id"), ("items", "item_id"))
    }
    assert ids == {"users": ["ann", "zoe"], "items": ["milk", "tea"]}


def test_a_type_that_is_none_any_more_goes_to_quarantine(till):
    """What was collected is checked again: types may have left the settings since."""
    till.deliver("a.csv", [row()])
    land(till, click(1, AT, event_type="stare"))
    lake = till.ingest()
    assert lake.manifest["counts"]["reasons"] == {"unknown event_type": 1}
    (kept,) = pq.read_table(till.quarantine / "events.parquet").to_pylist()
    assert (kept["event_id"], kept["source_file"]) == ("e1", "web")


def test_impressions_are_a_table_of_the_lake_each_position_once(till):
    """They lie by day, the first received wins, and they are no events."""
    till.deliver("a.csv", [row()])
    without = till.ingest()
    late = impression(1, AT, n=3, user_id="late", received_at=click(1, AT).received_at + 1)
    land(till, late, click(9, AT, event_type="view"))
    land(till, impression(1, AT, n=2, user_id="early"), impression(2, AT + timedelta(days=1), n=1))
    lake = till.ingest()
    rows = [shown for path in lake.impression_files() for shown in pq.read_table(path).to_pylist()]
    assert [(r["event_id"], r["position"], r["user_id"]) for r in rows] == [
        ("e1", 1, "early"),
        ("e1", 2, "early"),
        ("e1", 3, "late"),
        ("e2", 1, "u2"),
    ]
    assert len(lake.impression_files(before=AT + timedelta(hours=1))) == 1
    assert [event["event_type"] for event in events_of(lake)] == ["purchase", "view"]
    assert (without.impression_files(), without.snapshot_hash == lake.snapshot_hash) == ([], False)


def test_collected_rows_alone_make_the_lake_anew(till):
    """An unchanged source is read again when there is more of the web tier, and not otherwise."""
    till.deliver("a.csv", [row()])
    first = till.ingest()
    land(till, click(1, AT))
    second = till.ingest()
    assert (len(events_of(first)), len(events_of(second))) == (1, 2)
    before = {path: path.stat().st_mtime_ns for path in second.directory.rglob("*.parquet")}
    land(till)
    assert till.ingest() == second
    assert {path: path.stat().st_mtime_ns for path in second.directory.rglob("*.parquet")} == before
