"""`historical_features`: what was known of each row's entities at the row's moment."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from pipelines.features.build import features_directory
from pipelines.features.folder import load_folder
from pipelines.features.sql_file import SqlFile
from pipelines.progress import progress
from pipelines.runs import Run
from pipelines.training_sets.chosen import ChosenTable, MaxAge, choose_tables
from pipelines.training_sets.entities import SEGMENT, find_entities, needs_segment
from pipelines.training_sets.join import SnapshotJoin, open_join
from pipelines.training_sets.kept import choose_run, kept_snapshots
from pipelines.training_sets.spine import Spine, SpineError, SpineSource, read_spine
from settings import Settings, load_settings

PROVENANCE = b"nightshelf.training_set"  # key in the metadata of the table's schema

log = logging.getLogger("nightshelf")


@dataclass(frozen=True)
class HistoricalFeatures:
    """A spine with features, and how it came about."""

    table: pa.Table  # rows and columns of the spine as they were, then one column a feature
    run: str  # whose data and moment bound what was looked at
    # By table, rows: found, missing (no such entity then), stale (older than max_age),
    # no_snapshot (none so early; of a label: none at that very moment).
    counts: dict[str, dict[str, int]]
    features: dict[str, list[str]]  # by table, the columns that were added
    cutoffs: dict[str, list[datetime]]  # by table, those that were to choose from


def historical_features(
    spine: SpineSource,
    features: Sequence[str],
    *,
    labels: Sequence[str] = (),
    moment: str = "moment",
    max_age: MaxAge = "header",
    run: str | None = None,
    settings: Settings | None = None,
) -> HistoricalFeatures:
    """*spine* (Arrow table, DuckDB relation or Parquet path) with features as of each row's moment.

    *features* and *labels* are `<table>.<column>`, or `<table>` for all of its columns; *moment*
    names the spine's column of moments. A feature is of the newest kept snapshot at or before
    the row's moment, so it comes from events strictly before it; a label is of the snapshot at
    the very moment, so it comes from events at or after it. Values older than *max_age*, and of
    entities that a snapshot does not have, are null and counted.

    Snapshots are those of *run*, by default the newest finished one, and of what other runs and
    backfills made of the same SQL up to its moment. Settings are read from the working
    directory where none are given.

    Raises `SpineError`, `SqlFileError`, or `RunError`, each naming what to mend.
    """
    settings = settings or load_settings()
    started = time.monotonic()
    given = read_spine(spine, moment)
    files = load_folder(features_directory(settings))
    chosen = choose_tables(files, features, labels)
    _refuse_taken_names(given, chosen)
    base = choose_run(settings, run)
    answer = _join_all(base, given, files, chosen, max_age)
    seconds = time.monotonic() - started
    log.info("training set: %d rows, %d tables in %.1f s", len(answer.table), len(chosen), seconds)
    return answer


def _refuse_taken_names(spine: Spine, chosen: Sequence[ChosenTable]) -> None:
    taken = {name for table in chosen for name in table.names} & set(spine.table.column_names)
    if taken:
        raise SpineError(f"the spine has a column {min(taken)} already; rename or drop it")


def _join_all(
    run: Run,
    spine: Spine,
    files: Mapping[str, SqlFile],
    chosen: Sequence[ChosenTable],
    max_age: MaxAge,
) -> HistoricalFeatures:
    grains = [table.grain for table in chosen]
    segment = choose_tables(files, [SEGMENT], []) if needs_segment(spine, files, grains) else []
    names = {table.file.name for table in (*segment, *chosen)}
    kept = kept_snapshots(run, files, names)
    result, counts = spine.table, {}
    with open_join(run.settings) as connection:
        join = SnapshotJoin(connection, spine.moments, kept)
        segments = None
        for table in segment:
            users = find_entities(run, spine, [table.grain], None)
            segments = join.values(table, users, limit=None).values[SEGMENT]
        entities = find_entities(run, spine, grains, segments)
        for table in progress(chosen, "training set", unit="table"):
            rows = join.values(table, entities, limit=table.limit(max_age))
            counts[table.file.name] = rows.counts
            for name, column in rows.values.items():
                result = result.append_column(name, column)
    used = {table: list(at) for table, at in kept.items()}
    provenance = {"run": run.name, "cutoffs": used, "rows": counts}
    metadata = {**(result.schema.metadata or {}), PROVENANCE: json.dumps(provenance, default=str)}
    return HistoricalFeatures(
        table=result.replace_schema_metadata(metadata),
        run=run.name,
        counts=counts,
        features={table.file.name: table.names for table in chosen},
        cutoffs=used,
    )
