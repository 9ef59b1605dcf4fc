"""Drift as a section of the night's report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.drift.compare import ColumnDrift
from pipelines.drift.stage import read_drift
from pipelines.drift.wording import describe, describe_type
from pipelines.evaluation.wording import decimals, percent
from pipelines.page_templates import open_templates
from pipelines.runs import Run

_SHOWN = 10  # columns within their limits


def drift_section(run: Run) -> str | None:
    """HTML for the report: what is over a limit, and what moved most; None: *run* has no drift."""
    found = read_drift(run)
    if found is None:
        return None
    compared_with, columns = found
    over = [column for column in columns if column.is_over]
    return (
        open_templates(Path(__file__).parent)
        .get_template("section.html")
        .render(
            compared_with=compared_with,
            n_columns=len(columns),
            n_compared=sum(column.state == "compared" for column in columns),
            over=over,
            new=_named(columns, "new"),
            redefined=_named(columns, "redefined"),
            retyped=[
                f"{column.table}.{column.column} ({describe_type(column)})"
                for column in columns
                if column.state == "retyped"
            ],
            rows=[_row(column) for column in [*over, *_most_moved(columns)]],
            shown=_SHOWN,
        )
    )


def _named(columns: Sequence[ColumnDrift], state: str) -> list[str]:
    return sorted(
        {f"{column.table}.{column.column}" for column in columns if column.state == state}
    )


def _most_moved(columns: Sequence[ColumnDrift]) -> list[ColumnDrift]:
    moved = [column for column in columns if column.psi and not column.is_over]
    return sorted(moved, key=lambda column: (-(column.psi or 0), column.table))[:_SHOWN]


def _row(column: ColumnDrift) -> dict[str, Any]:
    return {
        "name": f"{column.table}.{column.column}",
        "psi": decimals(column.psi, 3),
        "limit": decimals(column.psi_limit, 3),
        "since_last": decimals(column.psi_since_last, 3),
        "null_share": percent(column.null_share),
        "null_share_before": percent(column.null_share_before),
        "what": describe(column),
    }
