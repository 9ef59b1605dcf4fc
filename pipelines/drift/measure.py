"""Measures every column of a table in DuckDB: one pass, three where bins are chosen first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
from duckdb import (
    CaseExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
)

from pipelines.drift.bins import (
    DECILES,
    TAILS,
    most_frequent,
    pictured_edges,
    reach,
    shares_between,
    shares_of_values,
    stable_edges,
)
from pipelines.drift.distribution import (
    LENGTH,
    MOMENT,
    NUMBER,
    NUMERIC,
    OTHER,
    TEXT,
    Distribution,
)

_WHOLE = "tinyint smallint integer bigint hugeint utinyint usmallint uinteger ubigint uhugeint"
_MOMENTS = ("timestamp", "timestamp with time zone", "date")
_DAY_S = 86_400.0
_PARTS = 100_000  # of all keys, of which a sample takes the first ones
_HUGE = 1e100  # its square is still a number
_QUANTILES = {"min": 0.0, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "max": 1}

Kept = Mapping[str, Distribution]  # of an earlier run, by column: their bins are kept


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    whole: bool
    value: Expression  # a number, a text, or anything at all


@dataclass(frozen=True)
class _Edges:
    stable: tuple[float, ...]
    pictured: tuple[float, ...]


def sample(
    relation: duckdb.DuckDBPyRelation, grain: Sequence[str], rows: int, wanted: int
) -> duckdb.DuckDBPyRelation:
    """About *wanted* of the *rows* of *relation*, chosen by their keys: tomorrow the same ones."""
    if rows <= wanted:
        return relation
    key = FunctionExpression("hash", *(ColumnExpression(name) for name in grain))
    kept = math.ceil(wanted / rows * _PARTS)
    return relation.filter(key % ConstantExpression(_PARTS) < ConstantExpression(kept))


def measure_columns(
    relation: duckdb.DuckDBPyRelation, grain: Iterable[str], cutoff: datetime, kept: Kept
) -> tuple[int, dict[str, Distribution]]:
    """Rows of *relation*, and the distribution of each column that is not of the *grain*.

    Bins are those of *kept* where a column of the same kind has some, else chosen from the rows.
    """
    left_out = set(grain)
    columns = [
        _column(name, kind, cutoff)
        for name, kind in zip(relation.columns, relation.types, strict=True)
        if name not in left_out
    ]
    edges = {column.name: _kept_edges(column, kept) for column in columns}
    edges |= _choose_edges(relation, [column for column in columns if not edges[column.name]])
    wanted = [figure for column in columns for figure in _figures(column, edges[column.name])]
    rows, *found = relation.aggregate([_count_all(), *wanted]).fetchall()[0]
    rest = iter(found)
    return rows, {
        column.name: _summary(column, rows, edges[column.name], rest, kept) for column in columns
    }


def _column(name: str, kind: Any, cutoff: datetime) -> _Column:
    column = ColumnExpression(name)
    whole = kind.id in _WHOLE.split()
    if whole or kind.id in ("decimal", "float", "double"):
        return _Column(name, NUMBER, whole, _finite(column.cast("DOUBLE")))
    if kind.id in _MOMENTS:
        then = FunctionExpression("epoch", ConstantExpression(cutoff).cast("TIMESTAMP"))
        # A moment with a zone is UTC as it is; as a naive one it would be that of the machine.
        moment = column if kind.id == "timestamp with time zone" else column.cast("TIMESTAMP")
        at = FunctionExpression("epoch", moment)
        return _Column(name, MOMENT, False, (then - at) / ConstantExpression(_DAY_S))
    if kind.id in ("list", "array"):
        return _Column(name, LENGTH, True, FunctionExpression("len", column).cast("DOUBLE"))
    if kind.id in ("varchar", "boolean", "enum"):
        return _Column(name, TEXT, False, column.cast("VARCHAR"))
    return _Column(name, OTHER, False, column)


def _finite(number: Expression) -> Expression:
    """*number*, or null when it is none: nothing can be added to infinity."""
    size = FunctionExpression("abs", number)
    return CaseExpression(size < ConstantExpression(_HUGE), number)


def _kept_edges(column: _Column, kept: Kept) -> _Edges | None:
    before = kept.get(column.name)
    if before is None or before.kind != column.kind or not before.bins or not before.picture:
        return None
    return _Edges(before.bins.edges, before.picture.edges)


def _choose_edges(
    relation: duckdb.DuckDBPyRelation, columns: Sequence[_Column]
) -> dict[str, _Edges | None]:
    """Edges of each numeric column of *columns* that has a value, all in two passes."""
    numeric = [column for column in columns if column.kind in NUMERIC]
    if not numeric:
        return {}
    values = relation.select(*(column.value.alias(column.name) for column in numeric))
    wanted = [_quantiles(ColumnExpression(column.name), [*DECILES, *TAILS]) for column in numeric]
    found = dict(zip(numeric, values.aggregate(wanted).fetchall()[0], strict=True))
    chosen: dict[str, _Edges | None] = {column.name: None for column in numeric}
    with_values = {column: quantiles for column, quantiles in found.items() if quantiles}
    if not with_values:
        return chosen
    wanted = [gap for column, quantiles in with_values.items() for gap in _gaps(column, quantiles)]
    rest = iter(values.aggregate(wanted).fetchall()[0])
    for column, (*deciles, low, high) in with_values.items():
        gaps = [(next(rest), next(rest)) for _ in deciles]
        if column.whole:
            low, high = math.floor(low), math.ceil(high)
        stable = stable_edges(deciles[0], gaps, whole=column.whole)
        chosen[column.name] = _Edges(stable, pictured_edges(low, high, whole=column.whole))
    return chosen


def _gaps(column: _Column, quantiles: Sequence[float]) -> Iterator[Expression]:
    """Around each decile two neighbouring values: the last that shares its bin, the one above."""
    value = ColumnExpression(column.name)
    for decile in quantiles[: len(DECILES)]:
        limit = ConstantExpression(reach(decile, whole=column.whole))
        yield FunctionExpression("max", CaseExpression(value <= limit, value))
        yield FunctionExpression("min", CaseExpression(value > limit, value))


def _figures(column: _Column, edges: _Edges | None) -> list[Expression]:
    """What `_summary` takes from the pass, in its order."""
    figures = [FunctionExpression("count", column.value)]
    if column.kind == TEXT:
        figures.append(FunctionExpression("histogram", column.value))
    if edges is not None:
        figures += [
            FunctionExpression("avg", column.value),
            FunctionExpression("stddev_pop", column.value),
            _quantiles(column.value, list(_QUANTILES.values())),
            _histogram(column, edges.stable),
            _histogram(column, edges.pictured),
        ]
    return figures


def _summary(
    column: _Column, rows: int, edges: _Edges | None, found: Any, kept: Kept
) -> Distribution:
    values = next(found)
    null_share = 1 - values / rows if rows else 0.0
    if column.kind == TEXT:
        return _texts(values, null_share, next(found) or {}, kept.get(column.name))
    if edges is None:
        return Distribution(kind=column.kind, null_share=null_share, values=values)
    mean, std, quantiles, stable, pictured = (next(found) for _ in range(5))
    stats = {"mean": mean, "std": std, **dict(zip(_QUANTILES, quantiles or [], strict=False))}
    return Distribution(
        kind=column.kind,
        null_share=null_share,
        values=values,
        stats=stats if values else {},
        bins=shares_between(edges.stable, stable or {}),
        picture=shares_between(edges.pictured, pictured or {}),
    )


def _texts(
    values: int, null_share: float, counts: Mapping[str, int], before: Distribution | None
) -> Distribution:
    top = most_frequent(counts)
    is_kept = before is not None and before.kind == TEXT and before.categories is not None
    named = before.categories.values if is_kept and before and before.categories else top
    return Distribution(
        kind=TEXT,
        null_share=null_share,
        values=values,
        categories=shares_of_values(named, counts),
        top=tuple((value, counts[value] / values) for value in top),
    )


def _count_all() -> Expression:
    return FunctionExpression("count_star")


def _quantiles(value: Expression, wanted: list[float]) -> Expression:
    return FunctionExpression("quantile_cont", value, ConstantExpression(wanted))


def _histogram(column: _Column, edges: Sequence[float]) -> Expression:
    return FunctionExpression("histogram", column.value, ConstantExpression(list(edges)))
