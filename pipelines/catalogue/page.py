"""`catalog.html`: one file, nothing loaded from elsewhere; readable without its script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from pipelines.catalogue.entry import ColumnEntry, TableEntry, make_entries
from pipelines.catalogue.graph import draw_graph, family_graph
from pipelines.catalogue.highlight import highlight
from pipelines.catalogue.pictures import figure, picture, unshown
from pipelines.catalogue.seen import SeenRun, see_run
from pipelines.drift.wording import describe
from pipelines.evaluation.wording import count, decimals, percent
from pipelines.features.build import features_directory
from pipelines.features.folder import GRAINS, load_folder
from pipelines.files import replacing
from pipelines.page_templates import open_templates
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from settings import ProjectSettings, Settings
from settings.durations import format_duration

FILE = "catalog.html"
_HERE = Path(__file__).parent
_SCRIPT = "catalogue.js"
_LEADERS = 12  # columns that the overview names for each surface


def write_catalogue(run: Run) -> Mapping[str, Any]:
    """Writes `catalog.html` of *run*."""
    entries = render_to(run.path(FILE), run.settings, see_run(run))
    return {"tables": len(entries), "columns": sum(len(entry.columns) for entry in entries)}


def render_to(target: Path, settings: Settings, seen: SeenRun | None) -> list[TableEntry]:
    """Writes the page on feature SQL as it is now, with the figures of *seen*; what is on it.

    Raises `SqlFileError` when a file of the folder breaks a rule.
    """
    files = load_folder(features_directory(settings))
    entries = make_entries(files, settings.read(SurfacesSettings), seen)
    namespace = settings.read(ProjectSettings).namespace
    with replacing(target) as beside:
        beside.write_text(render(namespace, entries, seen), encoding="utf-8")
    return entries


def render(namespace: str, entries: Sequence[TableEntry], seen: SeenRun | None) -> str:
    """The page as text; the same entries give the same text."""
    reads = {entry.name: list(entry.lineage.reads) for entry in entries}
    kinds = {entry.name: entry.file.folder for entry in entries}
    base = sorted({up for ups in reads.values() for up in ups} - set(reads))
    script = (_HERE / _SCRIPT).read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("catalogue.html")
        .render(
            namespace=namespace,
            seen=seen,
            entries=entries,
            n_columns=sum(not column.is_key for entry in entries for column in entry.columns),
            over=[
                (e, c, describe(c.drift))
                for e in entries
                for c in e.columns
                if c.drift and c.is_over
            ],
            leaders=_leaders(entries),
            grains=[grain for grain in GRAINS if grain in kinds.values()],
            owners=sorted({entry.file.header.owner for entry in entries}),
            base={name: [n for n in reads if name in reads[n]] for name in base},
            whole=Markup(draw_graph([*reads, *base], reads, kinds, "")),  # noqa: S704, it escapes
            graph=lambda name: Markup(family_graph(name, reads, kinds)),  # noqa: S704
            sql=lambda entry: Markup(highlight(entry.file.sql.strip(), {*reads, *base})),  # noqa: S704
            describe=describe,
            psi=lambda entry: max((c.drift.psi or 0 for c in entry.columns if c.drift), default=0),
            nulls=lambda entry: max((c.now.null_share for c in entry.columns if c.now), default=0),
            script=Markup(script),  # noqa: S704, it is ours
            script_hash=_hash(script),
        )
    )


def _leaders(
    entries: Sequence[TableEntry],
) -> dict[str, list[tuple[TableEntry, ColumnEntry, float]]]:
    """Surface → the columns that its ranker makes most of."""
    found: dict[str, list[tuple[TableEntry, ColumnEntry, float]]] = {}
    for entry in entries:
        for column in entry.columns:
            for one in column.importance:
                found.setdefault(one.surface, []).append((entry, column, one.share))
    return {
        surface: sorted(rows, key=lambda row: (-row[2], row[0].name, row[1].name))[:_LEADERS]
        for surface, rows in sorted(found.items())
    }


def _environment() -> Environment:
    environment = open_templates(_HERE)
    environment.filters |= {
        "count": count,
        "percent": percent,
        "decimals": decimals,
        "figure": figure,
        "duration": format_duration,
        "hours": lambda age: f"{age.total_seconds() / 3600:.1f} h",
        "picture": _picture,
        "unshown": unshown,
        "words": _words,
    }
    return environment


def _picture(column: ColumnEntry) -> Markup:
    if column.now is None:
        return Markup("")
    return Markup(picture(column.now, column.before, column.name))  # noqa: S704, it escapes


def _words(entry: TableEntry) -> str:
    """What the search looks through, in lower case."""
    header = entry.file.header
    texts = [entry.name, header.description, header.owner, entry.file.folder]
    texts += [f"{name} {text}" for name, text in header.columns.items()]
    return " ".join(" ".join(texts).lower().split())


def _hash(script: str) -> str:
    """What the page's policy allows to run: this script and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
