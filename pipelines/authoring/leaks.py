"""The leak test: a table as of T must be the same without anything that happened from T on.

It compares the rows computed from all data with those computed from data cut at T
(for a label: at the end of its window).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from pipelines.authoring.differences import Row, first_difference, show_row
from pipelines.features.problems import SqlFileError
from pipelines.features.sandbox import interrupting_after
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import SnapshotContext
from pipelines.features.sql_file import SqlFile

_BATCH_ROWS = 100_000
_DATED = ("events", "items", "users")
_SET_ASIDE = "alter table items rename to all_items; alter table users rename to all_users"
# With dates of their own: what is new from T on goes, unless it was seen before all the same,
# and what was changed since loses the moment, though not the value: the old one is not kept.
_CUTS = {
    "items": """
        select * replace (case when updated_at < $before then updated_at end as updated_at)
        from all_items
        where created_at is null or created_at < $before
            or item_id in (select item_id from events)
    """,
    "users": """
        select *
        from all_users
        where created_at is null or created_at < $before
            or user_id in (select user_id from events)
    """,
}


@dataclass(frozen=True)
class Leak:
    """A row of *file* as of *cutoff* that knows what came later."""

    file: SqlFile
    cutoff: datetime
    with_all: Row | None  # None: there is no such row
    with_past: Row | None

    def __str__(self) -> str:
        moment = "the end of its window" if self.file.is_label else "that moment"
        return (
            f"{self.file.path}:1: looks ahead: as of {self.cutoff:%Y-%m-%d %H:%M} its rows change "
            f"with what happened from {moment} on\n"
            f"  from all data:       {show_row(self.with_all)}\n"
            f"  from data cut there: {show_row(self.with_past)}"
        )


def can_leak(file: SqlFile) -> bool:
    """Whether *file* reads a table of the lake that has moments; others only pass on."""
    return not file.dependencies.isdisjoint(_DATED)


def cut_dimensions(connection: duckdb.DuckDBPyConnection, before: datetime) -> None:
    """Takes out of `items` and `users` what came from *before* on; `events` are cut already."""
    connection.execute(_SET_ASIDE)
    for table, query in _CUTS.items():
        connection.sql(query, params={"before": before}).create(table)


def find_leak(
    whole: duckdb.DuckDBPyConnection,
    cut: duckdb.DuckDBPyConnection,
    file: SqlFile,
    context: SnapshotContext,
    settings: FeatureSettings,
) -> Leak | None:
    """The first row of *file* that is not the same on both connections.

    Rows that share a key come in any order; what is wrong with those the checks of the grain say.

    Raises `SqlFileError` when the query fails or takes too long.
    """
    with (
        _rows(whole, file, context, settings) as with_all,
        _rows(cut, file, context, settings) as with_past,
    ):
        found = first_difference(with_all, with_past, file.header.grain)
    if found is None or _shares_keys(whole, file, context):
        return None
    return Leak(file, context.cutoff, *found)


@contextmanager
def _rows(
    connection: duckdb.DuckDBPyConnection,
    file: SqlFile,
    context: SnapshotContext,
    settings: FeatureSettings,
) -> Iterator[Iterator[pa.RecordBatch]]:
    """Batches of the rows of *file* in the order of its grain."""
    order = ", ".join(f'"{column}"' for column in file.header.grain)
    with interrupting_after(connection, settings.timeout_s) as timer:
        try:
            relation = connection.sql(file.sql, params=context.binds(file) or None)
            with relation.order(order).to_arrow_reader(_BATCH_ROWS) as batches:
                yield iter(batches)
        except duckdb.InterruptException:
            if not timer["expired"]:
                raise
            limit = f"[features] timeout_s = {settings.timeout_s}"
            raise SqlFileError(f"{file.path}:1: stopped after {limit} in the leak test") from None
        except duckdb.Error as error:
            raise SqlFileError(f"{file.path}:1: fails in the leak test: {error}") from error


def _shares_keys(
    connection: duckdb.DuckDBPyConnection, file: SqlFile, context: SnapshotContext
) -> bool:
    relation = connection.sql(file.sql, params=context.binds(file) or None)
    keys = ", ".join(f'"{column}"' for column in file.header.grain)
    counted = relation.aggregate(f"{keys}, count(*) as n_rows", keys)
    return len(counted.filter("n_rows > 1").limit(1).fetchall()) > 0
