"""Which event ids the landing zone has already.

An id may come again with another `event_at` (a client that retries over midnight), so not only the
days of a batch are looked at, but every file with an event received within `[collect] remember`
before the batch's first. Of each file one 64-bit hash an event is kept while the collector runs;
files never change. A hash that is there already is looked up in the file itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from duckdb import ColumnExpression, FunctionExpression

from pipelines.collected import KINDS, Collected

Hashes = np.ndarray[Any, np.dtype[np.uint64]]


class KnownIds:
    """Looks event ids up in the files of the landing zone; 8 bytes of memory an event."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": "1"})
        self._hashes: dict[Path, Hashes] = {}

    def among(
        self,
        ids: Collection[str],
        collected: Collected,
        *,
        received_from: datetime,
        days: Collection[str],
    ) -> set[str]:
        """Those of *ids* that a file has whose day is of *days* (ISO), or that has an event
        received at *received_from* (naive UTC) or later.
        """
        files = list(_files(collected, received_from, days))
        # What left the manifest, by compaction, is not asked for again.
        self._hashes = {path: self._hashes[path] for path in files if path in self._hashes}
        wanted = pa.table({"event_id": pa.array(ids, pa.string())})
        hashes = self._hash(self._connection.from_arrow(wanted))
        return {
            event_id
            for path in files
            if _has_any(self._hashes_of(path), hashes)
            for event_id in self._exactly(path, wanted)
        }

    def _hashes_of(self, path: Path) -> Hashes:
        if path not in self._hashes:
            self._hashes[path] = np.unique(self._hash(self._ids(path)))
        return self._hashes[path]

    def _ids(self, path: Path) -> duckdb.DuckDBPyRelation:
        return self._connection.read_parquet(str(path), hive_partitioning=False).select("event_id")

    def _hash(self, relation: duckdb.DuckDBPyRelation) -> Hashes:
        hashed = FunctionExpression("hash", ColumnExpression("event_id")).alias("hash")
        return relation.select(hashed).to_arrow_table()["hash"].to_numpy()

    def _exactly(self, path: Path, wanted: pa.Table) -> list[str]:
        asked = self._connection.from_arrow(wanted)
        found = asked.join(self._ids(path), "event_id", how="semi")
        ids: list[str] = found.to_arrow_table()["event_id"].to_pylist()
        return ids


def remembered_from(first_received: datetime, remember: timedelta) -> datetime:
    """How far back an event of a batch, the first received then, may have been sent before."""
    return max(first_received - remember, datetime.min + remember)


def _files(collected: Collected, since: datetime, days: Collection[str]) -> Iterable[Path]:
    for kind in KINDS:
        for entry in collected.entries(kind):
            if entry["day"] in days or datetime.fromisoformat(entry["received"][1]) >= since:
                yield collected.directory / entry["path"]


def _has_any(known: Hashes, asked: Hashes) -> bool:
    places = np.searchsorted(known, asked)
    places[places == len(known)] = 0
    return bool(len(known)) and bool(np.any(known[places] == asked))
