"""What a measure reads: the landing zone, the catalogue and users' segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.collected import IMPRESSION_SCHEMA, Collected
from pipelines.features.database import SEGMENT_TABLE, feature_table, open_features
from pipelines.inputs import run_cutoffs
from pipelines.lake import LakeError, open_lake
from pipelines.measure.queries import make_table
from pipelines.measure.settings import MeasureSettings
from pipelines.measure.span import Span
from pipelines.runs import FINISHED, list_runs, open_run
from settings import Settings

_TEXT, _MOMENT, _MONEY = pa.string(), pa.timestamp("us"), pa.decimal128(18, 4)
ACTIONS = pa.schema(
    [
        *((name, _TEXT) for name in ("event_id", "user_id", "item_id", "event_type")),
        ("event_at", _MOMENT),
        ("received_at", _MOMENT),
        ("value", _MONEY),
        ("recommendation_id", _TEXT),
    ]
)
_ITEMS = pa.schema([("item_id", _TEXT), ("available", pa.bool_()), ("created_at", _MOMENT)])
_SOLD = pa.schema([("item_id", _TEXT), ("event_at", _MOMENT)])
_SEGMENTS = pa.schema([("user_id", _TEXT), ("segment", _TEXT)])


@dataclass(frozen=True)
class Material:
    """The files of one span, and whose segments are asked."""

    impressions: list[Path]
    actions: list[Path]
    items: Path | None  # of the lake, None where nothing was ingested
    sold: list[Path]  # event files of the lake
    segments_of: str | None  # name of a run


def find_material(settings: Settings, landed: Collected, span: Span) -> Material:
    """What there is of *span*; segments are those of the newest night up to its end."""
    measure = settings.read(MeasureSettings)
    since, before = span.since(measure), span.before(measure)
    actions = landed.event_files(before, since) + find_ingested(settings, span)
    items, sold = None, []
    try:
        lake = open_lake(settings)
        items, sold = lake.table_file("items"), lake.event_files(span.end)
    except LakeError:
        pass  # coverage of the catalogue and ages of items stay unknown
    return Material(
        impressions=landed.impression_files(before, since),
        actions=actions,
        items=items,
        sold=sold,
        segments_of=_newest_run(settings, span.end),
    )


def find_ingested(settings: Settings, span: Span) -> list[Path]:
    """Event files of the lake whose actions count; files are named by their content."""
    measure = settings.read(MeasureSettings)
    if measure.actions != "lake":
        return []
    try:
        files = open_lake(settings).event_files(span.before(measure))
    except LakeError:
        return []
    return _days_from(files, span.since(measure))


def load_material(
    connection: duckdb.DuckDBPyConnection, settings: Settings, material: Material, span: Span
) -> None:
    """Tables and views for the queries: collected rows, `catalogue` and `segments`."""
    _view(connection, "collected_impressions", material.impressions, IMPRESSION_SCHEMA)
    _view(connection, "collected_actions", material.actions, ACTIONS)
    _view(connection, "lake_items", [material.items] if material.items else [], _ITEMS)
    _view(connection, "lake_events", material.sold, _SOLD)
    make_table(connection, "catalogue", {"end": span.end})
    segments = _read_segments(settings, material.segments_of)
    connection.from_arrow(segments).create("segments")


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], schema: pa.Schema
) -> None:
    """The columns of *schema* of *files* as a view; without files it has no rows."""
    if not files:
        connection.from_arrow(schema.empty_table()).create(name)
        return
    paths = [str(path) for path in files]
    rows = connection.read_parquet(paths, union_by_name=True, hive_partitioning=False)
    rows.select(*(duckdb.ColumnExpression(column) for column in schema.names)).create_view(name)


def _days_from(files: Sequence[Path], since: datetime) -> list[Path]:
    return [path for path in files if path.parent.name >= f"day={since:%Y-%m-%d}"]


def _newest_run(settings: Settings, end: datetime) -> str | None:
    for name in reversed(list_runs(settings)):
        run = open_run(settings, name)
        if run.as_of <= end and run.is_done(FINISHED) and run.path("features.duckdb").exists():
            return name
    return None


def _read_segments(settings: Settings, name: str | None) -> pa.Table:
    if name is None:
        return _SEGMENTS.empty_table()
    run = open_run(settings, name)
    with open_features(run) as connection:
        try:
            table = feature_table(connection, run, SEGMENT_TABLE, run_cutoffs(run).night)
        except duckdb.CatalogException:
            return _SEGMENTS.empty_table()
        return table.to_arrow_table().select(["user_id", "segment"])
