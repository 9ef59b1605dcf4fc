"""Runs a file over the rows of a case."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.authoring.case_file import Case
from pipelines.authoring.given import as_table, case_problems
from pipelines.features.columns import column_problem
from pipelines.features.problems import SqlFileError
from pipelines.features.sandbox import interrupting_after, lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import SqlFile


def run_case(
    case: Case, files: Mapping[str, SqlFile], settings: FeatureSettings
) -> list[dict[str, Any]]:
    """Rows of the file over what the case gives, as `query_case` finds them, as YAML has them."""
    return plain_rows(query_case(case, files, settings))


def query_case(case: Case, files: Mapping[str, SqlFile], settings: FeatureSettings) -> pa.Table:
    """Rows of the file over what the case gives, in the order of its grain.

    *files* say which columns the given tables of the folder have.

    Raises `SqlFileError` when the query fails, or gives other columns than the header lists, and
    for columns and values of the case that cannot be.
    """
    problems = list(case_problems(case, files))
    if problems:
        raise SqlFileError.listing(problems)
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_sandbox(settings, readable=[], scratch=Path(scratch)) as connection,
    ):
        connection.execute("set TimeZone = 'UTC'")
        for table, rows in case.given.items():
            connection.from_arrow(as_table(table, rows, case.file, files)).create(table)
        lock_sandbox(connection)
        with interrupting_after(connection, settings.timeout_s):
            try:
                return _query(connection, case)
            except duckdb.Error as error:
                message = f"{case.file.path}:1: case {case.name!r} fails: {error}"
                raise SqlFileError(message) from None


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows of *table* as YAML has them."""
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


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


def _query(connection: duckdb.DuckDBPyConnection, case: Case) -> pa.Table:
    file = case.file
    binds = {name: case.binds[name] for name in sorted(file.parameters)}
    relation = connection.sql(file.sql, params=binds or None)
    different = column_problem(file, relation.columns)
    if different is not None:
        raise SqlFileError.listing([different])
    order = ", ".join(f'"{column}"' for column in file.header.grain)
    return relation.order(order).to_arrow_table()


def _plain(value: Any) -> Any:
    """*value* as YAML writes it: numbers are numbers, a day is a moment."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value
