"""What a case gives as tables; a column that is unknown and a value of a wrong kind are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
from sqlglot import exp

from pipelines.authoring.case_file import Case, Row, plain_moment
from pipelines.features.problems import Problem, near_or_known
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
_TEXT_KEYS = {"user_id", "item_id", "segment", "title", "category"}  # in whatever table
_NEAR = 0.8  # of 1: as alike as two spellings of one word
_ADVICE = {
    "a text": "write it in quotes",
    "a moment": "write it like 2024-04-01 00:00:00, without quotes",
    "a number": "write it without quotes",
    "a whole number": "write it without quotes or a point",
    "true or false": "write one of the two, without quotes",
}


def case_problems(case: Case, files: Mapping[str, SqlFile]) -> Iterator[Problem]:
    """Columns of *case* that are unknown, and values that no column of that name can hold."""
    for table, rows in case.given.items():
        known = _known_columns(table, rows, case.file, files)
        kinds = _kinds(table, case.file)
        for number, row in enumerate(rows):
            where = ("given", table, number)
            yield from _row_problems(case, table, row, known, kinds, where)
        yield from _mixed_columns(case, table, rows, kinds)
    columns = list(case.file.header.columns)
    kinds = {name: pa.string() for name in _TEXT_KEYS}
    for number, row in enumerate(case.expect):
        yield from _row_problems(case, "expect", row, columns, kinds, ("expect", number))


def as_table(table: str, rows: list[Row], file: SqlFile, files: Mapping[str, SqlFile]) -> pa.Table:
    """*rows* with every column that the table has, absent values null."""
    known = _COLUMNS.get(table) or _named_columns(table, file)
    if _is_of_folder(table, file, files):
        known = list(files[table].header.columns)
    names = list(dict.fromkeys([*known, *(name for row in rows for name in row)]))
    kinds = _kinds(table, file)
    return pa.table({name: _column([row.get(name) for row in rows], kinds, name) for name in names})


def _row_problems(
    case: Case,
    table: str,
    row: Row,
    known: list[str],
    kinds: Mapping[str, pa.DataType],
    where: tuple[str | int, ...],
) -> Iterator[Problem]:
    for name, value in row.items():
        if name not in known:
            message = f"{table} has no column {name}; {near_or_known(str(name), known)}"
            yield case.problem(message, *where, name)
        elif name in kinds and not _fits(value, kinds[name]):
            kind = _word(kinds[name])
            advice = _ADVICE.get(kind, f"make it {kind}")
            if kind == "a text" and not isinstance(value, (list, dict)):
                advice += f': {name}: "{value}"'
            message = f"{table}.{name} is {_described(value)}, expected {kind}; {advice}"
            yield case.problem(message, *where, name)


def _mixed_columns(
    case: Case, table: str, rows: list[Row], kinds: Mapping[str, pa.DataType]
) -> Iterator[Problem]:
    """Columns whose values, each possible by itself, do not make a column together."""
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if name in kinds and not all(_fits(value, kinds[name]) for value in values):
            continue  # said already, value by value
        try:
            _column(values, kinds, name)
        except (pa.ArrowException, ArithmeticError, OverflowError) as error:
            shown = ", ".join(repr(value) for value in values[:3])
            kind = _word(kinds[name]) if name in kinds else "values of one kind"
            message = f"{table}.{name} has {shown}, expected {kind} each; {error}"
            yield case.problem(message, "given", table)


def _known_columns(
    table: str, rows: list[Row], file: SqlFile, files: Mapping[str, SqlFile]
) -> list[str]:
    """Columns that *rows* of *table* may have."""
    if _is_of_folder(table, file, files):
        return list(files[table].header.columns)
    read = sorted({node.name for node in file.query.find_all(exp.Column)})
    if table in _COLUMNS:
        # What a source adds to the users is known by what reads it.
        return [*dict.fromkeys([*_COLUMNS[table], *(read if table == "users" else [])])]
    # A raw table has what its source has; what is nearly a column that is read was meant for it.
    given = {str(name) for row in rows for name in row}
    return [*read, *(name for name in given if not get_close_matches(name, read, cutoff=_NEAR))]


def _is_of_folder(table: str, file: SqlFile, files: Mapping[str, SqlFile]) -> bool:
    return table in files and table != file.name


def _named_columns(table: str, file: SqlFile) -> list[str]:
    """Columns of the raw *table* that *file* reads by their full name."""
    return sorted({node.name for node in file.query.find_all(exp.Column) if node.table == table})


def _kinds(table: str, file: SqlFile) -> Mapping[str, pa.DataType]:
    """Types of the columns of *table*, as far as they are known before its rows are."""
    if table in _COLUMNS:
        return {name: _TYPES.get(name, pa.string()) for name in _COLUMNS[table]}
    is_raw = file.path.parent.parent.name == "staging"
    return {} if is_raw else {name: pa.string() for name in _TEXT_KEYS}


def _column(values: list[Any], kinds: Mapping[str, pa.DataType], name: str) -> pa.Array:
    kind = kinds.get(name)
    if kind is None:
        known = any(value is not None for value in values)
        return pa.array(values) if known else pa.nulls(len(values), pa.string())
    if pa.types.is_decimal(kind):
        values = [None if value is None else Decimal(str(value)) for value in values]
    if pa.types.is_timestamp(kind):
        values = [plain_moment(value) for value in values]
    return pa.array(values, kind)


def _fits(value: Any, kind: pa.DataType) -> bool:
    if value is None:
        return True
    if pa.types.is_list(kind):
        return isinstance(value, list) and all(_fits(one, kind.value_type) for one in value)
    return isinstance(value, _classes(kind)) and (
        isinstance(value, bool) == pa.types.is_boolean(kind)
    )


def _classes(kind: pa.DataType) -> tuple[type, ...]:
    if pa.types.is_timestamp(kind):
        return (date,)  # a moment is one, too
    if pa.types.is_boolean(kind):
        return (bool,)
    if pa.types.is_integer(kind):
        return (int,)
    return (int, float) if _is_number(kind) else (str,)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _word(kind: pa.DataType) -> str:
    """What a value of *kind* is called in a message."""
    if pa.types.is_list(kind):
        return f"a list, each {_word(kind.value_type)}"
    words: Mapping[tuple[type, ...], str]
    words = {(date,): "a moment", (bool,): "true or false", (int,): "a whole number"}
    return words.get(_classes(kind), "a number" if _is_number(kind) else "a text")


def _described(value: Any) -> str:
    names: Iterable[tuple[type, str]] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "a text"),
        (datetime, "a moment"),
        (date, "a day"),
        (list, "a list"),
    )
    kind = next((word for cls, word in names if isinstance(value, cls)), "a mapping")
    shown = repr(value) if isinstance(value, (str, list, dict)) else str(value)
    return f"{shown} ({kind})"
