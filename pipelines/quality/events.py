"""The gate in front of the features: what the source delivered can be built upon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

import duckdb
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression

from pipelines.inputs import run_lake
from pipelines.moments import NightSettings
from pipelines.quality.gate import pass_gate
from pipelines.quality.measurements import (
    Expectation,
    Measurement,
    RowRule,
    measure_rules,
    measure_unique,
    rows_of,
)
from pipelines.quality.previous_run import measure_row_changes
from pipelines.quality.seen_events import only_seen, open_scratch, read_day_files
from pipelines.quality.settings import QualitySettings
from pipelines.runs import Run
from pipelines.sources.settings import SourceSettings
from settings.events import EventSettings

GATE = "events"
FIRST_MOMENT = datetime(2000, 1, 1)
MAX_ID_LENGTH = 128
_MAPPING = "correct the staging SQL of the source and ingest again"

NOT_NULL = Expectation(name="not_null", meaning="no value is null or empty", remedy=_MAPPING)
ID_LENGTH = Expectation(
    name="id_length", meaning=f"ids have at most {MAX_ID_LENGTH} characters", remedy=_MAPPING
)
KNOWN_TYPE = Expectation(
    name="known_type",
    meaning="every event type stands in [events] weights",
    remedy="add the type to [events] weights, or leave it out in the staging SQL",
)
TIME_RANGE = Expectation(
    name="time_range",
    meaning="every moment is of 2000 or later, and before the end of the last day that is read",
    remedy="correct the source's time zone or date format in the staging SQL and ingest again",
)
FILED_BY_DAY = Expectation(
    name="filed_by_day",
    meaning="an event lies in the folder of its own day",
    remedy="ingest again; nothing else may write to the lake",
)
NOT_NEGATIVE = Expectation(name="not_negative", meaning="no value is negative", remedy=_MAPPING)
UNIQUE = Expectation(name="unique", meaning="no id stands twice", remedy=_MAPPING)
KNOWN_ID = Expectation(
    name="known_id",
    meaning="every id of an event has a row of its own",
    remedy="ingest again; the lake adds a row for each id of an event",
)
HAS_ROWS = Expectation(
    name="has_rows",
    meaning="there are rows before the run's moment",
    remedy="bring older rows, or name a later moment with --as-of",
    at_least=1,
    at_most=None,
)


def check_events(run: Run) -> Mapping[str, Any]:
    """Judges the events that *run* sees, and the lake's items and users.

    Raises `QualityError` when a measurement is out of range.
    """
    with open_scratch(run) as connection:
        rows: dict[str, int] = {}
        measured = _measure_events(connection, run, rows)
        measured += _measure_dimensions(connection, run, rows)
        measured += [
            Measurement(expectation=HAS_ROWS, about=table, found=n) for table, n in rows.items()
        ]
        measured += _measure_delivery(run)
        measured += measure_row_changes(run, GATE, rows)
        return {**pass_gate(run, GATE, measured, rows), **rows}


def _measure_events(
    connection: duckdb.DuckDBPyConnection, run: Run, rows: dict[str, int]
) -> list[Measurement]:
    files = read_day_files(connection, run)
    _, measured = measure_rules(files, "events", _event_rules(run))
    seen = only_seen(files, run)
    newest = FunctionExpression("max", ColumnExpression("event_at"))
    n_seen, last = seen.aggregate([FunctionExpression("count_star"), newest]).fetchall()[0]
    rows["events"] = n_seen
    measured.append(measure_unique(files, "events", ["event_id"], UNIQUE))
    measured += [_measure_known_ids(connection, run, files, table) for table in ("users", "items")]
    if last is not None:
        measured.append(_measure_age(run, last))
    return measured


def _event_rules(run: Run) -> list[RowRule]:
    types = [ConstantExpression(name) for name in run.settings.read(EventSettings).weights]
    moment = ColumnExpression("event_at")
    day = ColumnExpression("day").cast("date")
    # The day of as_of is read whole; its later events are not seen.
    end = datetime.combine(run.as_of, time()) + timedelta(days=1)
    outside = (moment < ConstantExpression(FIRST_MOMENT)) | (moment >= ConstantExpression(end))
    ids = [rule for column in ("event_id", "user_id", "item_id") for rule in _id_rules(column)]
    return [
        *ids,
        *(RowRule(NOT_NULL, c, ColumnExpression(c).isnull()) for c in ("event_at", "received_at")),
        RowRule(NOT_NULL, "event_type", ColumnExpression("event_type").isnull()),
        RowRule(KNOWN_TYPE, "event_type", ColumnExpression("event_type").isnotin(*types)),
        RowRule(TIME_RANGE, "event_at", outside, f"{FIRST_MOMENT} to {end}"),
        RowRule(FILED_BY_DAY, "event_at", moment.cast("date") != day),
        *(RowRule(NOT_NEGATIVE, c, _is_negative(c)) for c in ("value", "quantity")),
    ]


def _id_rules(column: str) -> list[RowRule]:
    value = ColumnExpression(column)
    missing = value.isnull() | (value == ConstantExpression(""))
    length = FunctionExpression("length", value)
    return [
        RowRule(NOT_NULL, column, missing),
        RowRule(ID_LENGTH, column, length > ConstantExpression(MAX_ID_LENGTH)),
    ]


def _is_negative(column: str) -> Expression:
    return ColumnExpression(column) < ConstantExpression(0)


def _measure_known_ids(
    connection: duckdb.DuckDBPyConnection, run: Run, events: duckdb.DuckDBPyRelation, table: str
) -> Measurement:
    column = {"users": "user_id", "items": "item_id"}[table]
    known = connection.read_parquet(str(run_lake(run).table_file(table))).select(column)
    named = events.filter(ColumnExpression(column).isnotnull())
    unknown = named.join(known, column, how="anti")
    found = unknown.aggregate([FunctionExpression("count_star")]).fetchall()[0][0]
    return Measurement(
        expectation=KNOWN_ID,
        about=f"events.{column}",
        found=found,
        detail=f"against {table}.{column}",
        failing_rows=rows_of(unknown),
    )


def _measure_age(run: Run, newest: datetime) -> Measurement:
    max_age = run.settings.read(NightSettings).max_age
    expectation = Expectation(
        name="fresh",
        meaning="the newest event is no older than [night] max_age",
        remedy="bring newer events, or name the moment that the data ends with --as-of",
        at_most=max_age / timedelta(hours=1),
        unit="hours",
    )
    return Measurement(
        expectation=expectation,
        about="events.event_at",
        found=(run.as_of - newest) / timedelta(hours=1),
        detail=f"newest event {newest}, as_of {run.as_of}",
    )


def _measure_dimensions(
    connection: duckdb.DuckDBPyConnection, run: Run, rows: dict[str, int]
) -> list[Measurement]:
    measured = []
    for table, column in (("items", "item_id"), ("users", "user_id")):
        relation = connection.read_parquet(str(run_lake(run).table_file(table)))
        rules = _id_rules(column)
        if table == "items":
            rules.append(RowRule(NOT_NEGATIVE, "price", _is_negative("price")))
        rows[table], broken = measure_rules(relation, table, rules)
        measured += [*broken, measure_unique(relation, table, [column], UNIQUE)]
    return measured


def _measure_delivery(run: Run) -> list[Measurement]:
    """Shares of what the source delivered that ingest put aside or dropped."""
    counts = run_lake(run).manifest["counts"]
    source, quality = run.settings.read(SourceSettings), run.settings.read(QualitySettings)
    allowed = {
        "quarantined": (source.max_bad_share, "[source] max_bad_share"),
        "duplicates": (quality.max_duplicates, "[quality] max_duplicates"),
    }
    return [
        Measurement(
            expectation=Expectation(
                name=f"share_{kind}",
                meaning=f"few of the delivered rows are {kind}",
                remedy=f"correct the source, or raise {setting}",
                at_most=most,
                unit="share",
            ),
            about="events",
            found=counts[kind] / max(counts["delivered"], 1),
            detail=f"{counts[kind]} of {counts['delivered']} delivered rows",
        )
        for kind, (most, setting) in allowed.items()
    ]
