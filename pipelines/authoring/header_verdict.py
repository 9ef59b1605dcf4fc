"""What a night's gate would say of rows that are only being tried, by the header's own checks."""

from __future__ import annotations

from collections.abc import Collection

import duckdb
from duckdb import ColumnExpression, FunctionExpression

from pipelines.features.sql_file import SqlFile
from pipelines.quality.header_checks import BETWEEN, HAS_ROWS, measure_table
from pipelines.quality.measurements import Expectation, Measurement

ON_CASES = (HAS_ROWS,)  # what is not asked of them: a case may expect no row
# Of a part of the users: what is counted by item is smaller than it is, and there may be no row.
ON_SAMPLES = (BETWEEN, HAS_ROWS)


def broken_checks(
    relation: duckdb.DuckDBPyRelation, file: SqlFile, *, but: Collection[Expectation] = ()
) -> list[str]:
    """A line for each check of *file*, *but* some, that the rows of *relation* break."""
    try:
        _, measured = measure_table(relation, file.name, file.header)
    except (duckdb.Error, ValueError) as error:
        return [f"the header's checks do not fit the table: {error}; correct the checks"]
    return [
        _line(relation, item)
        for item in measured
        if not item.is_expected and item.expectation not in but
    ]


def _line(relation: duckdb.DuckDBPyRelation, item: Measurement) -> str:
    unit = item.expectation.unit.removesuffix("s") if item.found == 1 else item.expectation.unit
    about = item.about.partition(".")[2] or item.about
    parts = [f"check {item.expectation.name} of {about} fails: {item.found:,.0f} {unit}"]
    if item.expectation == BETWEEN:
        column = ColumnExpression(about)
        ends = [FunctionExpression("min", column), FunctionExpression("max", column)]
        smallest, largest = relation.aggregate(ends).fetchall()[0]
        parts += [f"smallest {_short(smallest)}", f"largest {_short(largest)}"]
    elif rows := item.failing_rows(1):
        parts.append(
            "such as " + ", ".join(f"{name} = {str(value)[:60]}" for name, value in rows[0].items())
        )
    return "; ".join([", ".join(parts), *([item.detail] if item.detail else [])])


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
