"""What changed files would do to lists, as a page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pipelines.authoring.diff import TableDiff
from pipelines.authoring.diff_lists_result import ListsDiff, ShownUser, SurfaceDiff
from pipelines.authoring.diff_lists_rows import (
    figure_rows,
    importance_rows,
    item_rows,
    list_rows,
    user_rows,
)
from pipelines.authoring.diff_lists_verdict import NOBODY, conclusions, notes
from pipelines.authoring.diff_text import column_rows, cost_text, rows_text
from pipelines.files import replacing
from pipelines.page_templates import open_templates
from settings import ProjectSettings, Settings
from settings.project import var_directory

FILE = "diff.html"


def write_diff_page(
    settings: Settings, base: str, tables: Sequence[TableDiff], found: ListsDiff
) -> Path:
    """Writes `diff.html` below the namespace's folder of var; the next diff replaces it."""
    path = var_directory(settings) / FILE
    page = _templates().get_template(FILE)
    with replacing(path) as beside:
        text = page.render(
            namespace=settings.read(ProjectSettings).namespace,
            base=base,
            run=found.run,
            notes=notes(found),
            conclusions=list(conclusions(found)),
            tables=[_table(table) for table in tables],
            nobody=NOBODY,
            sections=[_section(surface) for surface in found.surfaces],
        )
        beside.write_text(text, encoding="utf-8")
    return path


def _table(table: TableDiff) -> dict[str, Any]:
    rows = table.rows
    return {
        "change": table.change,
        "cutoff": f"{table.cutoff:%Y-%m-%d %H:%M}",
        "rows": rows_text(rows) if rows else "",
        "cost": cost_text(table),
        "columns": column_rows(rows) if rows else [],
        "examples": rows.examples if rows else [],
    }


def _section(surface: SurfaceDiff) -> dict[str, Any]:
    return {
        "name": surface.surface,
        "has_figures": bool(surface.figures),
        "figures": figure_rows(surface),
        "importance": importance_rows(surface),
        "lists": list_rows(surface),
        "items": item_rows(surface),
        "users": [_shown(user) for user in surface.shown],
    }


def _shown(user: ShownUser) -> dict[str, Any]:
    name = f"User {user.user_id} ({user.segment}), {user.meaning}"
    return {"name": name, "rows": user_rows(user)}


def _templates() -> Environment:
    here = Path(__file__).parent
    return open_templates(here, here.parent / "evaluation")  # the report's style
