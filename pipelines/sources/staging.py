"""Runs the staging SQL of a source: raw tables in, mapped tables out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.features.sql_file import SqlFile, load_sql_file
from pipelines.sources.raw import Delivery, SourceError

CANONICAL_TABLES = ("events", "items", "users")


def load_staging(folder: Path) -> dict[str, SqlFile]:
    """The staging files of one source by table name.

    Raises `SourceError` when a canonical table has no file.
    """
    files = {file.name: file for file in map(load_sql_file, sorted(folder.glob("*.sql")))}
    missing = [table for table in CANONICAL_TABLES if table not in files]
    if missing:
        raise SourceError(
            f"{folder}: no {', '.join(f'{name}.sql' for name in missing)}; a source maps its raw "
            f"tables to {', '.join(CANONICAL_TABLES)} there"
        )
    return files


def expose_raw_tables(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """A view for each raw table, with `filename` beside the delivered columns."""
    for name, files in delivery.tables.items():
        paths = [str(file) for file in files]
        connection.read_parquet(paths, filename=True, union_by_name=True).create_view(name)


def run_staging(
    connection: duckdb.DuckDBPyConnection, file: SqlFile, delivery: Delivery
) -> duckdb.DuckDBPyRelation:
    """The rows of *file*, not yet computed: use them within `naming(file)`.

    Raises `SourceError` naming the file, and tables it cannot have.
    """
    unknown = sorted(file.dependencies - set(delivery.tables))
    if unknown:
        raise SourceError(
            f"{file.path}: reads {', '.join(unknown)}, but the source delivers "
            f"{', '.join(sorted(delivery.tables))}"
        )
    with naming(file):
        relation = connection.sql(file.sql)
    declared, found = list(file.header.columns), relation.columns
    if declared != found:
        raise SourceError(
            f"{file.path}: the header lists the columns {declared}, the query gives {found}"
        )
    return relation


@contextmanager
def naming(file: SqlFile) -> Iterator[None]:
    """Makes what DuckDB raises while it works for *file* a `SourceError` that names it."""
    try:
        yield
    except duckdb.OperationalError as error:  # memory or disk: not for the file to mend
        raise SourceError(f"{file.path}: while its rows were computed: {error}") from error
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        raise SourceError(
            f"{file.path}: a row cannot be computed: {error}\nuse try_cast, try_strptime or "
            "try(…), which give null: such a row alone goes to quarantine"
        ) from error
    except duckdb.Error as error:
        raise SourceError(f"{file.path}: {error}") from error
