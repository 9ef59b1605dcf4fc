"""The checks of a SQL file's header as measurements of the table that the file made."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression

from pipelines.features.header import Between, Check, Header
from pipelines.quality.measurements import (
    Expectation,
    Measurement,
    RowRule,
    measure_rules,
    measure_unique,
)

_CORRECT = "correct the SQL of the file, or its header if the header is wrong"

NOT_NULL = Expectation(
    name="not_null", meaning="no value of a grain or not_null column is null", remedy=_CORRECT
)
BETWEEN = Expectation(
    name="between", meaning="every value lies within the header's min and max", remedy=_CORRECT
)
VALUES = Expectation(
    name="values", meaning="every value is one that the header allows", remedy=_CORRECT
)
UNIQUE = Expectation(
    name="unique", meaning="no two rows share the columns of grain or unique", remedy=_CORRECT
)
COLUMNS = Expectation(
    name="columns",
    meaning="the table has the columns of the header, in its order",
    remedy=_CORRECT,
    unit="columns",
)
HAS_ROWS = Expectation(
    name="has_rows",
    meaning="the table is not empty",
    remedy="see why the SQL selects nothing before this cutoff",
    at_least=1,
    at_most=None,
)


def measure_table(
    relation: duckdb.DuckDBPyRelation, table: str, header: Header
) -> tuple[int, list[Measurement]]:
    """Rows of *relation*, and what its *header* says measured on it.

    Where the columns differ from the header's, that is the only thing measured.
    """
    found = list(relation.columns)
    declared = list(header.columns)
    different = sum(a != b for a, b in zip(found, declared, strict=False))
    columns = Measurement(
        expectation=COLUMNS,
        about=table,
        found=different + abs(len(found) - len(declared)),
        detail="" if found == declared else f"found {found}, header {declared}",
    )
    if found != declared:
        return 0, [columns]
    types = dict(zip(found, map(str, relation.types), strict=True))
    rows, broken = measure_rules(relation, table, list(_row_rules(header, types)))
    filled = Measurement(expectation=HAS_ROWS, about=table, found=rows)
    repeated = [measure_unique(relation, table, keys, UNIQUE) for keys in _unique_keys(header)]
    return rows, [columns, filled, *broken, *repeated]


def _row_rules(header: Header, types: dict[str, str]) -> Iterator[RowRule]:
    named = [check.not_null.column for check in header.checks if check.not_null]
    for column in dict.fromkeys([*header.grain, *named]):
        yield RowRule(NOT_NULL, column, ColumnExpression(column).isnull())
    seen: set[tuple[str, str]] = set()
    for check in header.checks:
        rule = _check_rule(check, types)
        if rule is None:
            continue
        if (rule.expectation.name, rule.column) in seen:
            raise ValueError(f"two checks {rule.expectation.name} of {rule.column}; write one")
        seen.add((rule.expectation.name, rule.column))
        yield rule


def _check_rule(check: Check, types: dict[str, str]) -> RowRule | None:
    if check.between is not None:
        between = check.between
        limits = f"header: min {between.min}, max {between.max}"
        outside = _outside(between, types[between.column])
        return RowRule(BETWEEN, between.column, outside, limits)
    if check.values is not None:
        allowed = [ConstantExpression(value) for value in check.values.allowed]
        unknown = ColumnExpression(check.values.column).isnotin(*allowed)
        detail = f"header: one of {check.values.allowed}"
        return RowRule(VALUES, check.values.column, unknown, detail)
    return None


def _outside(between: Between, column_type: str) -> Expression:
    value = ColumnExpression(between.column)
    conditions = []
    if between.min is not None:
        conditions.append(value < ConstantExpression(between.min))
    if between.max is not None:
        conditions.append(value > ConstantExpression(between.max))
    if column_type in ("FLOAT", "DOUBLE"):
        # NaN is greater than every number to DuckDB, so that a min alone would let it pass.
        conditions.append(FunctionExpression("isnan", value))
        conditions.append(FunctionExpression("abs", value) == ConstantExpression(math.inf))
    broken = conditions[0]
    for condition in conditions[1:]:
        broken = broken | condition
    return broken


def _unique_keys(header: Header) -> list[list[str]]:
    declared = [check.unique.columns for check in header.checks if check.unique is not None]
    distinct = dict.fromkeys(tuple(keys) for keys in [header.grain, *declared])
    return [list(keys) for keys in distinct]
