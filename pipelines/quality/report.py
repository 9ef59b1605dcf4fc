"""The results of a gate as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

_TEMPLATE = Path(__file__).with_name("report.html")


def render_report(record: Mapping[str, Any]) -> str:
    """*record* (the content of `quality/<gate>.json`) as a page."""
    failures = record["failures"]
    n_measured = len(record["measurements"])
    verdict = "passed" if record["success"] else f"failed: {len(failures)} of {n_measured}"
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        gate=escape(record["gate"]),
        run_id=escape(record["run_id"]),
        as_of=escape(record["as_of"]),
        verdict=escape(verdict),
        state="passed" if record["success"] else "failed",
        n_measured=n_measured,
        failures="".join(_failure(failure) for failure in failures),
        expectations=_rows(_expectation(item) for item in record["expectations"]),
        measurements=_rows(_measurement(item) for item in record["measurements"]),
    )


def _failure(failure: Mapping[str, Any]) -> str:
    title = f"{failure['expectation']} on {failure['about']}"
    found = f"found {failure['found']:g} {failure['unit']}, expected {failure['expected']}"
    detail = f"<p>{escape(failure['detail'])}</p>" if failure["detail"] else ""
    return (
        f'<section class="failure"><h3>{escape(title)}</h3><p><b>{escape(found)}</b></p>{detail}'
        f"<p>Expected: {escape(failure['meaning'])}. To do: {escape(failure['remedy'])}.</p>"
        f"{_failing_rows(failure['failing_rows'])}</section>"
    )


def _failing_rows(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    columns = list(rows[0])
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = _rows([_text(row.get(column)) for column in columns] for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _expectation(item: Mapping[str, Any]) -> list[str]:
    state = "passed" if item["success"] else f"{item['n_failed']} failed"
    return [item["name"], item["description"], str(item["n_measured"]), state]


def _measurement(item: Mapping[str, Any]) -> list[str]:
    found = f"{item['found']:g}"
    return [item["expectation"], item["about"], found, item["expected"], item["detail"]]


def _rows(rows: Iterable[Iterable[str]]) -> str:
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return "".join(f"<tr>{row}</tr>" for row in cells)


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
