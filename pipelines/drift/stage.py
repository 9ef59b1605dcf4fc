"""The stage `drift`: distributions of the night, beside those of the last runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipelines.drift.compare import ColumnDrift, compare_tables
from pipelines.drift.distributions import Tables, measure_distributions
from pipelines.drift.errors import DriftError
from pipelines.drift.last_runs import last_runs, newest_tables
from pipelines.drift.metrics import write_metrics
from pipelines.drift.settings import DriftSettings
from pipelines.drift.wording import describe, explain_stop
from pipelines.features.build import SQL, features_directory
from pipelines.features.folder import load_folder
from pipelines.files import read_json, write_json
from pipelines.runs import Run

FILE = "drift.json"


def check_drift(run: Run) -> Mapping[str, Any]:
    """Writes `distributions.json`, `drift.json` and `metrics.prom`, whatever the outcome.

    Raises `DriftError` when a column is over a limit and the header of its file says stop.
    """
    files = load_folder(run.path(SQL))
    earlier = last_runs(run)
    tables = measure_distributions(run, newest_tables(earlier))
    drifts = compare_tables(tables, earlier, files, run.settings.read(DriftSettings))
    write_json(run.path(FILE), _record(run, [one.run_id for one in earlier], drifts))
    write_metrics(run, tables, drifts, files)
    over = [drift for drift in drifts if drift.is_over]
    stopping = [drift for drift in over if drift.action == "stop"]
    if stopping:
        folder = features_directory(run.settings)
        paths = {name: folder / file.folder / file.path.name for name, file in files.items()}
        raise DriftError(explain_stop(run.id, stopping, paths))
    return {**_counts(tables, drifts), "over": len(over)}


def read_drift(run: Run) -> tuple[list[str], list[ColumnDrift]] | None:
    """The runs that *run* was compared with, newest first, and its columns; None: it has none."""
    path = run.path(FILE)
    if not path.exists():
        return None
    record = read_json(path)
    columns = [
        ColumnDrift(**{**stored, "appeared": tuple(stored["appeared"])})
        for stored in record["columns"]
    ]
    return record["compared_with"], columns


def _record(run: Run, earlier: Sequence[str], drifts: Sequence[ColumnDrift]) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "as_of": run.as_of.isoformat(),
        "compared_with": list(earlier),
        "columns": [asdict(drift) for drift in drifts],
        "over": [
            {"table": d.table, "column": d.column, "action": d.action, "what": describe(d)}
            for d in drifts
            if d.is_over
        ],
    }


def _counts(tables: Tables, drifts: Sequence[ColumnDrift]) -> dict[str, int]:
    return {
        "tables": len(tables),
        "columns": len(drifts),
        "compared": sum(drift.state == "compared" for drift in drifts),
    }
