"""One table as of one cutoff: its key, and the Parquet file that is written once.

The key says everything that decides the rows: SQL, moments, inputs, upstream keys.
It is in the file's name, so that a run keeps what it was built on while another one is built,
and inside the file, so that a torn one is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.features.columns import column_problem
from pipelines.features.problems import SqlFileError
from pipelines.features.sandbox import interrupting_after
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import SqlFile
from pipelines.features.tables.computed import COMPUTED_TABLES, Recipe, kind_of
from pipelines.files import hash_json, replacing
from pipelines.lake import Lake
from pipelines.moments import Cutoffs, compact

_KEY = b"nightshelf.key"
_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class SnapshotContext:
    """What all tables of one cutoff share."""

    directory: Path  # var/<namespace>/snapshots
    lake: Lake
    cutoff: datetime
    cutoffs: Cutoffs
    timezone: str
    weights_hash: str
    recipe: Recipe  # of the computed tables
    as_known_then: bool = False

    def received_before(self, file: SqlFile) -> datetime | None:
        """Until when the events that *file* sees must have been received; None: no matter when."""
        is_past = self.cutoff != self.cutoffs.night
        return self.cutoff if self.as_known_then and is_past and not file.is_label else None

    @property
    def until(self) -> datetime:
        return self.cutoff + self.cutoffs.horizon

    def computed_key(self, table: str, known_before: datetime | None) -> str:
        """The key of a computed *table* of events received before *known_before*, if not None."""
        kind = kind_of(table)
        events = [self.lake.events_hash(self.cutoff), known_before, self.weights_hash]
        return hash_json([table, self.cutoff, events, self.recipe.hash_of(kind)])

    def path(self, file: SqlFile, key: str) -> Path:
        """Where the rows of *key* are; other rows of the same table are another file."""
        name = f"{file.name}-{key[:12]}.parquet"
        return self.directory / compact(self.cutoff) / file.folder / name

    def binds(self, file: SqlFile) -> dict[str, datetime | str]:
        """Values of the parameters that *file* uses."""
        values: dict[str, datetime | str] = {
            "as_of": self.cutoff,
            "until": self.until,
            "timezone": self.timezone,
        }
        return {name: values[name] for name in sorted(file.parameters)}


def snapshot_keys(files: Mapping[str, SqlFile], context: SnapshotContext) -> dict[str, str]:
    """Key of each table at the context's cutoff; *files* in dependency order."""
    keys: dict[str, str] = {}
    for name, file in files.items():
        inputs = {table: _input_key(table, file, keys, context) for table in file.dependencies}
        keys[name] = hash_json(
            {
                "sql": file.makes,
                "binds": context.binds(file),
                "inputs": inputs,
                "duckdb": duckdb.__version__,
            }
        )
    return keys


def read_key(path: Path) -> str | None:
    """The key inside the snapshot at *path*; None when there is no readable file."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
    return metadata.get(_KEY, b"").decode() or None


def write_snapshot(
    connection: duckdb.DuckDBPyConnection,
    file: SqlFile,
    context: SnapshotContext,
    key: str,
    settings: FeatureSettings,
) -> int:
    """Runs *file* as of the cutoff and writes its rows, ordered by the grain; their number.

    Raises `SqlFileError` when the query fails, takes too long, gives too many rows
    or other columns than the header lists.
    """
    with interrupting_after(connection, settings.timeout_s) as timer:
        try:
            relation = connection.sql(file.sql, params=context.binds(file) or None)
            _compare_columns(file, relation.columns)
            order = ", ".join(f'"{column}"' for column in file.header.grain)
            batches = relation.order(order).to_arrow_reader(_BATCH_ROWS)
            return _write(batches, context.path(file, key), key, file, settings.max_rows)
        except duckdb.InterruptException:
            if not timer["expired"]:
                raise
            raise SqlFileError(
                f"{file.path}: stopped after [features] timeout_s = {settings.timeout_s} at cutoff "
                f"{context.cutoff:%Y-%m-%d}"
            ) from None
        except duckdb.Error as error:
            raise SqlFileError(
                f"{file.path}: fails at cutoff {context.cutoff:%Y-%m-%d}: {error}"
            ) from error


def write_keyed(table: pa.Table, path: Path, key: str) -> None:
    """Writes *table* to *path* with its key inside, beside its place first."""
    with replacing(path) as beside:
        pq.write_table(table.replace_schema_metadata({_KEY: key.encode()}), beside)


def _input_key(table: str, file: SqlFile, keys: Mapping[str, str], context: SnapshotContext) -> str:
    if table == "events":
        events = context.lake.events_hash(context.until if file.is_label else context.cutoff)
        known_before = context.received_before(file)
        return hash_json([events, known_before]) if known_before else events
    if table in COMPUTED_TABLES:
        return context.computed_key(table, context.received_before(file))
    if table == "event_weights":
        return context.weights_hash
    if table in keys:
        return keys[table]
    return context.lake.table_hash(table)


def _compare_columns(file: SqlFile, found: list[str]) -> None:
    different = column_problem(file, found)
    if different is not None:
        raise SqlFileError.listing([different])


def _write(
    batches: pa.RecordBatchReader,
    path: Path,
    key: str,
    file: SqlFile,
    max_rows: int,
) -> int:
    rows = 0
    schema = batches.schema.with_metadata({_KEY: key.encode()})
    with (
        replacing(path) as beside,
        pq.ParquetWriter(beside, schema, compression="zstd") as writer,
    ):
        for batch in batches:
            rows += batch.num_rows
            if rows > max_rows:
                raise SqlFileError(
                    f"{file.path}: more than [features] max_rows = {max_rows} rows; is a join "
                    "condition missing?"
                )
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))
    return rows
