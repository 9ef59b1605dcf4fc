"""Values of a DuckDB column as JSON text, in DuckDB itself: millions of cells a second."""

from __future__ import annotations

from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
    LambdaExpression,
)
from duckdb.sqltypes import DOUBLE, TIMESTAMP, VARCHAR, DuckDBPyType

from store.features import NULL

_AS_THEY_ARE = frozenset(
    {"boolean", "varchar", "tinyint", "smallint", "integer", "bigint", "hugeint"}
    | {"utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"}
)
_MOMENTS = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"})
_SECONDS, _MICROSECONDS = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"
_ELEMENT = "element"  # of a list; its depth is added, so that nested ones differ


def json_cell(column: str, kind: DuckDBPyType) -> Expression:
    """JSON text of *column*, which is of *kind*; the text `null` where there is no value.

    Numbers with a fraction are doubles, NaN and infinity are null; moments are ISO in UTC;
    lists are arrays of the same; what JSON has no form for is the text that DuckDB prints.
    """
    text = _to_json(ColumnExpression(column), kind, 0).cast(VARCHAR)
    return CoalesceOperator(text, ConstantExpression(NULL.decode()))


def _to_json(value: Expression, kind: DuckDBPyType, depth: int) -> Expression:
    if kind.id in ("double", "float", "decimal"):
        number = value.cast(DOUBLE)
        finite = FunctionExpression("isfinite", number)
        return CaseExpression(finite, FunctionExpression("to_json", number))
    if kind.id in ("list", "array"):
        name, element = f"{_ELEMENT}{depth}", dict(kind.children)["child"]
        each = LambdaExpression(name, _to_json(ColumnExpression(name), element, depth + 1))
        return FunctionExpression("to_json", FunctionExpression("list_transform", value, each))
    if kind.id not in _AS_THEY_ARE:
        value = _to_text(value, kind)
    return FunctionExpression("to_json", value)


def _to_text(value: Expression, kind: DuckDBPyType) -> Expression:
    if kind.id == "timestamp with time zone":
        value = FunctionExpression("timezone", ConstantExpression("UTC"), value)
    elif kind.id not in _MOMENTS:
        return value.cast(VARCHAR)
    moment = value.cast(TIMESTAMP)
    whole = FunctionExpression("date_trunc", ConstantExpression("second"), moment) == moment
    return CaseExpression(whole, _format(moment, _SECONDS)).otherwise(
        _format(moment, _MICROSECONDS)
    )


def _format(moment: Expression, form: str) -> Expression:
    return FunctionExpression("strftime", moment, ConstantExpression(form))
