"""Days, gauges and report in one go, as the command line and the DAG want them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.measure.day import measure_days
from pipelines.measure.gauges import closed_days, write_gauges
from pipelines.measure.kept import measured_days, newest_closed
from pipelines.measure.report import Verdict, judge, write_report
from pipelines.measure.settings import MeasureSettings
from settings import Settings


@dataclass(frozen=True)
class Measured:
    """Which days were measured, how the newest whole one does, and where the page is."""

    days: list[date]
    verdicts: list[Verdict]
    report: Path | None


def measure_everything(
    settings: Settings,
    first: date | None = None,
    last: date | None = None,
    *,
    before: date | None = None,
) -> Measured:
    """Measures days as `measure_days`, and writes gauges and report of all that are kept.

    With *before* only days before it, which are then taken to be over.
    """
    done = measure_days(settings, first, last, before=before)
    write_gauges(settings, before)
    report = write_report(settings, before)
    kept = measured_days(settings)
    newest = newest_closed(kept, closed_days(settings, kept, before))
    verdicts = judge(newest.whole, settings.read(MeasureSettings)) if newest else []
    return Measured(done, verdicts, report)
