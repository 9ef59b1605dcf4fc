"""Row counts of the last finished run, for comparison with tonight's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pipelines.files import read_json
from pipelines.quality.measurements import Expectation, Measurement
from pipelines.quality.settings import QualitySettings
from pipelines.runs import FINISHED, Run, list_runs, open_run


@dataclass(frozen=True)
class PreviousRows:
    """Rows by table, as a gate of an earlier run counted them."""

    run_id: str
    rows: Mapping[str, int]


def find_previous(run: Run, gate: str) -> PreviousRows | None:
    """What *gate* counted in the newest finished run before *run*.

    None when there is no such run within `[quality] compare_within` before the run's moment.
    """
    others = [open_run(run.settings, name) for name in list_runs(run.settings)]
    finished = [other for other in others if other.id != run.id and other.is_done(FINISHED)]
    near = [other for other in finished if _is_near(run, other) and _result(other, gate).exists()]
    if not near:
        return None
    newest = near[-1]  # of several runs of one moment the one made last
    return PreviousRows(newest.id, read_json(_result(newest, gate))["rows"])


def row_change(settings: QualitySettings) -> Expectation:
    """The expectation of `measure_row_changes`."""
    return Expectation(
        name="row_count_change",
        meaning="the number of rows is near that of the last run",
        remedy="find out what the source left out or delivered twice, or raise [quality] "
        "max_row_change for this night",
        at_most=settings.max_row_change,
        unit="share",
    )


def measure_row_changes(run: Run, gate: str, rows: Mapping[str, int]) -> list[Measurement]:
    """The share by which each of *rows* changed since the previous run; tiny tables stay out."""
    previous = find_previous(run, gate)
    if previous is None:
        return []
    settings = run.settings.read(QualitySettings)
    expectation = row_change(settings)
    return [
        Measurement(
            expectation=expectation,
            about=table,
            found=abs(now - previous.rows[table]) / max(previous.rows[table], 1),
            detail=f"{now} rows, {previous.rows[table]} in run {previous.run_id}",
        )
        for table, now in rows.items()
        if table in previous.rows and max(now, previous.rows[table]) >= settings.min_compared_rows
    ]


def _result(run: Run, gate: str) -> Path:
    return run.path("quality", f"{gate}.json")


def _is_near(run: Run, other: Run) -> bool:
    longest = run.settings.read(QualitySettings).compare_within
    return timedelta() <= run.as_of - other.as_of <= longest
