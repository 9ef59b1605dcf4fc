"""The gate in front of candidates and ranker: every table is what its header promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb

from pipelines.features.build import features_directory
from pipelines.features.database import feature_table, open_features
from pipelines.features.folder import load_folder
from pipelines.features.sql_file import SqlFile
from pipelines.inputs import run_cutoffs
from pipelines.moments import NightSettings
from pipelines.quality.gate import pass_gate
from pipelines.quality.header_checks import COLUMNS, measure_table
from pipelines.quality.measurements import Expectation, Measurement
from pipelines.quality.newest import newest_moments
from pipelines.quality.previous_run import measure_row_changes
from pipelines.quality.validation import QualityError
from pipelines.runs import Run
from settings.durations import format_duration

GATE = "features"


@dataclass(frozen=True)
class _Table:
    """A file's table as of one cutoff."""

    file: SqlFile
    cutoff: datetime

    @property
    def label(self) -> str:
        return f"{self.file.folder}/{self.file.name} as of {self.cutoff:%Y-%m-%d %H:%M}"


def check_features(run: Run) -> Mapping[str, Any]:
    """Judges every table of the run's `features.duckdb`, of the night and of past cutoffs.

    Raises `QualityError` when a measurement is out of range or a check cannot be evaluated.
    """
    files = load_folder(features_directory(run.settings))
    tables = _expected_tables(run, files)
    with ExitStack() as cursors, open_features(run) as connection:
        found = _measure_side_by_side(run, tables, connection, cursors)
        measured = [item for _, items in found for item in items]
        night = run_cutoffs(run).night
        rows = {
            table.file.name: count
            for table, (count, _) in zip(tables, found, strict=True)
            if table.cutoff == night
        }
        measured += _measure_freshness(run, files.values())
        measured += measure_row_changes(run, GATE, rows)
        return {**pass_gate(run, GATE, measured, rows), "tables": len(tables)}


def _expected_tables(run: Run, files: Mapping[str, SqlFile]) -> list[_Table]:
    """Labels of the night lie in the future and do not exist."""
    cutoffs = run_cutoffs(run)
    return [
        _Table(file, cutoff)
        for cutoff in cutoffs.all
        for file in files.values()
        if cutoff in cutoffs.labelled or not file.is_label
    ]


def _measure_side_by_side(
    run: Run,
    tables: list[_Table],
    connection: duckdb.DuckDBPyConnection,
    cursors: ExitStack,
) -> list[tuple[int, list[Measurement]]]:
    """One entry for each of *tables*; their cursors stay open for the failing rows."""
    # A cursor is a connection of its own to the same database: one a table, as threads share none.
    opened = [cursors.enter_context(connection.cursor()) for _ in tables]
    with ThreadPoolExecutor(run.settings.read(NightSettings).threads) as pool:
        return list(pool.map(lambda cursor, table: _measure(cursor, run, table), opened, tables))


def _measure(
    cursor: duckdb.DuckDBPyConnection, run: Run, table: _Table
) -> tuple[int, list[Measurement]]:
    try:
        relation = feature_table(cursor, run, table.file.name, table.cutoff)
    except duckdb.CatalogException:
        declared = len(table.file.header.columns)
        detail = "features.duckdb has no such table"
        missing = Measurement(expectation=COLUMNS, about=table.label, found=declared, detail=detail)
        return 0, [missing]
    try:
        return measure_table(relation, table.label, table.file.header)
    except (duckdb.Error, ValueError) as error:
        raise QualityError(
            f"{table.file.path}: the header's checks do not fit the table as of "
            f"{table.cutoff:%Y-%m-%d %H:%M}: {error}; correct the checks"
        ) from error


def _measure_freshness(run: Run, files: Iterable[SqlFile]) -> list[Measurement]:
    """Age of the newest event that each file may use, as of the night.

    Not of past cutoffs: a gap of weeks ago cannot be mended and would stop every night since.
    """
    dated = [(file, file.header.event_time, file.header.max_age) for file in files]
    limited = [(f, column, age) for f, column, age in dated if column and age is not None]
    newest = newest_moments(run, sorted({column for _, column, _ in limited}))
    return [
        Measurement(
            expectation=_fresh_within(max_age),
            about=f"{file.folder}/{file.name}",
            found=(run.as_of - newest[column]) / timedelta(hours=1),
            detail=f"newest events.{column} {newest[column]}, as_of {run.as_of}",
        )
        for file, column, max_age in limited
        if column in newest
    ]


def _fresh_within(max_age: timedelta) -> Expectation:
    return Expectation(
        name=f"fresh_within_{format_duration(max_age)}",
        meaning="the newest event is no older than the header's max_age",
        remedy="bring newer events, or raise max_age in the header if the table may be older",
        at_most=max_age / timedelta(hours=1),
        unit="hours",
    )
