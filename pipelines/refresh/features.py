"""Feature tables of some users at a later moment: theirs computed anew, all others as the night's.

A file is run on the users' own events, as if there were nobody else. Whether it may be is measured
once a run and not declared (`pipelines.refresh.measured`): a file that compares a user with others
keeps the night's rows. So do tables of items, of segments, and what is computed from graphs and
vectors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.features.build import SNAPSHOTS, SQL, snapshot_context
from pipelines.features.database import feature_table, open_features
from pipelines.features.folder import load_folder
from pipelines.features.sandbox import interrupting_after, lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import SnapshotContext
from pipelines.features.sql_file import SqlFile
from pipelines.features.tables.computed import COMPUTED_TABLES
from pipelines.features.tables.kept import COMPUTED_FOLDER
from pipelines.files import read_json
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.moments import compact
from pipelines.refresh.errors import RefreshError
from pipelines.runs import Run
from settings.events import EventSettings
from settings.project import var_directory

USER = "user_id"


@dataclass(frozen=True)
class FrozenTables:
    """The run's own tables, read as they are asked for."""

    run: Run
    files: Mapping[str, SqlFile]  # as they were when the run was made, dependencies first
    computed: Mapping[str, Path]  # those that are kept, of graphs and vectors
    context: SnapshotContext  # of the night
    connection: duckdb.DuckDBPyConnection  # to the night's tables

    @property
    def of_users(self) -> list[str]:
        """Files with a row for a user, or for a user and something else, that could be run anew.

        One that reads a computed table which is kept no more could not.
        """
        return [
            name
            for name, file in self.files.items()
            if USER in file.header.grain
            and all(t in self.computed for t in file.dependencies if t in COMPUTED_TABLES)
        ]

    @cached_property
    def schemas(self) -> Mapping[str, pa.Schema]:
        """Types of the night's columns: a file of Parquet keeps other ones than a query gives."""
        return {name: self._table(name).limit(0).to_arrow_table().schema for name in self.files}

    def read(self, name: str, users: Collection[str] | None = None) -> pa.Table:
        """The night's rows of table *name*; only those of *users* where the table has users."""
        table = self._table(name)
        if users is None or USER not in self.files[name].header.grain:
            return table.to_arrow_table()
        wanted = pa.table({USER: pa.array(sorted(users), pa.string())})
        chosen = self.connection.from_arrow(wanted)
        return table.join(chosen, USER, how="semi").to_arrow_table()

    def _table(self, name: str) -> duckdb.DuckDBPyRelation:
        return feature_table(self.connection, self.run, name, run_cutoffs(self.run).night)


@contextmanager
def open_frozen(run: Run) -> Iterator[FrozenTables]:
    """The tables of *run*'s night, and the SQL that made them."""
    files = load_folder(run.path(SQL))
    cutoffs = run_cutoffs(run)
    context = snapshot_context(run, run_lake(run), cutoffs, cutoffs.night)
    kept = {name: file for name, file in files.items() if not file.is_label}
    with open_features(run) as connection:
        yield FrozenTables(run, kept, _computed_of(run, context), context, connection)


def _computed_of(run: Run, context: SnapshotContext) -> dict[str, Path]:
    """The computed tables of the night, as the run wrote down which they are.

    Not by their keys: those are of the lake as it was, and it is another one once a user was
    forgotten.
    """
    found = {}
    for name in read_json(run.path(SNAPSHOTS)):
        moment, folder, stem = Path(name).parts
        path = context.directory / name
        if (moment, folder) == (compact(context.cutoff), COMPUTED_FOLDER) and path.exists():
            found[stem.rpartition("-")[0]] = path
    return found


def build_fresh(
    frozen: FrozenTables,
    names: Collection[str],
    events: pa.Table,
    users: pa.Table,
    moment: datetime,
) -> dict[str, pa.Table]:
    """The tables *names* as of *moment* (naive UTC), by name, from *events* of *users* alone.

    Raises `RefreshError` when a query fails or takes longer than it may at night.
    """
    run = frozen.run
    settings = run.settings.read(FeatureSettings)
    context = replace(frozen.context, cutoff=moment)
    wanted = [name for name in frozen.files if name in names]  # dependencies first
    ids = users[USER].to_pylist()
    tables: dict[str, pa.Table] = {}
    with _sandbox(frozen, events, users) as connection:
        for name in _read_by(frozen, wanted):
            if name in frozen.computed:
                connection.read_parquet(str(frozen.computed[name])).create_view(name)
            else:
                connection.from_arrow(frozen.read(name, ids)).create(name)
        lock_sandbox(connection)
        for name in wanted:
            file = frozen.files[name]
            with interrupting_after(connection, settings.timeout_s):
                try:
                    found = connection.sql(file.sql, params=context.binds(file) or None)
                    # Aggregates give no order of their own, and floats are summed in it.
                    order = ", ".join(f'"{column}"' for column in file.header.grain)
                    rows = found.order(order).to_arrow_table()
                except duckdb.Error as error:
                    raise RefreshError(
                        f"{file.path}: fails at {moment:%Y-%m-%d %H:%M}: {error}"
                    ) from error
            tables[name] = rows.cast(frozen.schemas[name])
            connection.from_arrow(tables[name]).create(name)
    return tables


@contextmanager
def _sandbox(
    frozen: FrozenTables, events: pa.Table, users: pa.Table
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The base tables, of *events* and *users* alone."""
    run, context = frozen.run, frozen.context
    weights = run.settings.read(EventSettings).weights
    readable = [context.lake.directory, context.directory]
    scratch = var_directory(run.settings) / "refresh" / "scratch"
    features = run.settings.read(FeatureSettings)
    with open_sandbox(features, readable=readable, scratch=scratch) as connection:
        connection.from_arrow(events).create("events")
        connection.from_arrow(users).create("users")
        connection.read_parquet(str(context.lake.table_file("items"))).create("items")
        columns = {"event_type": list(weights), "weight": list(weights.values())}
        connection.from_arrow(pa.table(columns)).create("event_weights")
        yield connection


def _read_by(frozen: FrozenTables, names: Collection[str]) -> list[str]:
    """What the files *names* read of the night's tables."""
    read = {table for name in names for table in frozen.files[name].dependencies}
    known = frozen.files.keys() | frozen.computed.keys()
    return sorted((read & known) - set(names))


def rows_of(table: pa.Table, users: Collection[str]) -> pa.Table:
    """Those of *table*'s rows that are of *users*."""
    return table.filter(pc.is_in(table[USER], value_set=pa.array(sorted(users), pa.string())))
