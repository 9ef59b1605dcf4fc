"""Reads tables of the run's `features.duckdb`, as of a cutoff."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from pipelines.features.build import cutoff_schema
from pipelines.features.problems import SqlFileError
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.runs import Run

SEGMENT_TABLE = "user_segment"
NO_SEGMENT = "unknown"


@contextmanager
def open_features(run: Run) -> Iterator[duckdb.DuckDBPyConnection]:
    """The run's feature database, read-only, so that several processes may have it open."""
    path = str(run.path("features.duckdb"))
    with duckdb.connect(path, read_only=True, config={"threads": "1"}) as connection:
        yield connection


def feature_table(
    connection: duckdb.DuckDBPyConnection, run: Run, name: str, cutoff: datetime
) -> duckdb.DuckDBPyRelation:
    """Table *name* as of *cutoff*, ordered by its grain."""
    schema = "main" if cutoff == run_cutoffs(run).night else cutoff_schema(cutoff)
    table = exp.table_(name, db=schema, quoted=True)  # `table()` of DuckDB 1.5 knows no schemas
    return connection.sql(exp.select("*").from_(table).sql(dialect="duckdb"))


def user_segments(run: Run, index: Index, cutoff: datetime) -> npt.NDArray[np.object_]:
    """Segment of each user number as of *cutoff*; `NO_SEGMENT` where there is none.

    Raises `SqlFileError` when feature_sql has no table `user_segment (user_id, segment)`.
    """
    with open_features(run) as connection:
        try:
            table = feature_table(connection, run, SEGMENT_TABLE, cutoff).to_arrow_table()
        except duckdb.CatalogException:
            raise SqlFileError(
                f"feature_sql/user/{SEGMENT_TABLE}.sql is missing; the lists need a table of "
                "user_id and segment for fallback lists"
            ) from None
    return align(table["user_id"], table["segment"], index.users["user_id"], NO_SEGMENT)


def align(
    keys: pa.ChunkedArray, values: pa.ChunkedArray, wanted: pa.ChunkedArray, missing: str
) -> npt.NDArray[np.object_]:
    """For each of *wanted* the value beside its key, *missing* where there is none."""
    at = pc.index_in(wanted, value_set=keys.combine_chunks())
    return pc.fill_null(pc.take(values, at), missing).to_numpy(zero_copy_only=False)
