"""A gate: judge the measurements, write the results, and stop the run if one is out of range."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.files import replacing, write_json
from pipelines.quality.measurements import Measurement
from pipelines.quality.report import render_report
from pipelines.quality.settings import QualitySettings
from pipelines.quality.validation import QualityError, failing, validate
from pipelines.runs import Run

_LISTED_FAILURES = 10  # in the message; the report has them all


def pass_gate(
    run: Run, gate: str, measurements: Sequence[Measurement], rows: Mapping[str, int]
) -> Mapping[str, Any]:
    """Writes `quality/<gate>.json` and `.html`, whatever the outcome; counts for the log.

    *rows* (rows by table) is what the next run compares itself with.
    Raises `QualityError` with each failure: expectation, what on, found, expected, rows.
    """
    results = validate(gate, measurements)
    limit = run.settings.read(QualitySettings).max_failing_rows
    failures = [_describe(item, limit) for item in failing(measurements, results)]
    record = {
        "gate": gate,
        "run_id": run.id,
        "as_of": run.as_of.isoformat(),
        "success": results["success"],
        "rows": dict(rows),
        "failures": failures,
        "expectations": [_summary(result) for result in results["results"]],
        "measurements": [_measured(item) for item in measurements],
    }
    write_json(run.path("quality", f"{gate}.json"), record)
    report = run.path("quality", f"{gate}.html")
    with replacing(report) as beside:
        beside.write_text(render_report(record), encoding="utf-8")
    if not results["success"]:
        raise QualityError(_explain(record, report))
    return {"expectations": len(results["results"]), "measurements": len(measurements)}


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    """One result of Great Expectations, without the rows, which stand under `failures`."""
    config = result["expectation_config"]
    counted = result["result"]
    return {
        "name": config["kwargs"]["column"],
        "type": config["type"],
        "kwargs": config["kwargs"],
        "description": config["description"],
        "success": result["success"],
        "n_measured": counted["element_count"] - counted["missing_count"],
        "n_failed": counted["unexpected_count"],
    }


def _measured(item: Measurement) -> dict[str, Any]:
    return {
        "expectation": item.expectation.name,
        "about": item.about,
        "found": item.found,
        "expected": item.expectation.expected,
        "detail": item.detail,
    }


def _describe(item: Measurement, limit: int) -> dict[str, Any]:
    return {
        **_measured(item),
        "unit": item.expectation.unit,
        "meaning": item.expectation.meaning,
        "remedy": item.expectation.remedy,
        "failing_rows": [
            {column: _plain(value) for column, value in row.items()}
            for row in item.failing_rows(limit)
        ],
    }


def _plain(value: Any) -> Any:
    """*value* as JSON has it: numbers, booleans and null stay, all else becomes text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _explain(record: Mapping[str, Any], report: Path) -> str:
    failures = record["failures"]
    lines = [
        f"gate {record['gate']} failed for run {record['run_id']}: {len(failures)} of "
        f"{len(record['measurements'])} measurements; nothing that a reader sees has changed"
    ]
    for failure in failures[:_LISTED_FAILURES]:
        lines += _explain_failure(failure)
    if len(failures) > _LISTED_FAILURES:
        lines.append(f"- and {len(failures) - _LISTED_FAILURES} more")
    lines.append(f"all results: {report}")
    return "\n".join(lines)


def _explain_failure(failure: Mapping[str, Any]) -> list[str]:
    detail = f" ({failure['detail']})" if failure["detail"] else ""
    lines = [
        f"- {failure['expectation']} on {failure['about']}: found {failure['found']:g} "
        f"{failure['unit']}{detail}, expected {failure['expected']}: {failure['meaning']}; "
        f"{failure['remedy']}"
    ]
    rows = failure["failing_rows"]
    lines += [f"    {json.dumps(row, ensure_ascii=False)}" for row in rows]
    return lines
