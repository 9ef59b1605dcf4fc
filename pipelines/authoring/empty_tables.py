"""The tables that files read, without rows: against them a query shows its columns and types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import load_sql_file
from pipelines.features.tables.computed import SCHEMAS
from pipelines.lake import Lake, LakeError, open_lake
from pipelines.sources.mapping import EVENT_COLUMNS, ITEM_COLUMNS, USER_COLUMNS, fit_columns
from pipelines.sources.settings import SourceSettings
from settings import Settings

_NOT_IN_LAKE = "source_file"  # only ingestion needs it
_CANONICAL = {"events": EVENT_COLUMNS, "items": ITEM_COLUMNS, "users": USER_COLUMNS}


def create_empty_tables(
    connection: duckdb.DuckDBPyConnection, settings: Settings, directory: Path
) -> None:
    """`events`, `items`, `users`, `event_weights` and the computed tables, without rows.

    Before anything was ingested: the canonical columns, and those that the staging SQL of the
    source below *directory* adds to the users.
    """
    for name, schema in _schemas(settings, directory):
        connection.from_arrow(schema.empty_table()).create(name)


def _schemas(settings: Settings, directory: Path) -> Iterator[tuple[str, pa.Schema]]:
    try:
        lake = open_lake(settings)
    except LakeError:
        yield from _canonical_schemas(settings, directory)
    else:
        yield from _lake_schemas(lake)
    yield "event_weights", pa.schema({"event_type": pa.string(), "weight": pa.float64()})
    yield from SCHEMAS.items()


def _lake_schemas(lake: Lake) -> Iterator[tuple[str, pa.Schema]]:
    yield "events", pq.read_schema(lake.event_files()[-1])
    for name in ("items", "users"):
        yield name, pq.read_schema(lake.table_file(name))


def _canonical_schemas(settings: Settings, directory: Path) -> Iterator[tuple[str, pa.Schema]]:
    with duckdb.connect() as connection:
        for name, columns in _CANONICAL.items():
            wanted = {column: cast for column, cast in columns.items() if column != _NOT_IN_LAKE}
            nothing = connection.from_arrow(pa.table({"nothing": pa.array([], pa.int8())}))
            fitted, _ = fit_columns(nothing, wanted)
            schema = fitted.to_arrow_table().schema
            if name == "users":
                others = _staged_user_columns(settings, directory)
                for column in others - set(schema.names):
                    schema = schema.append(pa.field(column, pa.string()))
            yield name, schema


def _staged_user_columns(settings: Settings, directory: Path) -> set[str]:
    source = settings.read(SourceSettings)
    folder = settings.resolve(source.staging) if source.staging else directory / "staging"
    path = (folder if source.staging else folder / source.name) / "users.sql"
    try:
        return set(load_sql_file(path).header.columns)
    except (SqlFileError, FileNotFoundError):
        return set()  # `check` says of the file itself what is wrong
