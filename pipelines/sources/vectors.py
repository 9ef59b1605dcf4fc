"""Vectors that items bring: of one length, and finite."""

from __future__ import annotations

import logging

import duckdb

from pipelines.features.sql_file import SqlFile
from pipelines.sources.queries import read_query
from pipelines.sources.raw import SourceError

log = logging.getLogger("nightshelf")


def check_vectors(connection: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    """Raises `SourceError` for vectors of different lengths; warns of those that are left out."""
    lengths = connection.execute(read_query("vector_lengths")).fetchall()
    if len(lengths) > 1:
        found = "; ".join(
            f"{n} numbers: {items} items, {first} first" for n, items, first in lengths
        )
        raise SourceError(
            f"{file.path}: vectors of {len(lengths)} lengths ({found}); expected one length: bring "
            "the vectors of one model, and null for the other items"
        )
    given, kept = (
        connection.execute(query).fetchall()[0][0]
        for query in (
            "select count(vector) from delivered_items",
            "select count(vector) from mapped_items",
        )
    )
    if kept < given:
        log.warning(
            "ingest: %s: %d of %d vectors are left out; expected lists of finite numbers",
            file.path,
            given - kept,
            given,
        )
