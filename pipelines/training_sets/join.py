"""Joins one table's snapshots to the rows of a spine."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import CaseExpression, ColumnExpression, ConstantExpression

from pipelines.features.settings import FeatureSettings
from pipelines.moments import NightSettings
from pipelines.training_sets.chosen import ChosenTable
from pipelines.training_sets.entities import as_text
from pipelines.training_sets.kept import Snapshots
from pipelines.training_sets.spine import SpineError
from settings import Settings
from settings.project import var_directory

# What became of a row at one table; the first that holds.
STATES = ("no_snapshot", "stale", "missing", "found")
NO_SNAPSHOT, STALE, MISSING, FOUND = range(len(STATES))

# The table's newest snapshot, not the entity's newest row: somebody whom the newest one leaves
# out has no value, whatever an older one says.
_NEWEST = """
select moments.row, cutoff, epoch_us(moment) - epoch_us(cutoff) as age_us
from moments
asof left join cutoffs on moments.moment >= cutoffs.cutoff
order by moments.row
"""
_EXACT = """
select moments.row, cutoff, cast(0 as bigint) as age_us
from moments
left join cutoffs on moments.moment = cutoffs.cutoff
order by moments.row
"""


@dataclass(frozen=True)
class Rows:
    """One table's values, a row of the spine each, in the spine's order."""

    values: dict[str, pa.ChunkedArray]  # by the feature's name
    counts: dict[str, int]  # rows by what became of them; their sum is the spine's


@contextmanager
def open_join(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory: `[night] threads`, and `[features] memory_limit` before it spills."""
    threads = settings.read(NightSettings).threads
    limit = settings.read(FeatureSettings).memory_limit
    var = var_directory(settings)
    with (
        tempfile.TemporaryDirectory(prefix=".join-", dir=var) as scratch,
        duckdb.connect(":memory:", config={"threads": str(threads)}) as connection,
    ):
        connection.execute("set memory_limit = $limit", {"limit": limit})
        connection.execute("set temp_directory = $path", {"path": scratch})
        yield connection


class SnapshotJoin:
    """Joins tables of kept snapshots to the moments of one spine."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        moments: pa.ChunkedArray,
        kept: Mapping[str, Snapshots],
    ) -> None:
        self._connection = connection
        self._rows = len(moments)
        numbers = pa.array(np.arange(self._rows, dtype=np.int64))
        connection.register("moments", pa.table({"row": numbers, "moment": moments}))
        self._kept = kept
        self._placed: dict[tuple[bool, tuple[datetime, ...]], pa.Table] = {}

    def values(
        self,
        chosen: ChosenTable,
        entities: Mapping[str, pa.ChunkedArray],
        *,
        limit: timedelta | None,
    ) -> Rows:
        """Values of *chosen* for each row, null where there is none.

        A row of moment m takes the newest snapshot T ≤ m unless m - T > *limit*; of a label the
        one of T = m. *entities* are the columns of the grain.
        Raises `SpineError` when an entity's type does not fit, or a snapshot has doubled rows.
        """
        kept = self._kept[chosen.file.name]
        placed = self._place(tuple(kept), exact=chosen.file.is_label)
        stored = self._read_all(chosen, set(pc.unique(placed["cutoff"]).to_pylist()))
        for number, name in enumerate(chosen.grain):
            key = _fit(entities[name], str(stored.types[number]), chosen, name)
            placed = placed.append_column(f"key_{number}", key)
        found = _join(self._connection.from_arrow(placed), stored, chosen, limit)
        if found.num_rows != self._rows:
            raise SpineError(
                f"{chosen.file.path}: a kept snapshot has several rows of one "
                f"{', '.join(chosen.grain)}; mend the SQL and build it again"
            )
        values = {name: found[f"value_{i}"] for i, name in enumerate(chosen.names)}
        counts = np.bincount(found["state"].to_numpy(), minlength=len(STATES))
        return Rows(values, dict(zip(STATES, counts.tolist(), strict=True)))

    def _read_all(
        self, chosen: ChosenTable, wanted: Collection[datetime]
    ) -> duckdb.DuckDBPyRelation:
        """The snapshots that some row takes; one in any case, for the types of its columns."""
        kept = self._kept[chosen.file.name]
        taken = [cutoff for cutoff in kept if cutoff in wanted] or list(kept)[:1]
        read = [_read(self._connection, chosen, cutoff, kept[cutoff]) for cutoff in taken]
        return reduce(lambda one, other: one.union(other), read)

    def _place(self, cutoffs: tuple[datetime, ...], *, exact: bool) -> pa.Table:
        """The cutoff that each row takes, and how old it is then; tables of a night share it."""
        if (exact, cutoffs) not in self._placed:
            table = pa.table({"cutoff": pa.array(cutoffs, pa.timestamp("us"))})
            self._connection.register("cutoffs", table)
            query = _EXACT if exact else _NEWEST
            self._placed[exact, cutoffs] = self._connection.sql(query).to_arrow_table()
        return self._placed[exact, cutoffs]


def _read(
    connection: duckdb.DuckDBPyConnection, chosen: ChosenTable, cutoff: datetime, path: Path
) -> duckdb.DuckDBPyRelation:
    """One snapshot under names that no spine and no DuckDB can take for others."""
    keys = [ColumnExpression(c).alias(f"snapshot_key_{i}") for i, c in enumerate(chosen.grain)]
    values = [ColumnExpression(c).alias(f"stored_{i}") for i, c in enumerate(chosen.columns)]
    moment = ConstantExpression(cutoff).cast("TIMESTAMP").alias("snapshot_cutoff")
    return connection.read_parquet(str(path)).select(*keys, *values, moment)


def _fit(column: pa.ChunkedArray, kind: str, chosen: ChosenTable, name: str) -> pa.ChunkedArray:
    """*column* as what the snapshots' column of DuckDB type *kind* can be compared with."""
    if kind == "VARCHAR":
        return as_text(column, name)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        raise SpineError(
            f"the spine's column {name} is text, that of {chosen.file.path} is {kind}; cast it"
        )
    return column


def _join(
    placed: duckdb.DuckDBPyRelation,
    rows: duckdb.DuckDBPyRelation,
    chosen: ChosenTable,
    limit: timedelta | None,
) -> pa.Table:
    same = ColumnExpression("cutoff") == ColumnExpression("snapshot_cutoff")
    for number in range(len(chosen.grain)):
        key = ColumnExpression(f"key_{number}") == ColumnExpression(f"snapshot_key_{number}")
        same = same & key
    state = CaseExpression(ColumnExpression("cutoff").isnull(), ConstantExpression(NO_SNAPSHOT))
    if limit is not None:
        too_old = ColumnExpression("age_us") > ConstantExpression(
            limit // timedelta(microseconds=1)
        )
        state = state.when(too_old, ConstantExpression(STALE))
    state = state.when(ColumnExpression("snapshot_cutoff").isnull(), ConstantExpression(MISSING))
    state = state.otherwise(ConstantExpression(FOUND))
    values = [
        CaseExpression(state == ConstantExpression(FOUND), ColumnExpression(f"stored_{i}"))
        for i in range(len(chosen.columns))
    ]
    named = [value.alias(f"value_{i}") for i, value in enumerate(values)]
    joined = placed.join(rows, same, how="left")
    selected = joined.select(ColumnExpression("row"), state.alias("state"), *named)
    return selected.sort(ColumnExpression("row")).to_arrow_table()
