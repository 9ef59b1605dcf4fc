"""The gate of a batch: how much of it may be bad, and what every row of it has to be.

Great Expectations judges the measurements. Where `[collect] great_expectations` is off, the same
ranges are compared here, and a process need not load it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

from pipelines.collect.rows import BadRecord
from pipelines.collect.settings import CollectSettings
from pipelines.files import write_json
from pipelines.quality.measurements import (
    Expectation,
    Measurement,
    RowRule,
    measure_rules,
    measure_unique,
)
from settings import Settings
from settings.errors import NightshelfError
from settings.events import EventSettings
from settings.project import var_directory

GATE = "collected"
_MAKER = "this is an error of the collector; report it with quarantine/collected/refused.parquet"
NOT_NULL = Expectation(name="not_null", meaning="no value is null or empty", remedy=_MAKER)
KNOWN_TYPE = Expectation(
    name="known_type", meaning="every event type stands in [events] weights", remedy=_MAKER
)
UNIQUE = Expectation(name="unique", meaning="no id stands twice", remedy=_MAKER)
_MOMENTS = ("event_at", "received_at")
_TEXT = ("event_id", "user_id", "item_id")


class BatchRefusedError(NightshelfError):
    """A batch is too bad to be collected without somebody having looked at it."""


def judge_batch(
    settings: Settings,
    tables: tuple[pa.Table, pa.Table],
    n_records: int,
    bad: Sequence[BadRecord],
) -> None:
    """Lets the batch pass that became *tables* (events, impressions) of *n_records* records.

    Writes `collect/gate.json`, whatever the outcome.
    Raises `BatchRefusedError` naming what failed, the reasons and the first entries.
    """
    chosen = settings.read(CollectSettings)
    with duckdb.connect(config={"threads": "1"}) as connection:
        measured = [_measure_bad(chosen, n_records, len(bad))]
        measured += _measure_tables(connection, settings, tables)
    if chosen.great_expectations:
        # Takes seconds to load.
        from pipelines.quality.validation import failing, validate

        failed = failing(measured, validate(GATE, measured))
    else:
        failed = [item for item in measured if not item.is_expected]
    reasons = dict(Counter(item.reason for item in bad).most_common())
    record = {
        "gate": GATE,
        "success": not failed,
        "judge": "great_expectations" if chosen.great_expectations else "comparison",
        "records": n_records,
        "reasons": reasons,
        "measurements": [_describe(item) for item in measured],
        "failures": [_describe(item) for item in failed],
    }
    write_json(gate_path(settings), record)
    if failed:
        raise BatchRefusedError(_explain(failed, bad, reasons, n_records))


def gate_path(settings: Settings) -> Path:
    return var_directory(settings) / "collect" / "gate.json"


def _measure_bad(chosen: CollectSettings, n_records: int, n_bad: int) -> Measurement:
    expectation = Expectation(
        name="share_bad",
        meaning="few records of a batch are bad",
        remedy="correct who sends them, or raise [collect] max_bad_share; "
        "with --accept-bad this batch goes on, and its bad records to quarantine",
        at_most=max(chosen.max_bad_share, chosen.min_bad / max(1, n_records)),
        unit="of the records",
    )
    return Measurement(expectation=expectation, about="batch", found=n_bad / max(1, n_records))


def _measure_tables(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    tables: tuple[pa.Table, pa.Table],
) -> list[Measurement]:
    events, impressions = map(connection.from_arrow, tables)
    types = list(settings.read(EventSettings).weights)
    _, of_events = measure_rules(events, "events", [*_filled(), *_known(types)])
    of_visitors = _filled(("event_id", "item_id"), ("user_id",))
    _, of_impressions = measure_rules(impressions, "impressions", of_visitors)
    return [
        *of_events,
        *of_impressions,
        measure_unique(events, "events", ["event_id"], UNIQUE),
        measure_unique(impressions, "impressions", ["event_id", "position"], UNIQUE),
    ]


def _filled(texts: Sequence[str] = _TEXT, others: Sequence[str] = ()) -> list[RowRule]:
    """Rules of columns: *texts* are not empty either, *others* may be."""
    empty = ConstantExpression(0)
    return [
        *(
            RowRule(NOT_NULL, name, ColumnExpression(name).isnull())
            for name in (*_MOMENTS, *others)
        ),
        *(
            RowRule(
                NOT_NULL,
                name,
                ColumnExpression(name).isnull()
                | (FunctionExpression("length", ColumnExpression(name)) == empty),
            )
            for name in texts
        ),
    ]


def _known(types: Collection[str]) -> list[RowRule]:
    known = [ConstantExpression(name) for name in types]
    broken = ColumnExpression("event_type").isnull()
    if known:
        broken = broken | ColumnExpression("event_type").isnotin(*known)
    return [RowRule(KNOWN_TYPE, "event_type", broken)]


def _describe(item: Measurement) -> dict[str, Any]:
    rule = item.expectation
    return {
        "expectation": rule.name,
        "about": item.about,
        "found": item.found,
        "expected": rule.expected,
        "remedy": rule.remedy,
    }


def _explain(
    failed: Sequence[Measurement],
    bad: Sequence[BadRecord],
    reasons: dict[str, int],
    n_records: int,
) -> str:
    lines = [
        f"{item.about}: {item.expectation.name} is {item.found:g}, expected "
        f"{item.expectation.expected}; {item.expectation.remedy}"
        for item in failed
    ]
    found = ", ".join(f"{n} × {reason}" for reason, n in reasons.items())
    first = ", ".join(item.record.entry for item in bad[:3])
    return (
        f"a batch of {n_records} records was not collected and waits in the log: "
        + "; ".join(lines)
        + (f" (bad records: {found}; the first entries: {first})" if bad else "")
    )
