"""Joins every feature table to candidates by whatever its grain is.

A grain column is `user_id`, `item_id`, or a column of the item (category, title) or of the
user (segment): the pair takes the value of its own item or user. Nobody lists features by
hand: what stands in `feature_sql` is what the ranker sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import ColumnExpression, ConstantExpression

from pipelines.candidates.generate import Candidates
from pipelines.features.build import features_directory
from pipelines.features.database import SEGMENT_TABLE, feature_table, open_features, user_segments
from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import SqlFile
from pipelines.index import Index
from pipelines.interactions import FloatArray, IntArray
from pipelines.runs import Run

Vocabulary = dict[str, list[str]]  # text feature → its values, sorted


@dataclass(frozen=True)
class CodedTable:
    """One feature table with its grain as one sorted number a row."""

    grain: tuple[str, ...]
    keys: np.ndarray  # int64, ascending
    names: list[str]  # of its columns
    values: FloatArray  # (keys + 1) × names; the last row, of pairs without one, is NaN


class FeatureColumns:
    """Feature values as of one cutoff for a range of users, ready to be joined to pairs."""

    def __init__(self, tables: list[CodedTable], codes: Mapping[str, GrainCodes]) -> None:
        self._tables = tables
        self._codes = codes
        self._key_sets = _number_key_sets(tables)

    @property
    def names(self) -> list[str]:
        return [name for table in self._tables for name in table.names]

    def fill(self, matrix: FloatArray, candidates: Candidates, first_column: int) -> None:
        """Writes the features of *candidates* into *matrix*, NaN where a table has no row."""
        column = first_column
        rows: dict[int, np.ndarray] = {}  # by key set: looked up once for all tables that have it
        for table, key_set in zip(self._tables, self._key_sets, strict=True):
            if key_set not in rows:
                rows[key_set] = self._rows(table, candidates)
            # Whole rows: gathering column by column waits for memory once a value.
            end = column + len(table.names)
            matrix[:, column:end] = table.values[rows[key_set]]
            column = end

    def _rows(self, table: CodedTable, candidates: Candidates) -> np.ndarray:
        """Position of each pair's row in *table*, -1 where there is none."""
        keys = np.zeros(len(candidates.users), dtype=np.int64)
        known = np.ones(len(candidates.users), dtype=bool)
        for name in table.grain:
            codes = self._codes[name].of(candidates)
            known &= codes >= 0
            keys = keys * self._codes[name].size + codes
        if len(table.keys) == 0:
            return np.full(len(keys), -1)
        if len(table.grain) == 1:
            return np.where(known, self._row_of_code(table)[keys], -1)
        at = np.minimum(np.searchsorted(table.keys, keys), len(table.keys) - 1)
        return np.where(known & (table.keys[at] == keys), at, -1)

    def _row_of_code(self, table: CodedTable) -> np.ndarray:
        """Position in *table*, whose grain is one column, of each code; -1 where there is none."""
        rows = np.full(self._codes[table.grain[0]].size, -1)
        rows[table.keys] = np.arange(len(table.keys))
        return rows


def _number_key_sets(tables: list[CodedTable]) -> list[int]:
    """For each table the first one that has the same keys: many tell of all pairs with an event."""
    first: dict[tuple[tuple[str, ...], int], list[int]] = {}
    numbers = []
    for number, table in enumerate(tables):
        alike = first.setdefault((table.grain, len(table.keys)), [])
        same = (n for n in alike if np.array_equal(tables[n].keys, table.keys))
        numbers.append(next(same, number))
        if numbers[-1] == number:
            alike.append(number)
    return numbers


@dataclass(frozen=True)
class GrainCodes:
    """Numbers for the values of one grain column."""

    values: pa.Array  # value of each number
    code_of_number: IntArray  # its code for each user or item number
    of_users: bool  # whether it is a property of users; else of items

    @property
    def size(self) -> int:
        return len(self.values) + 1

    def of(self, candidates: Candidates) -> np.ndarray:
        numbers = candidates.users if self.of_users else candidates.items
        return self.code_of_number[numbers].astype(np.int64)

    def of_column(self, column: pa.ChunkedArray) -> np.ndarray:
        """Numbers of *column*'s values, -1 for a value that is not known."""
        codes = pc.index_in(column, value_set=self.values)
        return pc.fill_null(codes, -1).to_numpy().astype(np.int64)


def training_tables(run: Run) -> list[SqlFile]:
    """Files whose tables the ranker sees: all but labels."""
    files = load_folder(features_directory(run.settings)).values()
    return [file for file in files if not file.is_label]


def read_vocabulary(run: Run, cutoffs: tuple[datetime, ...], max_categories: int) -> Vocabulary:
    """Values of every text feature at *cutoffs*; the same text is the same number everywhere.

    Raises `SqlFileError` when a text column has more than *max_categories* values.
    """
    vocabulary: Vocabulary = {}
    with open_features(run) as connection:
        for file in training_tables(run):
            for cutoff in cutoffs:
                relation = feature_table(connection, run, file.name, cutoff)
                for column in _text_columns(file, relation):
                    name = f"{file.name}.{column}"
                    found = relation.select(column).distinct().to_arrow_table()[column]
                    values = {v for v in found.to_pylist() if v is not None}
                    vocabulary[name] = sorted({*vocabulary.get(name, []), *values})
    for name, texts in vocabulary.items():
        if len(texts) > max_categories:
            raise SqlFileError(
                f"{name} has {len(texts)} different texts; [ranking] max_categories allows "
                f"{max_categories}: make it a number, a grain column, or group its values"
            )
    return vocabulary


def open_features_of(
    run: Run, index: Index, cutoff: datetime, users: IntArray, vocabulary: Vocabulary
) -> FeatureColumns:
    """Every feature table as of *cutoff*, rows of *users* (ascending numbers) only."""
    first, last = index.user_ids[users[0]], index.user_ids[users[-1]]
    with open_features(run) as connection:

        def read(file: SqlFile) -> tuple[pa.Table, datetime]:
            relation = feature_table(connection, run, file.name, cutoff)
            if "user_id" in file.header.grain:
                column = ColumnExpression("user_id")
                relation = relation.filter(column >= ConstantExpression(first))
                relation = relation.filter(column <= ConstantExpression(last))
            return relation.to_arrow_table(), cutoff

        return join_columns(
            training_tables(run),
            read,
            index,
            lambda: user_segments(run, index, cutoff),
            vocabulary,
        )


def join_columns(
    files: Sequence[SqlFile],
    read: Callable[[SqlFile], tuple[pa.Table, datetime]],
    index: Index,
    segments: Callable[[], npt.NDArray[np.object_]],
    vocabulary: Vocabulary,
) -> FeatureColumns:
    """The tables of *files*, each as *read* gives it, with the moment that it is as of.

    *segments* gives that of each user of *index*, where a grain asks for it.
    """
    codes = _grain_codes(index, segments, files)
    tables = (_code_table(file, *read(file), codes, vocabulary) for file in files)
    return FeatureColumns([table for table in tables if table.names], codes)


def _text_columns(file: SqlFile, relation: duckdb.DuckDBPyRelation) -> Iterator[str]:
    for column, kind in zip(relation.columns, relation.types, strict=True):
        if str(kind) == "VARCHAR" and column not in file.header.grain:
            yield column


def _code_table(
    file: SqlFile,
    table: pa.Table,
    cutoff: datetime,
    codes: Mapping[str, GrainCodes],
    vocabulary: Vocabulary,
) -> CodedTable:
    keys = np.zeros(table.num_rows, dtype=np.int64)
    known = np.ones(table.num_rows, dtype=bool)
    for name in file.header.grain:
        code = codes[name].of_column(table[name])
        known &= code >= 0
        keys = keys * codes[name].size + code
    order = np.flatnonzero(known)
    order = order[np.argsort(keys[order], kind="stable")]
    columns = {
        f"{file.name}.{field.name}": table[field.name]
        for field in table.schema
        if field.name not in file.header.grain and not pa.types.is_nested(field.type)
    }
    values = np.full((len(order) + 1, len(columns)), np.nan, dtype=np.float32)
    for at, (name, column) in enumerate(columns.items()):
        values[:-1, at] = _as_floats(column, vocabulary.get(name), cutoff)[order]
    return CodedTable(tuple(file.header.grain), keys[order], list(columns), values)


def _as_floats(column: pa.ChunkedArray, values: list[str] | None, cutoff: datetime) -> FloatArray:
    """Numbers as they are, truth as 0 and 1, moments as days before the cutoff, text as codes."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = pc.index_in(column, value_set=pa.array(values or [], type=kind))
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        moments = pc.cast(column, pa.timestamp("us"))
        age = pc.subtract(pa.scalar(cutoff, pa.timestamp("us")), moments)
        column = pc.divide(pc.cast(pc.cast(age, pa.int64()), pa.float64()), 86_400e6)
    floats = pc.cast(pc.cast(column, pa.float64(), safe=False), pa.float32(), safe=False)
    return pc.fill_null(floats, float("nan")).to_numpy().astype(np.float32)


def _grain_codes(
    index: Index, segments: Callable[[], npt.NDArray[np.object_]], files: Sequence[SqlFile]
) -> dict[str, GrainCodes]:
    """Numbers for every grain column that *files* use.

    Raises `SqlFileError` for a grain column that neither users nor items have.
    """
    codes: dict[str, GrainCodes] = {}
    for file in files:
        for name in file.header.grain:
            if name not in codes:
                codes[name] = _codes_of(index, segments, file, name)
    return codes


def _codes_of(
    index: Index, segments: Callable[[], npt.NDArray[np.object_]], file: SqlFile, name: str
) -> GrainCodes:
    if name == "user_id":
        numbers = np.arange(index.n_users, dtype=np.int32)
        return GrainCodes(index.users["user_id"].combine_chunks(), numbers, of_users=True)
    if name == "item_id":
        numbers = np.arange(index.n_items, dtype=np.int32)
        return GrainCodes(index.items["item_id"].combine_chunks(), numbers, of_users=False)
    if name == "segment":
        return _dictionary(pa.array(segments(), type=pa.string()), of_users=True)
    for table, of_users in ((index.items, False), (index.users, True)):
        if name in table.column_names:
            return _dictionary(table[name].combine_chunks(), of_users=of_users)
    raise SqlFileError(
        f"{file.path}: grain column {name} cannot be joined to candidates; it is none of user_id, "
        f"item_id, {SEGMENT_TABLE}.segment, items ({', '.join(index.items.column_names)}), "
        f"users ({', '.join(index.users.column_names)})"
    )


def _dictionary(values: pa.Array, *, of_users: bool) -> GrainCodes:
    encoded = pc.dictionary_encode(values)
    numbers = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int32)
    return GrainCodes(encoded.dictionary, numbers, of_users)
