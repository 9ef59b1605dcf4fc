"""Runs a file over the rows of a case, and once more with other rows after its moment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from pipelines.authoring.case_file import Case, Row
from pipelines.features.problems import SqlFileError
from pipelines.features.sandbox import interrupting_after, lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import SqlFile
from pipelines.features.tables.computed import SCHEMAS
from pipelines.sources.mapping import EVENT_COLUMNS, ITEM_COLUMNS

_MONEY = {"value", "quantity", "price"}
_MOMENTS = ("event_at", "received_at", "created_at", "updated_at")
_TYPES: Mapping[str, pa.DataType] = {
    **{name: pa.timestamp("us") for name in _MOMENTS},
    **{name: pa.decimal128(18, 4) for name in _MONEY},
    "position": pa.int32(),
    "available": pa.bool_(),
    "tags": pa.list_(pa.string()),
    "vector": pa.list_(pa.float32()),
    "weight": pa.float64(),
    "degree": pa.int64(),
    "pagerank": pa.float64(),
    "community": pa.int64(),
}
_COLUMNS = {
    "events": [name for name in EVENT_COLUMNS if name != "source_file"],
    "items": list(ITEM_COLUMNS),
    "users": ["user_id", "segment", "created_at"],
    "event_weights": ["event_type", "weight"],
    **{name: schema.names for name, schema in SCHEMAS.items()},
}


def run_case(
    case: Case, files: Mapping[str, SqlFile], settings: FeatureSettings
) -> list[dict[str, Any]]:
    """Rows of the file over what the case gives, in the order of its grain, as YAML has them.

    *files* say which columns the given tables of the folder have.

    Raises `SqlFileError` when the query fails, or gives other columns than the header lists.
    """
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_sandbox(settings, readable=[], scratch=Path(scratch)) as connection,
    ):
        connection.execute("set TimeZone = 'UTC'")
        for table, rows in case.given.items():
            connection.from_arrow(_as_table(table, rows, case.file, files)).create(table)
        lock_sandbox(connection)
        with interrupting_after(connection, settings.timeout_s):
            try:
                return [
                    {name: _plain(value) for name, value in row.items()}
                    for row in _query(connection, case).to_pylist()
                ]
            except duckdb.Error as error:
                raise SqlFileError(f"{case.file.path}: case {case.name!r} fails: {error}") from None


def expected_rows(case: Case) -> list[dict[str, Any]]:
    """Rows that the case expects, with every column; one that it leaves out is null."""
    columns = case.file.header.columns
    return [{name: _plain(row.get(name)) for name in columns} for row in case.expect]


def are_same_rows(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> bool:
    """Whether the rows are equal, doubles to six digits."""
    return len(left) == len(right) and all(
        list(one) == list(other) and all(are_same(one[name], other[name]) for name in one)
        for one, other in zip(left, right, strict=True)
    )


def are_same(left: Any, right: Any) -> bool:
    """Whether two values of a case are equal, doubles to six digits."""
    if isinstance(left, float) or isinstance(right, float):
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        return numbers and isclose(left, right, rel_tol=1e-6, abs_tol=1e-12)
    return bool(left == right)


def other_futures(case: Case) -> Iterator[Case]:
    """The case with more events from its limit on, and with none: the result must stay."""
    if case.limit is None or "events" not in case.given:
        return
    events = case.given["events"]
    yield replace(case, given={**case.given, "events": [*events, *_later(events, case.limit)]})
    seen = [event for event in events if event["event_at"] < case.limit]
    yield replace(case, given={**case.given, "events": seen})


def _later(events: list[Row], limit: datetime) -> Iterator[Row]:
    """Each event once more at *limit* and a day after it, under ids of their own."""
    for moment in (limit, limit + timedelta(days=1)):
        for number, event in enumerate(events):
            renamed = {"event_id": f"{moment} {number}"} if "event_id" in event else {}
            yield {**event, "event_at": moment, **renamed}


def _query(connection: duckdb.DuckDBPyConnection, case: Case) -> pa.Table:
    file = case.file
    binds = {name: case.binds[name] for name in sorted(file.parameters)}
    relation = connection.sql(file.sql, params=binds or None)
    if relation.columns != list(file.header.columns):
        raise SqlFileError(
            f"{file.path}: the header lists the columns {list(file.header.columns)}, the query "
            f"gives {relation.columns}"
        )
    order = ", ".join(f'"{column}"' for column in file.header.grain)
    return relation.order(order).to_arrow_table()


def _as_table(table: str, rows: list[Row], file: SqlFile, files: Mapping[str, SqlFile]) -> pa.Table:
    """*rows* with every column that the table has, absent values null."""
    known = _COLUMNS.get(table) or _named_columns(table, file)
    if table in files and table != file.name:
        known = list(files[table].header.columns)
    names = list(dict.fromkeys([*known, *(name for row in rows for name in row)]))
    return pa.table({name: _column(table, [row.get(name) for row in rows], name) for name in names})


def _named_columns(table: str, file: SqlFile) -> list[str]:
    """Columns of the raw *table* that *file* reads by their full name."""
    return sorted({node.name for node in file.query.find_all(exp.Column) if node.table == table})


def _column(table: str, values: list[Any], name: str) -> pa.Array:
    if table not in _COLUMNS:
        known = any(value is not None for value in values)
        return pa.array(values) if known else pa.nulls(len(values), pa.string())
    if name in _MONEY:
        values = [None if value is None else Decimal(str(value)) for value in values]
    return pa.array(values, _TYPES.get(name, pa.string()))


def _plain(value: Any) -> Any:
    """*value* as YAML writes it: numbers are numbers, a day is a moment."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value
