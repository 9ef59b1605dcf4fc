"""The run as one page that needs nothing else: how good, for whom, why, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pipelines.drift.section import drift_section
from pipelines.evaluation.charts import stages_chart
from pipelines.evaluation.comparison_section import build_comparison
from pipelines.evaluation.results import surface_results
from pipelines.evaluation.shoppers import SHOWN_ITEMS, pick_shoppers
from pipelines.evaluation.surface_section import build_section
from pipelines.evaluation.wording import count, percent
from pipelines.features.rebuilt import rebuilt_line
from pipelines.files import read_json, replacing
from pipelines.index import load_index
from pipelines.page_templates import open_templates
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from pipelines.tuning.page import tuning_section
from settings import ProjectSettings

_SHARD = "score-"  # one stage record a shard
_TEMPLATE = "report.html"


@dataclass(frozen=True)
class Stage:
    """One stage of the night; the shards of scoring count as one."""

    name: str
    seconds: float
    peak_mb: int
    counts: Mapping[str, Any]


@dataclass(frozen=True)
class Gate:
    """The verdict of one quality gate and the page that has the details."""

    name: str
    success: bool
    n_expectations: int
    n_measurements: int
    n_failures: int
    link: str  # relative to the report; empty when there is no page


def write_report(run: Run) -> Mapping[str, Any]:
    """Writes `report.html`: no scripts, nothing loaded from elsewhere.

    Needs the evaluation, the comparison and the lists. The same run gives the same page but for
    the timings.
    """
    page = _environment().get_template(_TEMPLATE).render(_contents(run))
    with replacing(run.path("report.html")) as beside:
        beside.write_text(page, encoding="utf-8")
    return {"pictures": page.count("<svg")}


def _environment() -> Environment:
    environment = open_templates(Path(__file__).parent)
    environment.filters["count"] = count
    return environment


def _contents(run: Run) -> dict[str, Any]:
    evaluation = read_json(run.path("evaluation.json"))
    index = load_index(run)
    stages = read_stages(run)
    names = run.settings.read(SurfacesSettings).names
    return {
        "namespace": run.settings.read(ProjectSettings).namespace,
        "facts": _facts(run, evaluation, index.n_items),
        "confidence": f"{evaluation['confidence'] * 100:g} %",
        "sections": [build_section(results) for results in surface_results(evaluation, names)],
        "comparison": build_comparison(read_json(run.path("comparison.json")), names),
        "tuning": tuning_section(run.settings),
        "drift": drift_section(run),
        "shoppers": pick_shoppers(run, index),
        "shown_items": SHOWN_ITEMS,
        "stages": stages,
        "stages_chart": stages_chart([(s.name, s.seconds, s.peak_mb) for s in stages]),
        "total_seconds": sum(stage.seconds for stage in stages),
        "peak_mb": max((stage.peak_mb for stage in stages), default=0),
        "rebuilt": rebuilt_line(run),
        "gates": read_gates(run),
        "data": _data(run.manifest["lake"]),
    }


def _facts(run: Run, evaluation: Mapping[str, Any], n_items: int) -> dict[str, str]:
    lists = read_json(run.path("lists", "manifest.json"))
    return {
        "Run": run.id,
        "As of": f"{run.as_of.isoformat(sep=' ')} UTC",
        "Evaluated on": f"{_moment(evaluation['cutoff'])} … {_moment(evaluation['until'])}",
        "Version": lists["version"],
        "Lists hash": lists["lists_hash"],
        "Users with lists": count(lists["counts"]["users"]),
        "Items in the catalogue": count(n_items),
    }


def _moment(text: str) -> str:
    return text.replace("T", " ").removesuffix(" 00:00:00")


def read_stages(run: Run) -> list[Stage]:
    """The finished stages in their order, all shards of scoring as one of them."""
    stages: dict[str, Stage] = {}
    for record in run.stage_records():
        name = "score" if record["stage"].startswith(_SHARD) else record["stage"]
        before = stages.get(name, Stage(name, 0.0, 0, {}))
        stages[name] = Stage(
            name=name,
            seconds=before.seconds + record["seconds"],
            peak_mb=max(before.peak_mb, record["peak_mb"]),
            counts=_add(before.counts, record["counts"]),
        )
    return list(stages.values())


def _add(counts: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """*others* added key by key; only a stage in shards has a key in both."""
    return {**counts, **{key: counts[key] + n if key in counts else n for key, n in others.items()}}


def read_gates(run: Run) -> list[Gate]:
    """The gates that left results in `quality/`, by name."""
    gates = []
    for path in sorted(run.path("quality").glob("*.json")):
        record = read_json(path)
        page = path.with_suffix(".html")
        gates.append(
            Gate(
                name=record["gate"],
                success=record["success"],
                n_expectations=len(record["expectations"]),
                n_measurements=len(record["measurements"]),
                n_failures=len(record["failures"]),
                link=f"quality/{page.name}" if page.exists() else "",
            )
        )
    return gates


def _data(lake: Mapping[str, Any]) -> dict[str, Any]:
    counts = lake["counts"]
    delivered = max(counts["delivered"], 1)
    kinds = ("delivered", "events", "duplicates", "quarantined")
    return {
        "source": lake["source"],
        "read_at": lake["read_at"],
        "counts": [
            (kind, count(counts[kind]), percent(counts[kind] / delivered)) for kind in kinds
        ],
        "reasons": sorted(counts["reasons"].items(), key=lambda pair: (-pair[1], pair[0])),
        "damaged_files": lake["damaged_files"],
        "tables": {
            name: count(entry["rows"])
            for name, entry in (
                ("items", lake["items"]),
                ("users", lake["users"]),
                *sorted(lake["tables"].items()),
            )
        },
    }
