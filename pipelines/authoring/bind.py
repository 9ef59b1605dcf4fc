"""Binds every file to tables without rows: unknown columns and wrong types, before any data."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.authoring.empty_tables import create_empty_tables
from pipelines.features.columns import column_problem
from pipelines.features.folder import BASE_TABLES
from pipelines.features.header import header_line
from pipelines.features.parse import error_line
from pipelines.features.problems import Problem
from pipelines.features.sandbox import interrupting_after, lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import SqlFile
from settings import Settings

_SECONDS = 5.0  # for one file without rows; it takes milliseconds
_UNREADABLE = ("BIT", "BLOB", "ENUM", "INTERVAL", "UNION", "UUID")
# What stands for each parameter: any value of its type gives the same columns.
_BINDS: Mapping[str, datetime | str] = {
    "as_of": datetime(2020, 1, 1),
    "until": datetime(2020, 1, 29),
    "timezone": "UTC",
}


def bind_problems(
    files: Mapping[str, SqlFile], settings: Settings, directory: Path
) -> Iterator[Problem]:
    """What DuckDB says of each of *files*, and columns that the header does not list.

    A file that reads a broken one is not looked at: its own tables are not known.
    """
    with tempfile.TemporaryDirectory() as scratch:
        limits = settings.read(FeatureSettings)
        with open_sandbox(limits, readable=[], scratch=Path(scratch)) as connection:
            create_empty_tables(connection, settings, directory)
            lock_sandbox(connection)
            known = set(BASE_TABLES)
            keys = {key for table in ("users", "items") for key in connection.table(table).columns}
            for name, file in files.items():
                yield from _grain_problems(file, keys)
                if file.dependencies <= known:
                    problems = list(_bind(connection, file))
                    yield from problems
                    known |= set() if problems else {name}


def _grain_problems(file: SqlFile, keys: set[str]) -> Iterator[Problem]:
    line = header_line(file.path.read_text(encoding="utf-8"), "grain")
    for name in file.header.grain:
        if name not in keys:
            close = difflib.get_close_matches(name, keys, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            message = (
                f"the grain column {name} is none of users or items ({', '.join(sorted(keys))}), "
                f"so that no pair of them can be given its row{hint}"
            )
            yield Problem(file.path, line, message)


def _bind(connection: duckdb.DuckDBPyConnection, file: SqlFile) -> Iterator[Problem]:
    binds = {name: _BINDS[name] for name in sorted(file.parameters)}
    with interrupting_after(connection, _SECONDS) as timer:
        try:
            relation = connection.sql(file.sql, params=binds or None)
            found = relation.columns
            relation.limit(0).create(file.name)
        except duckdb.InterruptException:
            if not timer["expired"]:
                raise
            yield Problem(file.path, 1, f"takes more than {_SECONDS:.0f} s even without rows")
            return
        except duckdb.Error as error:
            yield Problem(file.path, _line(connection, file, binds), _without_place(error))
            return
    different = column_problem(file, found)
    if different is not None:
        yield different
        return
    line = header_line(file.path.read_text(encoding="utf-8"), "columns")
    for name, kind in zip(found, map(str, relation.types), strict=True):
        if kind.startswith(_UNREADABLE) or kind == "TIME":
            message = (
                f"the column {name} is of type {kind}, which no ranker reads; make it a number, a "
                "boolean, a moment, a text or a list of such"
            )
            yield Problem(file.path, line, message)


def _line(
    connection: duckdb.DuckDBPyConnection, file: SqlFile, binds: Mapping[str, datetime | str]
) -> int:
    """Where *file* cannot be bound: only a statement that is to be executed names the line."""
    leading = file.sql[: len(file.sql) - len(file.sql.lstrip())].count("\n")
    try:
        connection.execute(file.sql, binds or None)
    except duckdb.Error as error:
        return leading + error_line(error)
    return leading + 1


def _without_place(error: Exception) -> str:
    """The first paragraph of DuckDB's message, in one line: the rest is the place."""
    return " ".join(str(error).partition("\n\nLINE")[0].partition("\nLINE")[0].split())
