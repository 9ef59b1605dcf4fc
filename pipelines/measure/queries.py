"""The SQL files beside the code that measures."""

from __future__ import annotations

from pathlib import Path

import duckdb

_SQL = Path(__file__).with_name("sql")


def run_query(
    connection: duckdb.DuckDBPyConnection, name: str, binds: dict[str, object] | None = None
) -> duckdb.DuckDBPyRelation:
    """`sql/<name>.sql` with *binds* for its parameters."""
    text = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
    return connection.sql(text, params=binds or None)


def make_table(
    connection: duckdb.DuckDBPyConnection, name: str, binds: dict[str, object] | None = None
) -> None:
    """A table called *name* of `sql/<name>.sql`."""
    run_query(connection, name, binds).create(name)
