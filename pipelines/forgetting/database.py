"""A run's `features.duckdb` without the rows of forgotten users.

Deleting rows would leave their bytes in free blocks of the file: it is copied table by table.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from pipelines.forgetting.parquet import USER_COLUMN
from pipelines.forgetting.tombstones import Forgotten

_BATCH_ROWS = 100_000
_TABLES = """
select table_name from duckdb_tables() where not internal and schema_name = 'main'
order by table_name
"""
_VIEWS = """
select schema_name, sql from duckdb_views()
where not internal and not temporary order by schema_name, view_name
"""


def find_users_in(path: Path, forgotten: Forgotten) -> set[str]:
    """Ids of the forgotten users of whom a table of the database *path* has rows."""
    found: set[str] = set()
    with duckdb.connect(str(path), read_only=True) as connection:
        for relation in _tables(connection).values():
            if USER_COLUMN in relation.columns:
                column = relation.select(duckdb.ColumnExpression(USER_COLUMN)).distinct()
                found |= set(forgotten.in_column(column.to_arrow_table()[USER_COLUMN]))
    return found


def copy_without(path: Path, target: Path, users: Collection[str]) -> int:
    """Writes the tables and views of *path* to a new database; how many rows are left out."""
    left_out = 0
    with (
        duckdb.connect(str(path), read_only=True) as source,
        duckdb.connect(str(target), config={"threads": "1"}) as copy,
    ):
        for name, relation in _tables(source).items():
            left_out += _copy_table(relation, name, copy, users)
        for schema, sql in source.execute(_VIEWS).fetchall():
            copy.execute(_make_schema(schema))
            copy.execute(sql)  # as DuckDB itself wrote it down
    return left_out


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, duckdb.DuckDBPyRelation]:
    names = [row[0] for row in connection.execute(_TABLES).fetchall()]
    return {name: connection.table(name) for name in names}


def _copy_table(
    relation: duckdb.DuckDBPyRelation,
    name: str,
    copy: duckdb.DuckDBPyConnection,
    users: Collection[str],
) -> int:
    """Through Arrow: the file has no other connection to read it by."""
    table = relation.to_arrow_table()
    before = table.num_rows
    if USER_COLUMN in table.column_names:
        column = table[USER_COLUMN]
        values = pa.array(sorted(users)).cast(column.type)
        table = table.filter(pc.invert(pc.is_in(column, value_set=values)))
    copy.from_arrow(table).create(name)
    return int(before - table.num_rows)


def _make_schema(name: str) -> str:
    return exp.Create(
        this=exp.Table(db=exp.to_identifier(name, quoted=True)), kind="SCHEMA", exists=True
    ).sql(dialect="duckdb")
