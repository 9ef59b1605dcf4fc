"""The landing zone: what the web tier saw, as Parquet by day, and which files of it count.

`lake/collected/` has rows of what users did in `events/day=…/` and of what they were shown in
`impressions/day=…/`; a day is that of `event_at`, UTC. As in the lake, files are named by their
content and never changed, and `manifest.json` is replaced atomically: a reader of one manifest
sees every event that was collected so far, each once. Only the collector writes here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.files import fsync, hash_json, read_json, write_json
from pipelines.lake import (
    COLLECTED,
    KEEP_UNLISTED,
    file_entry,
    lake_directory,
    split_by_day,
    write_by_content,
)
from settings import Settings

# How much earlier than its impression an action on a list may be: a browser tells of both.
ORDER_SLACK = timedelta(minutes=1)

Kind = Literal["events", "impressions"]
KINDS: tuple[Kind, ...] = ("events", "impressions")
MANIFEST = "manifest.json"

_MOMENT = pa.timestamp("us")  # naive UTC
_MONEY = pa.decimal128(18, 4)
_SHOWN = [
    ("recommendation_id", pa.string()),
    ("page_view_id", pa.string()),
    ("position", pa.int32()),
    ("tier", pa.string()),
]
_LIST = [("version", pa.string()), ("surface", pa.string()), ("variant", pa.string())]

# The canonical columns of `events`, then what only collected events have.
EVENT_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("event_type", pa.string()),
        ("event_at", _MOMENT),
        ("value", _MONEY),
        ("quantity", _MONEY),
        ("session_id", pa.string()),
        ("recommendation_id", pa.string()),
        ("position", pa.int32()),
        ("context", pa.string()),
        ("received_at", _MOMENT),
        *_LIST,
        ("tier", pa.string()),
        ("page_view_id", pa.string()),
    ]
)
# One row an item shown; the grain is (event_id, position).
IMPRESSION_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("event_at", _MOMENT),
        ("received_at", _MOMENT),
        *_SHOWN,
        ("propensity", pa.float64()),
        *_LIST,
        ("session_id", pa.string()),
        ("context", pa.string()),
    ]
)
SCHEMAS: dict[Kind, pa.Schema] = {"events": EVENT_SCHEMA, "impressions": IMPRESSION_SCHEMA}
ORDER: dict[Kind, list[str]] = {
    "events": ["event_at", "event_id"],
    "impressions": ["event_at", "event_id", "position"],
}


@dataclass(frozen=True)
class Collected:
    """One state of the landing zone: a manifest and the folder that its paths are relative to."""

    directory: Path
    manifest: dict[str, Any]

    @property
    def snapshot_hash(self) -> str:
        """SHA-256 of what was collected; when, and how far the collector is, stays out."""
        return hash_json([sorted(e["sha256"] for e in self.entries(kind)) for kind in KINDS])

    def event_files(
        self, before: datetime | None = None, since: datetime | None = None
    ) -> list[Path]:
        """Files of what users did, oldest day first.

        With *before* only those of days that begin before it, with *since* (naive UTC both) only
        those of days that end after it: rows have to be filtered still.
        """
        return self._files("events", before, since)

    def impression_files(
        self, before: datetime | None = None, since: datetime | None = None
    ) -> list[Path]:
        """Files of what users were shown, as `event_files`."""
        return self._files("impressions", before, since)

    def entries(self, kind: Kind) -> list[dict[str, Any]]:
        """What the manifest says of each file of *kind*: day, path, rows, sha256, received."""
        found: list[dict[str, Any]] = self.manifest.get(kind, [])
        return found

    def _files(self, kind: Kind, before: datetime | None, since: datetime | None) -> list[Path]:
        first = "" if since is None else since.date().isoformat()
        last = "9999" if before is None else _last_day(before)
        return [
            self.directory / entry["path"]
            for entry in self.entries(kind)
            if first <= entry["day"] <= last
        ]


def collected_directory(settings: Settings) -> Path:
    return lake_directory(settings) / COLLECTED


def open_collected(settings: Settings) -> Collected:
    """The landing zone as it is now; an empty one when nothing was collected yet."""
    directory = collected_directory(settings)
    path = directory / MANIFEST
    return Collected(directory, read_json(path) if path.exists() else {})


def write_collected(directory: Path, kind: Kind, rows: pa.Table) -> list[dict[str, Any]]:
    """*rows* (of `SCHEMAS[kind]`, in any order) as one file a day, and their manifest entries.

    They count only once a manifest names them. The same rows give the same files.
    """
    ordered = rows.sort_by([(column, "ascending") for column in ORDER[kind]])
    entries = []
    for day, table in split_by_day(ordered.to_batches()):
        path = write_by_content(table, directory / kind / f"day={day}", "part")
        entries.append(
            file_entry(path, directory, table.num_rows)
            | {"day": day.isoformat(), "received": _span(table["received_at"])}
        )
    if entries:
        fsync(directory / kind)  # the names of new days
        fsync(directory)
    return entries


def commit_collected(directory: Path, manifest: dict[str, Any]) -> Collected:
    """Makes *manifest* the state of the landing zone, its files ordered by day."""
    target = directory / MANIFEST
    ordered: dict[str, Any] = {kind: _ordered(manifest.get(kind, [])) for kind in KINDS}
    new = Collected(directory, {**manifest, **ordered})
    if target.exists():
        # A file may be old when it leaves the manifest: its days of grace begin now.
        for path in _listed(read_json(target)) - _listed(new.manifest):
            with suppress(FileNotFoundError):
                os.utime(directory / path)
    write_json(target, new.manifest)
    return new


def remove_unlisted(collected: Collected) -> int:
    """Deletes files that left the manifest longer ago than anybody may read them; how many."""
    listed = _listed(collected.manifest)
    oldest = time.time() - KEEP_UNLISTED.total_seconds()
    n = 0
    for path in list(_data_files(collected.directory)):
        if path.relative_to(collected.directory).as_posix() in listed:
            continue
        with suppress(FileNotFoundError):  # forgetting was faster
            if path.stat().st_mtime < oldest:
                path.unlink()
                n += 1
    return n


def _data_files(directory: Path) -> Iterator[Path]:
    """Whole files, and what a killed writer left."""
    for kind in KINDS:
        yield from (path for path in (directory / kind).rglob("*") if path.is_file())


def _listed(manifest: dict[str, Any]) -> set[str]:
    return {entry["path"] for kind in KINDS for entry in manifest.get(kind, [])}


def _ordered(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By day, and each file once: the same rows written again are the same file."""
    by_path = {entry["path"]: entry for entry in entries}
    return sorted(by_path.values(), key=lambda entry: (entry["day"], entry["path"]))


def _last_day(before: datetime) -> str:
    return (before - timedelta(microseconds=1)).date().isoformat()


def _span(moments: pa.ChunkedArray) -> list[str]:
    found = pc.min_max(moments)
    return [found[edge].as_py().isoformat() for edge in ("min", "max")]
