"""The lake's tables as feature files see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression

from pipelines.lake import Lake


def expose_base_tables(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    weights: Mapping[str, float],
    *,
    event_before: datetime,
    received_before: datetime,
) -> None:
    """Makes `events`, `items`, `users` and `event_weights` tables of *connection*."""
    events = seen_events(
        connection, lake, event_before=event_before, received_before=received_before
    )
    events.create("events")
    expose_dimensions(connection, lake, weights)


def seen_events(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    *,
    event_before: datetime,
    received_before: datetime,
) -> duckdb.DuckDBPyRelation:
    """Events that happened and were received before two moments, in the order of the lake."""
    events = connection.read_parquet([str(path) for path in lake.event_files(before=event_before)])
    events = events.filter(ColumnExpression("event_at") < ConstantExpression(event_before))
    return events.filter(ColumnExpression("received_at") < ConstantExpression(received_before))


def expose_dimensions(
    connection: duckdb.DuckDBPyConnection, lake: Lake, weights: Mapping[str, float]
) -> None:
    """Makes `items`, `users` and `event_weights` tables of *connection*."""
    for table in ("items", "users"):
        connection.read_parquet(str(lake.table_file(table))).create(table)
    columns = {"event_type": list(weights), "weight": list(weights.values())}
    connection.from_arrow(pa.table(columns)).create("event_weights")
