"""The figures of a run that the catalogue shows; of another run the same page has others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.drift.compare import ColumnDrift
from pipelines.drift.distributions import Tables, read_distributions
from pipelines.drift.stage import read_drift
from pipelines.files import read_json
from pipelines.runs import Run, list_runs, open_run


@dataclass(frozen=True)
class SeenRun:
    """What a run says of the features."""

    run_id: str
    as_of: datetime
    tables: Tables
    last_run: str  # the newest run that it was compared with; empty: none
    last_tables: Tables  # of that run; empty when it is gone
    drifts: Mapping[tuple[str, str], ColumnDrift]  # by table and column
    evaluation: Mapping[str, Any]  # empty when the run has none yet


def see_run(run: Run) -> SeenRun:
    """What *run* says of the features, as far as it got."""
    compared_with, drifts = read_drift(run) or ([], [])
    last = compared_with[0] if compared_with else ""
    evaluation = run.path("evaluation.json")
    return SeenRun(
        run_id=run.id,
        as_of=run.as_of,
        tables=read_distributions(run),
        last_run=last,
        last_tables=_tables_of(run, last),
        drifts={(drift.table, drift.column): drift for drift in drifts},
        evaluation=read_json(evaluation) if evaluation.exists() else {},
    )


def _tables_of(run: Run, other: str) -> Tables:
    """Of an earlier run; the retention may have removed it."""
    if other not in list_runs(run.settings):
        return {}
    return read_distributions(open_run(run.settings, other))
