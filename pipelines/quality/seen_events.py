"""The events that a run sees, as relations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import duckdb
from duckdb import ColumnExpression, ConstantExpression

from pipelines.features.settings import FeatureSettings
from pipelines.inputs import run_lake
from pipelines.moments import NightSettings
from pipelines.runs import Run


@contextmanager
def open_scratch(run: Run) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database that spills into the run's folder."""
    options = {
        "threads": str(run.settings.read(NightSettings).threads),
        "memory_limit": run.settings.read(FeatureSettings).memory_limit,
        "temp_directory": str(run.path("scratch")),
    }
    with duckdb.connect(config=options) as connection:
        yield connection


def read_day_files(connection: duckdb.DuckDBPyConnection, run: Run) -> duckdb.DuckDBPyRelation:
    """Every row of the days that the run reads; column `day` is that of the folder."""
    paths = [str(path) for path in run_lake(run).event_files(before=run.as_of)]
    return connection.read_parquet(paths, hive_partitioning=True)


def only_seen(rows: duckdb.DuckDBPyRelation, run: Run) -> duckdb.DuckDBPyRelation:
    """Those of *rows* that happened before the run's moment and were there when it began."""
    read_at = datetime.fromisoformat(run.manifest["snapshot_at"])
    happened = rows.filter(ColumnExpression("event_at") < ConstantExpression(run.as_of))
    return happened.filter(ColumnExpression("received_at") < ConstantExpression(read_at))
