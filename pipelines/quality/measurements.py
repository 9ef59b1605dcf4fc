"""What a gate measures: one number about one thing, and the range in which it has to lie.

Big tables are counted where they are; Great Expectations then judges the counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression

Row = dict[str, Any]
FailingRows = Callable[[int], list[Row]]  # at most that many rows


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A rule of a gate, whatever it is applied to."""

    name: str
    meaning: str
    remedy: str
    at_least: float = 0.0
    at_most: float | None = 0.0
    unit: str = "rows"

    @property
    def expected(self) -> str:
        """The range in words: `at most 0 rows`."""
        if self.at_most is None:
            return f"at least {self.at_least:g} {self.unit}"
        if self.at_least > 0:
            return f"from {self.at_least:g} to {self.at_most:g} {self.unit}"
        return f"at most {self.at_most:g} {self.unit}"


def no_rows(_limit: int) -> list[Row]:
    """For what is missing or too few: there is no row to show."""
    return []


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found about one file, table or column."""

    expectation: Expectation
    about: str  # once for each expectation
    found: float
    detail: str = ""
    failing_rows: FailingRows = no_rows

    def __post_init__(self) -> None:
        # Great Expectations takes a NaN for a missing value and lets it pass.
        if not math.isfinite(self.found):
            raise ValueError(
                f"{self.expectation.name} on {self.about}: measured {self.found}, which cannot be "
                "compared; expected a finite number"
            )

    @property
    def is_expected(self) -> bool:
        at_most = self.expectation.at_most
        return self.found >= self.expectation.at_least and (
            at_most is None or self.found <= at_most
        )


@dataclass(frozen=True)
class RowRule:
    """A condition that no row of a table may meet."""

    expectation: Expectation
    column: str
    is_broken: Expression
    detail: str = ""


def measure_rules(
    relation: duckdb.DuckDBPyRelation, table: str, rules: Sequence[RowRule]
) -> tuple[int, list[Measurement]]:
    """Rows of *relation*, and how many of them break each of *rules*: one pass over the table."""
    counts = [FunctionExpression("count_if", rule.is_broken) for rule in rules]
    every = FunctionExpression("count_star")
    found = relation.aggregate([every, *counts]).fetchall()[0]
    measured = [
        Measurement(
            expectation=rule.expectation,
            about=f"{table}.{rule.column}",
            found=count or 0,  # null when the condition is null in every row
            detail=rule.detail,
            failing_rows=rows_of(relation.filter(rule.is_broken)),
        )
        for rule, count in zip(rules, found[1:], strict=True)
    ]
    return int(found[0]), measured


def measure_unique(
    relation: duckdb.DuckDBPyRelation,
    table: str,
    columns: Sequence[str],
    expectation: Expectation,
) -> Measurement:
    """Rows beyond the first of each combination of *columns*."""
    keys = [ColumnExpression(column) for column in columns]
    count = FunctionExpression("count_star").alias("n_rows")
    repeated = relation.aggregate([*keys, count]).filter(
        ColumnExpression("n_rows") > ConstantExpression(1)
    )
    total = FunctionExpression("sum", ColumnExpression("n_rows") - ConstantExpression(1))
    found = repeated.aggregate([total]).fetchall()[0][0]
    return Measurement(
        expectation=expectation,
        about=f"{table}.({', '.join(columns)})",
        found=found or 0,
        failing_rows=rows_of(repeated),
    )


def rows_of(relation: duckdb.DuckDBPyRelation) -> FailingRows:
    """Fetches the first rows of *relation* when they are asked for, while it is open."""

    def fetch(limit: int) -> list[Row]:
        rows: list[Row] = relation.limit(limit).to_arrow_table().to_pylist()
        return rows

    return fetch
