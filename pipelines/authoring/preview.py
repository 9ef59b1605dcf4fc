"""`features preview`: one file as of a moment, on the lake; nothing is kept."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from pipelines.authoring.header_verdict import ON_SAMPLES, broken_checks
from pipelines.authoring.sample import is_sampled
from pipelines.authoring.workbench import Expose, Workbench, create_table, open_tables
from pipelines.features.base_tables import expose_dimensions, seen_events
from pipelines.features.folder import near_or_all
from pipelines.features.problems import SqlFileError
from pipelines.features.sandbox import interrupting_after
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import SnapshotContext
from pipelines.features.sql_file import SqlFile
from pipelines.features.tables.kept import show_computed_tables

_SHOWN_ROWS = 5
_TOP_VALUES = 3
_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,\d+\)|DOUBLE|FLOAT)")


@dataclass(frozen=True)
class ColumnPreview:
    """What the values of one column look like."""

    name: str
    kind: str
    null_share: float
    spread: str  # quantiles of numbers, else the most frequent values


@dataclass(frozen=True)
class Preview:
    """The rows of one file, and how long they took."""

    file: SqlFile
    as_of: datetime
    n_rows: int
    seconds: float
    columns: list[ColumnPreview]
    rows: list[dict[str, Any]]
    plan: str  # empty unless asked for
    broken: list[str]  # checks of the header, and how
    left_out: list[str]  # columns whose bounds a sample cannot judge


def preview_file(
    bench: Workbench,
    name: str,
    *,
    as_of: datetime | None = None,
    sample: float = 1.0,
    with_plan: bool = False,
) -> Preview:
    """The table *name* as of *as_of* (default: the lake's, for a label the newest labelled).

    *sample* is the share of users whose events are seen; then counts of items are smaller too.

    Raises `SqlFileError` for an unknown table, and when it fails or takes too long.
    """
    file = bench.files.get(name)
    if file is None:
        raise SqlFileError(f"{name}: no table of the folder{near_or_all(name, bench.files)}")
    moment = as_of or (bench.newest_labelled if file.is_label else bench.as_of)
    if not file.is_label and moment > bench.as_of:  # a later moment than the settings' own
        bench = replace(bench, as_of=moment)
    context = bench.context(moment)
    if file.is_label and context.until > bench.as_of:
        raise SqlFileError(
            f"{name}: its window ends {context.until:%Y-%m-%d}, after the lake's as_of "
            f"{bench.as_of:%Y-%m-%d}; the newest cutoff with labels is {bench.newest_labelled}"
        )
    seconds = bench.settings.read(FeatureSettings).timeout_s
    snapshots = bench.snapshots(moment) if sample == 1.0 else {}
    with open_tables(bench, _expose(bench, file, moment, sample)) as connection:
        show_computed_tables(
            connection,
            bench.read_tables(bench.needed([name])),
            context,
            known_before=context.received_before(file),
            is_sample=sample < 1.0,
        )
        for needed in bench.needed([name])[:-1]:
            if needed in snapshots:
                connection.read_parquet(str(snapshots[needed])).create_view(needed)
            else:
                create_table(connection, bench.files[needed], context, seconds)
        started = time.monotonic()
        create_table(connection, file, context, seconds)
        taken = time.monotonic() - started
        table = connection.table(name)
        with _looking(connection, file, seconds):
            return Preview(
                file=file,
                as_of=moment,
                n_rows=_count(table),
                seconds=taken,
                columns=list(_summaries(table)),
                rows=_first_rows(table, file),
                plan=_plan(connection, file, context) if with_plan else "",
                broken=broken_checks(table, file, but=ON_SAMPLES if sample < 1.0 else ()),
                left_out=_bounded(file) if sample < 1.0 else [],
            )


def _expose(bench: Workbench, file: SqlFile, moment: datetime, sample: float) -> Expose:
    def expose(connection: duckdb.DuckDBPyConnection) -> None:
        received = bench.received_before(moment, file)
        events = seen_events(
            connection, bench.lake, event_before=bench.as_of, received_before=received
        )
        if sample < 1.0:
            events = events.filter(is_sampled(sample))
        events.create("events")
        expose_dimensions(connection, bench.lake, bench.weights)

    return expose


@contextmanager
def _looking(
    connection: duckdb.DuckDBPyConnection, file: SqlFile, seconds: float
) -> Iterator[None]:
    """Lists of millions may fit into a table, and not into what sums them up."""
    with interrupting_after(connection, seconds):
        try:
            yield
        except duckdb.Error as error:
            message = f"{file.path}:1: its rows cannot be shown: {error}"
            raise SqlFileError(message) from error


def _plan(connection: duckdb.DuckDBPyConnection, file: SqlFile, context: SnapshotContext) -> str:
    """What DuckDB did, with rows and times of each step."""
    relation = connection.sql(file.sql, params=context.binds(file) or None)
    return str(relation.explain(type="analyze"))


def _first_rows(table: duckdb.DuckDBPyRelation, file: SqlFile) -> list[dict[str, Any]]:
    """As Python sees them; Arrow fails at moments without end."""
    rows = table.order(_quoted(file.header.grain)).limit(_SHOWN_ROWS).fetchall()
    return [dict(zip(table.columns, row, strict=True)) for row in rows]


def _count(table: duckdb.DuckDBPyRelation) -> int:
    return int(table.aggregate("count(*)").fetchall()[0][0])


def _bounded(file: SqlFile) -> list[str]:
    return [check.between.column for check in file.header.checks if check.between is not None]


def _summaries(table: duckdb.DuckDBPyRelation) -> Iterator[ColumnPreview]:
    for name, kind in zip(table.columns, map(str, table.types), strict=True):
        nulls = f"coalesce(avg(cast({_quoted([name])} is null as integer)), 0)"
        null_share = float(table.aggregate(nulls).fetchall()[0][0])
        spread = _quantiles(table, name) if _is_number(kind) else _top_values(table, name)
        yield ColumnPreview(name, kind, null_share, spread)


def _is_number(kind: str) -> bool:
    return _NUMBERS.fullmatch(kind) is not None


def _quantiles(table: duckdb.DuckDBPyRelation, name: str) -> str:
    value = f"cast({_quoted([name])} as double)"
    asked = f"quantile_cont({value}, [0.0, 0.25, 0.5, 0.75, 1.0])"
    found = table.aggregate(asked).fetchall()[0][0]
    return " … ".join(f"{quantile:.4g}" for quantile in found) if found else "no value"


def _top_values(table: duckdb.DuckDBPyRelation, name: str) -> str:
    quoted = _quoted([name])
    counted = table.filter(f"{quoted} is not null").aggregate(f"{quoted}, count(*) as n", quoted)
    top = counted.order(f"n desc, {quoted}").limit(_TOP_VALUES).fetchall()
    return ", ".join(f"{str(value)[:40]} × {count}" for value, count in top) or "no value"


def _quoted(names: list[str]) -> str:
    """Names of columns, which headers allow small letters, digits and _ only, in quotes."""
    return ", ".join(f'"{name}"' for name in names)
