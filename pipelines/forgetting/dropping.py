"""Rows of forgotten users are dropped where they come in, whoever delivers them again."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression
from duckdb.sqltypes import VARCHAR

from pipelines.forgetting.parquet import USER_COLUMN
from pipelines.forgetting.tombstones import Forgotten


def drop_forgotten(
    relations: Mapping[str, duckdb.DuckDBPyRelation], forgotten: Forgotten
) -> tuple[dict[str, duckdb.DuckDBPyRelation], int]:
    """*relations* by name without the rows of forgotten users; how many rows that leaves out.

    Those without a column `user_id` stay as they are. Ids are compared as text.
    """
    kept, dropped = dict(relations), 0
    if not forgotten:
        return kept, dropped
    for name, relation in relations.items():
        if USER_COLUMN not in relation.columns:
            continue
        user = ColumnExpression(USER_COLUMN).cast(VARCHAR)
        counted = relation.aggregate([user.alias("user_id"), _count()], "all").to_arrow_table()
        theirs = set(forgotten.in_column(counted["user_id"]))
        if theirs:
            kept[name] = relation.filter(user.isnull() | user.isnotin(*_constants(theirs)))
            dropped += _sum(counted, theirs)
    return kept, dropped


def _count() -> duckdb.Expression:
    return duckdb.FunctionExpression("count", ColumnExpression(USER_COLUMN)).alias("n")


def _constants(values: set[str]) -> list[duckdb.Expression]:
    return [duckdb.ConstantExpression(value) for value in sorted(values)]


def _sum(counted: pa.Table, users: set[str]) -> int:
    rows = zip(counted["user_id"].to_pylist(), counted["n"].to_pylist(), strict=True)
    return sum(n for user, n in rows if user in users)
