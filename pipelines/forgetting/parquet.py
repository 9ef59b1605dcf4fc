"""Parquet files without the rows of forgotten users; everything else stays as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.forgetting.mentions import mentions
from pipelines.forgetting.tombstones import Forgotten
from store.events import user_of
from store.features import kind_of

USER_COLUMN = "user_id"
RECORD_COLUMN = "record"  # of quarantine: an event as it was delivered, in bytes


def user_columns(path: Path, schema: pa.Schema) -> list[str]:
    """The columns of the file *path* that hold ids of users."""
    columns = [name for name in schema.names if name == USER_COLUMN]
    stem = path.stem
    if "id" in schema.names and (
        stem == f"features-{kind_of(USER_COLUMN)}"
        or (stem.startswith("vectors-") and stem.endswith("_user"))
    ):
        columns.append("id")
    return columns


def is_of_users(path: Path) -> bool:
    """Whether rows of the file *path* are of users."""
    return bool(user_columns(path, pq.read_schema(path)))


def has_records(path: Path) -> bool:
    """Whether the file *path* has events as they were delivered."""
    return RECORD_COLUMN in pq.read_schema(path).names


def find_users(path: Path, forgotten: Forgotten) -> set[str]:
    """Ids of the forgotten users of whom *path* has rows."""
    schema = pq.read_schema(path)
    found: set[str] = set()
    for column in user_columns(path, schema):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=[column]):
                found |= set(forgotten.in_column(batch.column(0)))
    if RECORD_COLUMN in schema.names:
        records = pq.read_table(path, columns=[RECORD_COLUMN], partitioning=None)
        found |= set(forgotten.among(map(user_of, records[RECORD_COLUMN].to_pylist())))
    return found


def write_without(path: Path, target: Path, users: Collection[str]) -> int:
    """Writes the rows of *path* that are not of *users* to *target*; how many are left out.

    Columns, their types, the metadata of the schema and of how it is compressed stay.
    """
    schema = pq.read_schema(path)
    filters: list[_Filter] = [_Without(name, sorted(users)) for name in user_columns(path, schema)]
    if RECORD_COLUMN in schema.names:
        filters.append(_WithoutRecords(users))
    return _copy(path, target, filters)


def write_without_numbers(path: Path, target: Path, column: str, numbers: Collection[int]) -> int:
    """As `write_without`, of a file whose *column* has the numbers of users."""
    return _copy(path, target, [_Without(column, sorted(numbers))])


class _Filter(Protocol):
    """Chooses rows."""

    def mask(self, batch: pa.RecordBatch) -> pa.Array:
        """Which rows of *batch* stay."""


class _WithoutRecords:
    """Which rows stay: those whose record is of none of the users, and names none if torn."""

    def __init__(self, users: Collection[str]) -> None:
        self._users = frozenset(users)
        self._patterns = [mentions(user) for user in sorted(users)]

    def mask(self, batch: pa.RecordBatch) -> pa.Array:
        records = batch.column(RECORD_COLUMN).to_pylist()
        return pa.array([not self._is_theirs(data or b"") for data in records], pa.bool_())

    def _is_theirs(self, data: bytes) -> bool:
        user_id = user_of(data)
        if user_id is not None:
            return user_id in self._users
        return any(pattern.search(data) for pattern in self._patterns)


class _Without:
    """Which rows stay: those whose column has none of the values."""

    def __init__(self, column: str, values: list[str] | list[int]) -> None:
        self._column, self._values = column, values

    def mask(self, batch: pa.RecordBatch) -> pa.Array:
        column = batch.column(self._column)
        values = pa.array(self._values).cast(column.type)
        return pc.invert(pc.is_in(column, value_set=values))


def _copy(path: Path, target: Path, filters: Sequence[_Filter]) -> int:
    """Row groups keep their size: files for publishing are read a group at a time."""
    left_out = 0
    with pq.ParquetFile(path) as file:
        rows = file.metadata.row_group(0).num_rows if file.metadata.num_row_groups else 0
        with pq.ParquetWriter(target, file.schema_arrow, **_written(file)) as writer:
            kept: list[pa.RecordBatch] = []
            for batch in _groups(file):
                before = batch.num_rows
                for each in filters:
                    batch = batch.filter(each.mask(batch))
                left_out += before - batch.num_rows
                kept.append(batch)
            table = pa.Table.from_batches(kept, file.schema_arrow)
            writer.write_table(table, row_group_size=max(rows, 1))
    return left_out


def _groups(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    for number in range(file.metadata.num_row_groups):
        yield from file.read_row_group(number).to_batches()


def _written(file: pq.ParquetFile) -> dict[str, object]:
    """How *file* was compressed, and whether with dictionaries."""
    if not file.metadata.num_row_groups or not file.metadata.row_group(0).num_columns:
        return {"compression": "zstd"}
    column = file.metadata.row_group(0).column(0)
    compression = column.compression.lower()
    return {
        "compression": "none" if compression == "uncompressed" else compression,
        "use_dictionary": any("DICTIONARY" in name for name in column.encodings),
    }
