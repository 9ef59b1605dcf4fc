"""What the web tier collected, as ingest reads it beside the rows of the source."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from duckdb import ConstantExpression

from pipelines.collected import KINDS, SCHEMAS, Collected, Kind
from pipelines.forgetting.dropping import drop_forgotten
from pipelines.forgetting.tombstones import Forgotten
from pipelines.sources.mapping import EVENT_COLUMNS
from pipelines.sources.queries import read_query
from store.events import SOURCE


def expose_collected(
    connection: duckdb.DuckDBPyConnection, collected: Collected, forgotten: Forgotten
) -> int:
    """Views `collected_events` (columns of `EVENT_COLUMNS`) and `collected_impressions`.

    Without the rows of *forgotten* users; how many they were.
    """
    rows, n = drop_forgotten(
        {kind: _rows(connection, collected, kind) for kind in KINDS}, forgotten
    )
    events = rows["events"]
    columns = [name for name in EVENT_COLUMNS if name in events.columns]
    source = ConstantExpression(SOURCE).alias("source_file")
    events.select(*columns, source).create_view("collected_events")
    rows["impressions"].create_view("collected_impressions")
    return n


def distinct_impressions(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """Impressions, each position of each once, sorted by (event_at, event_id, position)."""
    return connection.sql(read_query("distinct_impressions"))


def _rows(
    connection: duckdb.DuckDBPyConnection, collected: Collected, kind: Kind
) -> duckdb.DuckDBPyRelation:
    """Rows of *kind*, of no file too; the folder's `day` is no column of them."""
    schema = SCHEMAS[kind]
    paths = [str(collected.directory / entry["path"]) for entry in collected.entries(kind)]
    if not paths:
        return connection.from_arrow(pa.Table.from_pylist([], schema=schema))
    return connection.read_parquet(paths, hive_partitioning=False).select(*schema.names)
