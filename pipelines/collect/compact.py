"""Small files of a day become one, so that readers open few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.collect.lease import Lease
from pipelines.collect.settings import CollectSettings
from pipelines.collected import (
    KINDS,
    Collected,
    Kind,
    commit_collected,
    open_collected,
    write_collected,
)
from pipelines.forgetting.records import LandingChangedError, check_unchanged
from settings import Settings

Entry = dict[str, Any]


def compact(settings: Settings, lease: Lease, now: datetime) -> int:
    """Joins the small files of days that have many, or no new one for a while; how many went.

    The files that were joined stay for as long as somebody may read them (`remove_unlisted`).
    *now* is naive UTC.
    """
    n = 0
    for kind, day in list(_due(settings, open_collected(settings), now)):
        lease.beat()
        with suppress(LandingChangedError):  # somebody is forgotten since: the next time
            n += _compact_day(settings, lease, kind, day)
    return n


def _due(settings: Settings, collected: Collected, now: datetime) -> Iterator[tuple[Kind, str]]:
    chosen = settings.read(CollectSettings)
    for kind in KINDS:
        for day, entries in _small_by_day(collected, kind, chosen.compact_rows).items():
            newest = max(datetime.fromisoformat(entry["written_at"]) for entry in entries)
            is_quiet = len(entries) > 1 and now - newest >= chosen.compact_after
            if is_quiet or len(entries) >= chosen.compact_files:
                yield kind, day


def _small_by_day(collected: Collected, kind: Kind, compact_rows: int) -> dict[str, list[Entry]]:
    small = defaultdict(list)
    for entry in collected.entries(kind):
        if entry["rows"] < compact_rows:
            small[entry["day"]].append(entry)
    return small


def _compact_day(settings: Settings, lease: Lease, kind: Kind, day: str) -> int:
    collected = open_collected(settings)
    compact_rows = settings.read(CollectSettings).compact_rows
    joined = _fitting(_small_by_day(collected, kind, compact_rows)[day], compact_rows)
    if len(joined) < 2:
        return 0
    paths = [collected.directory / entry["path"] for entry in joined]
    try:
        rows = pa.concat_tables(pq.read_table(path, partitioning=None) for path in paths)
    except FileNotFoundError:
        check_unchanged(settings, collected)
        raise
    newest = max(entry["written_at"] for entry in joined)
    written = write_collected(collected.directory, kind, rows)
    gone = {entry["path"] for entry in joined}
    kept = [entry for entry in collected.entries(kind) if entry["path"] not in gone]
    new = [entry | {"written_at": newest} for entry in written]
    with lease.committing():
        check_unchanged(settings, collected)
        commit_collected(collected.directory, {**collected.manifest, kind: [*kept, *new]})
    return len(joined)


def _fitting(entries: list[Entry], compact_rows: int) -> list[Entry]:
    """The smallest of *entries*, as many as memory holds at once: twice *compact_rows* rows."""
    chosen, n_rows = [], 0
    for entry in sorted(entries, key=lambda entry: int(entry["rows"])):
        n_rows += entry["rows"]
        if n_rows > 2 * compact_rows:
            break
        chosen.append(entry)
    return chosen
