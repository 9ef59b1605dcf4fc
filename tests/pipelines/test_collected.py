"""The landing zone: its layout, which days are read, and what leaves it."""

import os
import random
import time
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.collected import (
    EVENT_SCHEMA,
    IMPRESSION_SCHEMA,
    collected_directory,
    commit_collected,
    open_collected,
    remove_unlisted,
    write_collected,
)
from pipelines.lake import KEEP_UNLISTED
from settings import load_settings


@pytest.fixture
def settings(tmp_path):
    """Settings whose var/ is thrown away."""
    path = tmp_path / "nightshelf.toml"
    path.touch()
    return load_settings(path, {})


def action(number, at, **more):
    return {
        "event_id": f"e{number}",
        "user_id": "ann",
        "item_id": "milk",
        "event_type": "click",
        "event_at": at,
        "received_at": at,
        "value": Decimal("2.5000"),
        **more,
    }


def table(rows, schema=EVENT_SCHEMA):
    return pa.Table.from_pylist(rows, schema=schema)


def test_nothing_collected_is_an_empty_landing_zone(settings):
    """Before the first batch there are no files, and opening it writes nothing."""
    collected = open_collected(settings)
    assert (collected.event_files(), collected.impression_files(), collected.manifest) == (
        [],
        [],
        {},
    )
    assert not collected_directory(settings).exists()


def test_rows_lie_in_the_folder_of_their_day_and_are_read_by_day(settings):
    """Midnight belongs to the day it begins; `before` and `since` leave out whole days."""
    directory = collected_directory(settings)
    midnight = datetime(2024, 3, 2)
    moments = [midnight - timedelta(microseconds=1), midnight, midnight + timedelta(days=1)]
    rows = [action(number, at) for number, at in enumerate(moments)]
    entries = write_collected(directory, "events", table(rows))
    shown = {key: rows[1][key] for key in ("event_id", "user_id", "item_id", "event_at")}
    shown |= {"received_at": midnight, "position": 1, "propensity": 0.5}
    impressions = write_collected(directory, "impressions", table([shown], IMPRESSION_SCHEMA))
    commit_collected(directory, {"events": entries, "impressions": impressions})
    collected = open_collected(settings)

    def days(files):
        return [file.relative_to(directory).parts[1] for file in files]

    first, second, third = (f"day=2024-03-0{n}" for n in (1, 2, 3))
    assert days(collected.event_files()) == [first, second, third]
    assert days(collected.event_files(before=midnight)) == [first]
    assert days(collected.event_files(since=midnight)) == [second, third]
    assert days(collected.event_files(before=moments[2], since=midnight)) == [second]
    assert days(collected.impression_files()) == [second]
    kept = pq.read_table(collected.event_files()[0], partitioning=None)
    assert (kept.schema, kept.to_pylist()) == (EVENT_SCHEMA, table(rows[:1]).to_pylist())


def test_the_same_rows_in_any_order_are_the_same_file_once(settings):
    """A batch written again after a crash adds nothing, and the snapshot hash stays."""
    directory = collected_directory(settings)
    rows = [action(number, datetime(2024, 3, 1, number)) for number in range(20)]
    first = write_collected(directory, "events", table(rows))
    once = commit_collected(directory, {"events": first})
    seed = random.randrange(10**9)
    print("seed", seed)
    random.Random(seed).shuffle(rows)
    again = write_collected(directory, "events", table(rows))
    twice = commit_collected(directory, {"events": first + again, "positions": {"stream": "1-0"}})
    assert (again, twice.event_files()) == (first, once.event_files())
    assert twice.snapshot_hash == once.snapshot_hash


def test_a_file_that_left_the_manifest_is_removed_after_its_grace(settings):
    """Its days begin when it leaves; listed files stay however old they are."""
    directory = collected_directory(settings)
    long_ago = time.time() - KEEP_UNLISTED.total_seconds() - 60
    rows = [action(number, datetime(2024, 3, 1, number)) for number in range(2)]
    entries = [write_collected(directory, "events", table([row]))[0] for row in rows]
    commit_collected(directory, {"events": entries})
    for entry in entries:
        os.utime(directory / entry["path"], (long_ago, long_ago))
    newer = commit_collected(directory, {"events": entries[:1]})
    assert (remove_unlisted(newer), (directory / entries[1]["path"]).exists()) == (0, True)
    os.utime(directory / entries[1]["path"], (long_ago, long_ago))
    assert remove_unlisted(newer) == 1
    assert [path.name for path in (directory / "events").rglob("*.parquet")] == [
        (directory / entries[0]["path"]).name
    ]
