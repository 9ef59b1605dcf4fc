"""The lake: canonical tables as Parquet, and the manifest that says which files count.

Files are named by their content and never changed; `lake/manifest.json` is replaced
atomically, so a reader of one manifest sees one state of the lake, whatever is being written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.files import hash_file, hash_json, read_json, replacing, write_json
from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory

# A file that the manifest names no more may still be read by a run that began before.
KEEP_UNLISTED = timedelta(days=7)
COLLECTED = "collected"  # the collector's folder in the lake, with a manifest of its own
_OTHERS = ("raw/", f"{COLLECTED}/")  # folders that this manifest says nothing about
_REMOVABLE = (".parquet", ".draft", ".part")  # whole files, and what a killed writer left


class LakeError(NightshelfError):
    """The lake is empty, or a file of it is missing."""


@dataclass(frozen=True)
class Lake:
    """One state of the lake: a manifest and the folder that its paths are relative to."""

    directory: Path
    manifest: dict[str, Any]

    @property
    def snapshot_hash(self) -> str:
        """SHA-256 of the content of every canonical table; file order and times stay out."""
        parts = ("events", "items", "users", "tables")
        return hash_json([*(self.manifest[part] for part in parts), self._days("impressions")])

    def event_files(self, before: datetime | None = None) -> list[Path]:
        """Event files, oldest day first; only those of days that begin before *before*."""
        return [self.directory / entry["path"] for entry in self._days("events", before)]

    def impression_files(self, before: datetime | None = None) -> list[Path]:
        """Files of what users were shown, as `event_files`; a row an item of an impression."""
        return [self.directory / entry["path"] for entry in self._days("impressions", before)]

    def events_hash(self, before: datetime) -> str:
        """What decides every row of `events` before *before*: the hashes of its days."""
        return hash_json(
            [[entry["day"], entry["sha256"]] for entry in self._days("events", before)]
        )

    def table_file(self, table: str) -> Path:
        return self.directory / str(self.manifest[table]["path"])

    def table_hash(self, table: str) -> str:
        return str(self.manifest[table]["sha256"])

    def _days(self, kind: str, before: datetime | None = None) -> list[dict[str, Any]]:
        # A lake of before there were impressions has none.
        entries: list[dict[str, Any]] = self.manifest.get(kind, [])
        if before is None:
            return entries
        last = (before - timedelta(microseconds=1)).date().isoformat()
        return [entry for entry in entries if entry["day"] <= last]


def lake_directory(settings: Settings) -> Path:
    return var_directory(settings) / "lake"


def open_lake(settings: Settings) -> Lake:
    """The lake as it is now; raises `LakeError` when nothing was ingested yet."""
    directory = lake_directory(settings)
    path = directory / "manifest.json"
    if not path.exists():
        raise LakeError(f"{directory} holds no events yet; run `python -m pipelines ingest`")
    return Lake(directory, read_json(path))


def write_day_files(
    batches: Iterable[pa.RecordBatch], directory: Path, source: str, *, kind: str = "events"
) -> list[dict[str, Any]]:
    """Rows of *kind*, sorted by (event_at, event_id), as one file a day; the manifest's entries."""
    entries = []
    for day, table in split_by_day(batches):
        path = write_by_content(table, directory / kind / f"day={day}", source)
        entries.append(file_entry(path, directory, table.num_rows) | {"day": day.isoformat()})
    return entries


def write_table(table: pa.Table, directory: Path, name: str) -> dict[str, Any]:
    """One whole canonical table as a file; the manifest's entry."""
    path = write_by_content(table, directory / name, name)
    return file_entry(path, directory, table.num_rows)


def commit_manifest(directory: Path, manifest: dict[str, Any]) -> Lake:
    """Makes *manifest* the lake's state and removes files long out of use."""
    target = directory / "manifest.json"
    listed = _listed(manifest)
    if target.exists():
        # A file may be old when it leaves the manifest: its days of grace begin now.
        for path in _listed(read_json(target)) - listed:
            with suppress(FileNotFoundError):
                os.utime(directory / path)
    write_json(target, manifest)
    _remove_unlisted(directory, listed)
    return Lake(directory, manifest)


def split_by_day(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[date, pa.Table]]:
    """(day, rows of that day); a day may span batches, batches may span days."""
    pending: list[pa.RecordBatch] = []
    current: date | None = None
    for batch in batches:
        days = pc.cast(batch.column("event_at"), pa.date32())
        runs = pc.run_end_encode(days)
        start = 0
        for end, day in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
            if day != current and pending:
                yield _day_of(pending[0]), pa.Table.from_batches(pending)
                pending = []
            current = day
            pending.append(batch.slice(start, end - start))
            start = end
    if pending:
        yield _day_of(pending[0]), pa.Table.from_batches(pending)


def _day_of(batch: pa.RecordBatch) -> date:
    moment: datetime = batch.column("event_at")[0].as_py()
    return moment.date()


def write_by_content(table: pa.Table, folder: Path, stem: str) -> Path:
    """*table* as `<stem>-<16 hex of its bytes>.parquet` in *folder*, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{stem}.{uuid4().hex}.draft"
    try:
        pq.write_table(table.combine_chunks(), draft, compression="zstd")
        target = folder / f"{stem}-{hash_file(draft)[:16]}.parquet"
        with replacing(target) as beside:
            draft.replace(beside)
    finally:
        draft.unlink(missing_ok=True)
    return target


def file_entry(path: Path, directory: Path, rows: int) -> dict[str, Any]:
    """What a manifest says of a file; its path is relative to *directory*."""
    return {
        "path": path.relative_to(directory).as_posix(),
        "rows": rows,
        "sha256": hash_file(path),
    }


def _listed(manifest: dict[str, Any]) -> set[str]:
    listed = {entry["path"] for entry in manifest["events"]}
    listed |= {entry["path"] for entry in manifest.get("impressions", [])}
    listed |= {manifest[table]["path"] for table in ("items", "users")}
    return listed | {entry["path"] for entry in manifest["tables"].values()}


def _remove_unlisted(directory: Path, listed: set[str]) -> None:
    oldest = time.time() - KEEP_UNLISTED.total_seconds()
    for path in directory.rglob("*"):
        relative = path.relative_to(directory).as_posix()
        if path.suffix not in _REMOVABLE or relative.startswith(_OTHERS) or relative in listed:
            continue
        if path.stat().st_mtime < oldest:
            path.unlink()
