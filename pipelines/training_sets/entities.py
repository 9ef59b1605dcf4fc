"""Values that rows are joined by: columns of the spine, else what is known of a user or an item.

A grain column such as `segment` or `category` is a property. A spine that has the column says
itself what counts; else the row takes the property of its own user or item, as the ranker does:
the segment as of the row's moment, other properties as the run's lake has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.features.database import SEGMENT_TABLE
from pipelines.features.sql_file import SqlFile
from pipelines.inputs import run_lake
from pipelines.runs import Run
from pipelines.training_sets.spine import Spine, SpineError

SEGMENT = f"{SEGMENT_TABLE}.segment"
_SEGMENT_COLUMN = "segment"
_OWNERS = {"items": "item_id", "users": "user_id"}  # lake table → whose properties it has


def needs_segment(
    spine: Spine, files: Mapping[str, SqlFile], grains: Iterable[tuple[str, ...]]
) -> bool:
    """Whether the segment of each row's user must be looked up."""
    names = spine.table.column_names
    wanted = any(_SEGMENT_COLUMN in grain for grain in grains) and _SEGMENT_COLUMN not in names
    return wanted and "user_id" in names and SEGMENT_TABLE in files


def find_entities(
    run: Run, spine: Spine, grains: Iterable[tuple[str, ...]], segments: pa.ChunkedArray | None
) -> dict[str, pa.ChunkedArray]:
    """A column of values, as long as the spine, for each column that *grains* name.

    Raises `SpineError` for one that neither the spine nor the lake has.
    """
    names = sorted({name for grain in grains for name in grain})
    return {name: _find(run, spine, name, segments) for name in names}


def _find(run: Run, spine: Spine, name: str, segments: pa.ChunkedArray | None) -> pa.ChunkedArray:
    if name in spine.table.column_names:
        return _plain(spine.table[name])
    if name == _SEGMENT_COLUMN and segments is not None:
        return segments
    lake = run_lake(run)
    for table, owner in _OWNERS.items():
        path = lake.table_file(table)
        if owner in spine.table.column_names and name in pq.read_schema(path).names:
            known = pq.read_table(path, columns=[owner, name])
            at = pc.index_in(as_text(spine.table[owner], owner), value_set=known[owner])
            return pc.take(known[name], at)
    raise SpineError(
        f"the spine has no column {name}, which the chosen tables are joined by; add it, "
        f"or {_instead(name)}; its columns: {', '.join(spine.table.column_names)}"
    )


def _instead(name: str) -> str:
    if name in _OWNERS.values():
        return "choose tables of another grain"
    return "user_id or item_id, where it is a property of users or items"


def as_text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """*column* of ids as text, as all ids are; whole numbers become their digits.

    Raises `SpineError` for any other type.
    """
    plain = _plain(column)
    if pa.types.is_integer(plain.type) or pa.types.is_null(plain.type):
        return pc.cast(plain, pa.string())
    if pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type):
        return pc.cast(plain, pa.string())
    raise SpineError(
        f"the spine's column {name} is of type {column.type}; expected text or whole numbers, "
        "as ids are text everywhere: cast it first"
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    return pc.cast(column, kind.value_type) if pa.types.is_dictionary(kind) else column
