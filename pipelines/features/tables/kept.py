"""Computed tables on disk: written once for each cutoff and key, like the tables of SQL files."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.features.snapshots import SnapshotContext, read_key, write_keyed
from pipelines.features.tables.computed import KINDS, compute_tables, kinds_of
from pipelines.moments import compact

COMPUTED_FOLDER = "computed"


def show_computed_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Collection[str],
    context: SnapshotContext,
    *,
    known_before: datetime | None,
    is_sample: bool = False,
) -> None:
    """Makes those of *tables* that are computed tables of *connection*, and writes nothing.

    What a night has kept is taken from there, unless the connection has a sample of the events.
    """
    kept = {} if is_sample else kept_tables(tables, context, known_before)
    for name, path in kept.items():
        connection.read_parquet(str(path)).create_view(name)
    missing = set(tables) - kept.keys()
    for kind in kinds_of(missing):
        made = compute_tables(kind, connection, context.cutoff, context.recipe)
        for name in sorted(made.keys() & missing):
            connection.from_arrow(made[name]).create(name)


def expose_kept_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Collection[str],
    context: SnapshotContext,
    *,
    known_before: datetime | None,
    rebuild: bool = False,
    threads: int = 1,
) -> None:
    """Makes those of *tables* that are computed views of *connection*.

    Kinds whose files are not there under their key are computed from the `events` of *connection*
    and written, up to *threads* of them side by side; with *rebuild* all are.
    """
    kinds = kinds_of(tables)

    def keep(kind: str) -> None:
        if rebuild or not _is_kept(kind, context, known_before):
            with connection.cursor() as cursor:
                _write(cursor, kind, context, known_before)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(keep, kinds))
    for kind in kinds:
        for name in KINDS[kind]:
            path = computed_path(name, context, known_before)
            path.touch()  # it is in use: the retention spares what is young
            connection.read_parquet(str(path)).create_view(name)


def kept_tables(
    tables: Collection[str], context: SnapshotContext, known_before: datetime | None
) -> dict[str, Path]:
    """Where those of *tables* are that are computed and were kept under the present key."""
    return {
        name: computed_path(name, context, known_before)
        for kind in kinds_of(tables)
        for name in KINDS[kind]
        if name in tables and _is_kept(kind, context, known_before)
    }


def computed_path(name: str, context: SnapshotContext, known_before: datetime | None) -> Path:
    """The file of the computed table *name* as of the context's cutoff."""
    key = context.computed_key(name, known_before)
    folder = context.directory / compact(context.cutoff) / COMPUTED_FOLDER
    return folder / f"{name}-{key[:12]}.parquet"


def _is_kept(kind: str, context: SnapshotContext, known_before: datetime | None) -> bool:
    return all(
        read_key(computed_path(name, context, known_before))
        == context.computed_key(name, known_before)
        for name in KINDS[kind]
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    context: SnapshotContext,
    known_before: datetime | None,
) -> None:
    made = compute_tables(kind, connection, context.cutoff, context.recipe)
    for name, table in made.items():
        path = computed_path(name, context, known_before)
        write_keyed(table, path, context.computed_key(name, known_before))
