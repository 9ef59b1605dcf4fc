"""Measures days: figures, places and counts of what was shown on each, as Parquet.

`measures/day=…/` is replaced whole, so that a day is of one state of the landing zone.
The same files, settings and code give the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.collected import Collected, open_collected
from pipelines.files import (
    hash_files,
    hash_json,
    locked,
    read_json,
    replacing_directory,
    write_json,
)
from pipelines.measure.figures import build_outcomes, read_counts, read_figures, read_positions
from pipelines.measure.material import find_ingested, find_material, load_material
from pipelines.measure.settings import MeasureSettings, check_accepted
from pipelines.measure.span import Span, span_of
from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory

TABLES = ("figures", "positions", "counts")
RECORD = "day.json"  # what the day was made from
# No figure depends on these settings: a new target is no reason to measure anew.
_NO_FIGURE = {
    "target_ctr",
    "target_acceptance",
    "target_coverage",
    "report_days",
    "max_label_values",
}
# The code that figures depend on, beside sql/.
_OF_CODE = ("day.py", "figures.py", "intervals.py", "material.py", "span.py")

log = logging.getLogger("nightshelf")
_HERE = Path(__file__).parent


class MeasureError(NightshelfError):
    """A day cannot be measured: nothing was shown on it, or it is no day."""


def measures_directory(settings: Settings) -> Path:
    return var_directory(settings) / "measures"


def days_shown(landed: Collected, before: date | None = None) -> list[date]:
    """Days on which something was shown, oldest first; those before *before*."""
    days = sorted({date.fromisoformat(entry["day"]) for entry in landed.entries("impressions")})
    return [day for day in days if before is None or day < before]


def measure_days(
    settings: Settings,
    first: date | None = None,
    last: date | None = None,
    *,
    before: date | None = None,
) -> list[date]:
    """Measures the days from *first* to *last* (included) anew, those on which lists were shown.

    Without *first* only those whose events are new or others. Which days it did.
    One at a time in a namespace: another that comes meanwhile waits.
    Raises `MeasureError` when nothing was shown on any of the days that are named.
    """
    check_accepted(settings)
    with locked(var_directory(settings) / "locks" / "measure"):
        landed = open_collected(settings)
        shown = days_shown(landed, before)
        wanted = [
            day
            for day in shown
            if (first is None or first <= day) and (last is None or day <= last)
        ]
        if (first or last) and not wanted:
            raise MeasureError(_nothing_shown(first, last, shown))
        if first is None:
            wanted = [day for day in wanted if not _is_kept(settings, landed, day)]
        for day in wanted:
            _measure_day(settings, landed, day)
        return wanted


@contextmanager
def open_outcomes(
    settings: Settings, landed: Collected, span: Span
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the tables of `sql/` for *span*, `outcomes` and `user_cells` among them."""
    check_accepted(settings)
    with _connect(settings, landed, span)[0] as connection:
        yield connection


def _measure_day(settings: Settings, landed: Collected, day: date) -> None:
    span, measure = span_of(day), settings.read(MeasureSettings)
    connection, segments_of = _connect(settings, landed, span)
    with connection:
        tables = {
            "figures": read_figures(connection, measure, span),
            "positions": read_positions(connection, measure, span),
            "counts": read_counts(connection, span),
        }
    record = {
        "day": span.day,
        "key": _key(settings, landed, span),
        "segments_of": segments_of,
        "measure": measure.model_dump(mode="json", exclude=_NO_FIGURE),
    }
    _write(measures_directory(settings) / f"day={span.day}", tables, record)
    groups = tables["figures"].num_rows
    log.info("measure: %s, %d groups", span.day, groups)


def _connect(
    settings: Settings, landed: Collected, span: Span
) -> tuple[duckdb.DuckDBPyConnection, str | None]:
    # One thread: sums and rows come out in one order.
    connection = duckdb.connect(config={"threads": "1"})
    material = find_material(settings, landed, span)
    load_material(connection, settings, material, span)
    build_outcomes(connection, settings.read(MeasureSettings), span)
    return connection, material.segments_of


def _write(target: Path, tables: dict[str, pa.Table], record: dict[str, Any]) -> None:
    with replacing_directory(target) as beside:
        for name, table in tables.items():
            pq.write_table(table, beside / f"{name}.parquet", compression="zstd")
        write_json(beside / RECORD, record)


def _key(settings: Settings, landed: Collected, span: Span) -> str:
    """What decides a day but catalogue and segments, which change every night."""
    measure = settings.read(MeasureSettings)
    since, before = span.since(measure), span.before(measure)
    files = [
        entry["sha256"]
        for kind, found in (
            ("impressions", landed.impression_files(before, since)),
            ("events", landed.event_files(before, since)),
        )
        for entry in landed.entries(kind)  # type: ignore[arg-type] # one of its words
        if landed.directory / entry["path"] in found
    ]
    # Actions that only the source knows are there a night later than what was collected.
    ingested = [path.name for path in find_ingested(settings, span)]
    code = hash_files([*(_HERE / name for name in _OF_CODE), *_HERE.glob("sql/*.sql")], _HERE)
    settled = measure.model_dump(mode="json", exclude=_NO_FIGURE)
    return hash_json([sorted(files), ingested, settled, code])


def _is_kept(settings: Settings, landed: Collected, day: date) -> bool:
    span = span_of(day)
    record = measures_directory(settings) / f"day={span.day}" / RECORD
    return record.exists() and read_json(record)["key"] == _key(settings, landed, span)


def _nothing_shown(first: date | None, last: date | None, shown: list[date]) -> str:
    there = f"from {shown[0]} to {shown[-1]}" if shown else "on no day yet"
    return (
        f"nothing was shown from {first or 'the beginning'} to {last or 'now'}; lists were shown "
        f"{there} (impressions that were collected: `python -m pipelines collect`)"
    )


def closed_before(landed: Collected) -> datetime | None:
    """The newest moment at which anything was received: days that ended before it are whole."""
    kinds = [*landed.entries("impressions"), *landed.entries("events")]
    return max((datetime.fromisoformat(e["received"][1]) for e in kinds), default=None)
