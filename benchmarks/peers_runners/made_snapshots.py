"""A project with kept snapshots, the same rows for Feast, and a spine: a job for both.

Snapshots are a week apart and values may be six days old, so that both must say null where a
snapshot leaves somebody out: Feast, which takes the newest row of an entity, finds one that is
too old, and we find none in the newest snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.features.build import features_directory, snapshot_context
from pipelines.features.folder import load_folder
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import snapshot_keys, write_snapshot
from pipelines.inputs import dump_cutoffs, run_cutoffs, run_lake
from pipelines.moments import Cutoffs
from pipelines.runs import FINISHED, Run, create_run, do_once
from settings import Settings, load_settings

FIRST_CUTOFF = datetime(2024, 1, 1)
STEP = timedelta(weeks=1)
MAX_AGE = timedelta(days=6)
PRESENT = 0.9  # of the entities, in each snapshot
KNOWN = 0.95  # of the spine's users
SETTINGS = """[project]
namespace = "made"
var = "var"
[surfaces.home]
"""
SQL = """/*---
description: Made values of a {name}.
owner: benchmarks
grain: [{key}]
event_time: event_at
max_age: 6d
columns:
  {key}: Its id.
{described}
checks: []
---*/
select {key}, {columns}
from events
where event_at >= $as_of - interval 7 day and event_at < $as_of
"""


@dataclass(frozen=True)
class Shape:
    """How much there is."""

    rows: int  # of the spine
    users: int
    items: int
    cutoffs: int

    @property
    def snapshot_rows(self) -> int:
        """Of all snapshots together, about."""
        return round((self.users + self.items) * PRESENT) * self.cutoffs

    @property
    def moments(self) -> list[datetime]:
        return [FIRST_CUTOFF + k * STEP for k in range(self.cutoffs)]


@dataclass(frozen=True)
class MadeTable:
    """One table of features: whose they are, how many, and their types in turn."""

    name: str
    size: int
    columns: dict[str, str]

    @property
    def key(self) -> str:
        return f"{self.name}_id"

    @property
    def table(self) -> str:
        return f"{self.name}_made"


def make_job(folder: Path, shape: Shape, seed: int) -> dict[str, Any]:
    """Writes everything below *folder*, `job.json` last, and gives what stands in it."""
    random = np.random.default_rng(seed)
    tables = [
        MadeTable("user", shape.users, {f"n_{i}": ("int64", "double")[i % 2] for i in range(6)}),
        MadeTable("item", shape.items, {f"n_{i}": ("int64", "double")[i % 2] for i in range(4)}),
    ]
    settings = _write_project(folder, tables)
    run = _finish_run(settings, shape)
    for table in tables:
        _write_snapshots(run, table, shape, random, folder / f"{table.name}.parquet")
    _write_spine(folder / "spine.parquet", shape, random)
    job = {
        "settings": str(settings.path),
        "spine": str(folder / "spine.parquet"),
        "moment": "moment",
        "max_age_s": MAX_AGE.total_seconds(),
        "tables": {
            table.table: {
                "entity": table.key,
                "columns": table.columns,
                "path": str(folder / f"{table.name}.parquet"),
            }
            for table in tables
        },
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    return job


def _write_project(folder: Path, tables: list[MadeTable]) -> Settings:
    for table in tables:
        described = "\n".join(f"  {column}: Made." for column in table.columns)
        text = SQL.format(
            name=table.name, key=table.key, described=described, columns=", ".join(table.columns)
        )
        path = folder / "feature_sql" / table.name / f"{table.table}.sql"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    (folder / "nightshelf.toml").write_text(SETTINGS, encoding="utf-8")
    return load_settings(folder / "nightshelf.toml", {})


def _finish_run(settings: Settings, shape: Shape) -> Run:
    """A run that has nothing but its moment and a lake without events."""
    *past, night = shape.moments
    cutoffs = Cutoffs(tuple(past[:-1][::-1]), past[-1], night, STEP)
    manifest = {
        "as_of": night.isoformat(),
        "snapshot_at": night.isoformat(),
        "inputs": {},
        "cutoffs": dump_cutoffs(cutoffs),
        "settings": {"surfaces": {"home": {}}},
        "lake": {"events": []},
    }
    run = create_run(settings, night, manifest)
    do_once(run, FINISHED, lambda _: {})
    return run


def _write_snapshots(
    run: Run, table: MadeTable, shape: Shape, random: np.random.Generator, for_feast: Path
) -> None:
    """A snapshot a cutoff by the engine of the night, and the same rows in one file for Feast."""
    with ExitStack() as stack:
        connection = stack.enter_context(duckdb.connect(config={"threads": "1"}))
        writer = None
        for cutoff, rows in _weeks(table, shape, random):
            _write_one(connection, run, table, cutoff, rows)
            stamps = pa.array([cutoff] * len(rows), pa.timestamp("us", "UTC"))
            dated = rows.drop_columns(["event_at"]).append_column("event_timestamp", stamps)
            writer = writer or stack.enter_context(
                pq.ParquetWriter(for_feast, dated.schema, compression="zstd")
            )
            writer.write_table(dated)


def _write_one(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    table: MadeTable,
    cutoff: datetime,
    rows: pa.Table,
) -> None:
    files = load_folder(features_directory(run.settings))
    context = snapshot_context(run, run_lake(run), run_cutoffs(run), cutoff)
    file, key = files[table.table], snapshot_keys(files, context)[table.table]
    connection.register("events", rows)
    write_snapshot(connection, file, context, key, run.settings.read(FeatureSettings))


def _weeks(
    table: MadeTable, shape: Shape, random: np.random.Generator
) -> Iterator[tuple[datetime, pa.Table]]:
    """(cutoff, a row for most entities, of the day before it)."""
    ids = make_ids(table.name, np.arange(table.size))
    for cutoff in shape.moments:
        present = np.flatnonzero(random.random(table.size) < PRESENT)
        day = np.datetime64(cutoff - timedelta(days=1), "us")
        columns = {
            name: random.random(len(present)) if kind == "double" else _counts(random, len(present))
            for name, kind in table.columns.items()
        }
        event_at = np.full(len(present), day)
        yield cutoff, pa.table({table.key: ids[present], "event_at": event_at, **columns})


def _counts(random: np.random.Generator, size: int) -> np.ndarray:
    return random.integers(0, 1000, size)


def _write_spine(path: Path, shape: Shape, random: np.random.Generator) -> None:
    """Moments from half a week before the first cutoff to a week after the last."""
    span = (shape.cutoffs + 0.5) * STEP
    seconds = random.integers(0, int(span.total_seconds()), shape.rows)
    first = np.datetime64(FIRST_CUTOFF - STEP / 2, "us")
    users = random.integers(0, int(shape.users / KNOWN), shape.rows)
    table = {
        "row": np.arange(shape.rows),
        "user_id": make_ids("user", users),
        "item_id": make_ids("item", random.integers(0, shape.items, shape.rows)),
        "moment": first + seconds.astype("timedelta64[s]"),
        "label": random.random(shape.rows) < 0.1,
    }
    pq.write_table(pa.table(table), path, compression="zstd")


def make_ids(kind: str, numbers: np.ndarray) -> np.ndarray:
    """`user-00000042` and the like."""
    return np.char.add(f"{kind}-", np.char.zfill(numbers.astype(str), 8))
