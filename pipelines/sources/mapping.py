"""The columns of the canonical tables, and how a mapped table is fitted to them."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression, SQLExpression

# Column → its value in canonical type; a value that does not convert becomes null,
# and a null where one is not allowed is what quarantine names.
EVENT_COLUMNS: Mapping[str, str] = {
    "event_id": "cast(event_id as varchar)",
    "user_id": "cast(user_id as varchar)",
    "item_id": "cast(item_id as varchar)",
    "event_type": "cast(event_type as varchar)",
    "event_at": "try_cast(event_at as timestamp)",
    "value": "try_cast(value as decimal(18, 4))",
    "quantity": "try_cast(quantity as decimal(18, 4))",
    "session_id": "cast(session_id as varchar)",
    "recommendation_id": "cast(recommendation_id as varchar)",
    "position": "try_cast(position as integer)",
    "context": "cast(context as varchar)",
    "received_at": "try_cast(received_at as timestamp)",
    "source_file": "cast(source_file as varchar)",
}
ITEM_COLUMNS: Mapping[str, str] = {
    "item_id": "cast(item_id as varchar)",
    "title": "cast(title as varchar)",
    "category": "cast(category as varchar)",
    "tags": "cast(tags as varchar[])",
    "price": "try_cast(price as decimal(18, 4))",
    "available": "try_cast(available as boolean)",
    "created_at": "try_cast(created_at as timestamp)",
    "text": "cast(text as varchar)",
    "updated_at": "try_cast(updated_at as timestamp)",
    "vector": "try_cast(vector as float[])",
}
USER_COLUMNS: Mapping[str, str] = {
    "user_id": "cast(user_id as varchar)",
    "segment": "cast(segment as varchar)",
    "created_at": "try_cast(created_at as timestamp)",
}
ZONED_TYPE = "TIMESTAMP WITH TIME ZONE"
_NULL_TYPES = {
    "value": "decimal(18, 4)",
    "quantity": "decimal(18, 4)",
    "price": "decimal(18, 4)",
    "position": "integer",
    "available": "boolean",
    "tags": "varchar[]",
    "vector": "float[]",
    "event_at": "timestamp",
    "received_at": "timestamp",
    "created_at": "timestamp",
    "updated_at": "timestamp",
}


def fit_columns(
    mapped: duckdb.DuckDBPyRelation,
    columns: Mapping[str, str],
    *,
    naive_zone: str = "UTC",
    keep_others: bool = False,
) -> tuple[duckdb.DuckDBPyRelation, dict[str, str]]:
    """*mapped* with exactly *columns*, absent ones null; and the time zone of each moment.

    A column of type TIMESTAMP WITH TIME ZONE is turned into naive UTC here;
    all others are naive moments of *naive_zone*, which the caller still has to convert.
    """
    types = dict(zip(mapped.columns, map(str, mapped.types), strict=True))
    expressions, zones = [], {}
    for column, cast in columns.items():
        zones[column] = "UTC" if types.get(column) == ZONED_TYPE else naive_zone
        expressions.append(_fitted(column, cast, types.get(column)).alias(column))
    if keep_others:
        expressions += [ColumnExpression(name) for name in types if name not in columns]
    return mapped.select(*expressions), zones


def _fitted(column: str, cast: str, found: str | None) -> duckdb.Expression:
    if found is None:
        return ConstantExpression(None).cast(_NULL_TYPES.get(column, "varchar"))
    if found == ZONED_TYPE:
        return FunctionExpression("timezone", ConstantExpression("UTC"), ColumnExpression(column))
    return SQLExpression(cast)
