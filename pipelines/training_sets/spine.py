"""The spine: rows of entities and moments that somebody wants features for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from settings.errors import NightshelfError

SpineSource: TypeAlias = pa.Table | duckdb.DuckDBPyRelation | Path | str

log = logging.getLogger("nightshelf")


class SpineError(NightshelfError):
    """A spine, or what is asked for it, cannot be joined to the kept snapshots."""


@dataclass(frozen=True)
class Spine:
    """A table as it was given, and the moment of each row."""

    table: pa.Table
    moments: pa.ChunkedArray  # timestamp[us], naive UTC, no nulls


def read_spine(source: SpineSource, moment: str) -> Spine:
    """*source* with its rows in their order; *moment* names the column of moments.

    Moments with a time zone are turned into UTC, which is logged; without one they are UTC.
    Raises `SpineError` for an unreadable file, and when the moments are missing, null or of
    another type than timestamp or date.
    """
    table = _read_table(source, moment)
    doubled = sorted({n for n in table.column_names if table.column_names.count(n) > 1})
    if doubled:
        raise SpineError(f"the spine has several columns called {doubled[0]}; rename all but one")
    if moment not in table.column_names:
        timed = [field.name for field in table.schema if _is_moment(field.type)]
        raise SpineError(
            f"the spine has no column {moment}; name the column of moments (--moment), one of: "
            f"{', '.join(timed) or 'none of its columns is a timestamp'}"
        )
    return Spine(table, _naive_utc(table[moment], moment))


def _read_table(source: SpineSource, moment: str) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, duckdb.DuckDBPyRelation):
        return source.to_arrow_table()
    if Path(source).suffix == ".csv":
        return _read_csv(Path(source), moment)
    try:
        return pq.read_table(source)
    except (OSError, pa.ArrowInvalid) as error:
        raise SpineError(
            f"{source}: cannot be read as Parquet: {error}; give a file of Parquet or .csv, or in "
            "Python an Arrow table or a DuckDB relation"
        ) from None


def _read_csv(path: Path, moment: str) -> pa.Table:
    """Rows of *path*, which has a line of names; ids are text, or `007` would be a 7."""
    try:
        with duckdb.connect() as connection:
            names = connection.read_csv(str(path), header=True, all_varchar=True).columns
            ids = {name: "VARCHAR" for name in names if name.endswith("_id")}
            if moment not in names:
                return connection.read_csv(str(path), header=True, dtype=ids).to_arrow_table()
            # As a plain timestamp DuckDB would leave out a zone that a moment names.
            connection.execute("set TimeZone = 'UTC'")
            typed = {**ids, moment: "TIMESTAMPTZ"}
            table = connection.read_csv(str(path), header=True, dtype=typed).to_arrow_table()
            at = pc.cast(table[moment], pa.timestamp("us"))
            return table.set_column(names.index(moment), moment, at)
    except duckdb.Error as error:
        first = str(error).strip().partition("\n")[0]
        raise SpineError(
            f"{path}: cannot be read as CSV: {first}; expected a first line of names, and moments "
            f"like 2017-12-31 18:30:00 in the column {moment}"
        ) from None


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _naive_utc(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if not _is_moment(column.type):
        raise SpineError(
            f"the spine's column {name} is of type {column.type}; expected timestamps or dates: "
            f"cast it first, in SQL cast({name} as timestamp)"
        )
    if column.null_count:
        first = pc.index(pc.is_null(column), True).as_py()
        raise SpineError(
            f"the spine's column {name} is null in {column.null_count} of {len(column)} rows, "
            f"first in row {first}; a row without a moment has no past: leave it out"
        )
    zone = getattr(column.type, "tz", None)
    if zone:
        log.info("spine: %s has the time zone %s and was turned into UTC", name, zone)
    # Finer than a microsecond is cut off: rounded up, a row could see what came after it.
    return pc.cast(pc.cast(column, pa.timestamp("us", zone), safe=False), pa.timestamp("us"))
