"""The leak test: a table as of T must be the same without anything that happened from T on.

It compares the rows computed from all data with those computed from data cut at T
(for a label: at the end of its window).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

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
# What nobody knew before: two more items and users, like the first ones, created at that moment
# and after it, and a change of each item. A lake without dates could not show otherwise what a
# file makes of them.
_LATER = {
    "items": """
        select * replace (coalesce(updated_at, $after) as updated_at) from all_items
        union all by name
        select * exclude (moment) replace (
            $made || ' ' || moment as item_id, moment as created_at, moment as updated_at
        )
        from (from all_items order by item_id limit 1), (select unnest([$before, $after]) as moment)
    """,
    "users": """
        select * from all_users
        union all by name
        select * exclude (moment)
            replace ($made || ' ' || moment as user_id, moment as created_at)
        from (from all_users order by user_id limit 1), (select unnest([$before, $after]) as moment)
    """,
}
_MADE = "made by the leak test"


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
            f"with what happened from {moment} on{self._advice}\n"
            f"  from all data:       {show_row(self.with_all)}\n"
            f"  from data cut there: {show_row(self.with_past)}"
        )

    @property
    def _advice(self) -> str:
        return "".join(advice_on(table) for table in sorted(self.file.dependencies))


def advice_on(table: str) -> str:
    """How the rows of *table* are bounded, where no rule on the text says it."""
    if table == "items":
        return "; of items, take those with created_at and updated_at before it, or null"
    if table == "users":
        return "; of users, take those with created_at before it, or null"
    return ""


def can_leak(file: SqlFile) -> bool:
    """Whether *file* reads a table of the lake that has moments; others only pass on."""
    return not file.dependencies.isdisjoint(_DATED)


def cut_dimensions(connection: duckdb.DuckDBPyConnection, before: datetime) -> None:
    """Takes out of `items` and `users` what came from *before* on; `events` are cut already."""
    connection.execute(_SET_ASIDE)
    for table, query in _CUTS.items():
        connection.sql(query, params={"before": before}).create(table)


def add_later_dimensions(connection: duckdb.DuckDBPyConnection, before: datetime) -> None:
    """Adds to `items` and `users` what came from *before* on, to see who takes it for known."""
    connection.execute(_SET_ASIDE)
    for table, query in _LATER.items():
        binds = {"before": before, "after": before + timedelta(days=1), "made": _MADE}
        connection.sql(query, params=binds).create(table)


def find_leak(
    whole: duckdb.DuckDBPyConnection,
    cut: duckdb.DuckDBPyConnection,
    file: SqlFile,
    context: SnapshotContext,
    settings: FeatureSettings,
) -> Leak | None:
    """The first row of *file* that is not the same on both connections.

    Rows that share a key come in any order, so that those are looked at in the order of all
    columns; that they share it the checks of the grain say.

    Raises `SqlFileError` when the query fails or takes too long.
    """
    found = _difference(whole, cut, file, context, settings, file.header.grain)
    if found is not None and _shares_keys(whole, file, context):
        order = [*dict.fromkeys([*file.header.grain, *file.header.columns])]
        found = _difference(whole, cut, file, context, settings, order)
    if found is None:
        return None
    return Leak(file, context.cutoff, *found)


def _difference(
    whole: duckdb.DuckDBPyConnection,
    cut: duckdb.DuckDBPyConnection,
    file: SqlFile,
    context: SnapshotContext,
    settings: FeatureSettings,
    columns: list[str],
) -> tuple[Row | None, Row | None] | None:
    """The first difference of both sides in the order of *columns*."""
    with (
        _rows(whole, file, context, settings, columns) as with_all,
        _rows(cut, file, context, settings, columns) as with_past,
    ):
        return first_difference(with_all, with_past, file.header.grain)


@contextmanager
def _rows(
    connection: duckdb.DuckDBPyConnection,
    file: SqlFile,
    context: SnapshotContext,
    settings: FeatureSettings,
    columns: list[str],
) -> Iterator[Iterator[pa.RecordBatch]]:
    """Batches of the rows of *file* in the order of *columns*."""
    order = ", ".join(f'"{column}"' for column in columns)
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
