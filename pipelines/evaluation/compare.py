"""Tonight against the live version: figures user by user, and lists side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pipelines.evaluation.list_changes import measure_list_changes
from pipelines.evaluation.live import Live, find_live
from pipelines.evaluation.paired import compare_user_figures
from pipelines.evaluation.results import HEADLINE, RULED
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.user_figures import user_figures_path
from pipelines.features.build import features_directory
from pipelines.features.folder import load_folder
from pipelines.files import write_json
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.listed import listed_path
from pipelines.moments import NightSettings
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

NOT_COMPARABLE = "not comparable"


def compare_with_live(run: Run) -> Mapping[str, Any]:
    """Writes `comparison.json`; what cannot be compared says why, and no night fails for it.

    The live version depends on the hour, so no hash of the run covers the file.
    """
    live = find_live(run)
    surfaces = {} if live.run is None else _compare_surfaces(run, live.run)
    write_json(
        run.path("comparison.json"),
        {
            "live": live.version,
            "reason": live.reason,
            "model": RULED,
            "confidence": run.settings.read(EvaluationSettings).confidence,
            "surfaces": surfaces,
        },
    )
    return {"live": live.version or "none", **_verdicts(live, surfaces)}


def _verdicts(live: Live, surfaces: Mapping[str, Any]) -> dict[str, str]:
    if live.run is None:
        return {"verdict": NOT_COMPARABLE}
    return {
        name: found["figures"][HEADLINE]["verdict"] if found["figures"] else NOT_COMPARABLE
        for name, found in surfaces.items()
    }


def _compare_surfaces(run: Run, live: Run) -> dict[str, Any]:
    index, live_index = load_index(run), load_index(live)
    return {
        surface: {
            **_compare_figures(run, live, surface),
            "lists": _compare_lists(run, index, live, live_index, surface),
        }
        for surface, _ in run.settings.read(SurfacesSettings).items()
    }


def _compare_figures(run: Run, live: Run, surface: str) -> dict[str, Any]:
    """`figures` by metric, or `reason` when there are none."""
    reason = _why_not(run, live, surface)
    if reason:
        return {"reason": reason, "figures": {}}
    figures = compare_user_figures(
        user_figures_path(run, surface),
        user_figures_path(live, surface),
        RULED,
        run.settings.read(EvaluationSettings),
        run.settings.read(NightSettings).seed,
    )
    return {
        "reason": "" if figures else "no user was evaluated in both runs",
        "figures": {
            metric: {**asdict(figure), "verdict": figure.verdict}
            for metric, figure in figures.items()
        },
    }


def _why_not(run: Run, live: Run, surface: str) -> str:
    """Why the figures of *surface* cannot be compared; empty when they can."""
    if not user_figures_path(live, surface).exists():
        return "the live run has no figures by user for this surface"
    ours, theirs = run_cutoffs(run), run_cutoffs(live)
    if (ours.evaluation, ours.horizon) != (theirs.evaluation, theirs.horizon):
        return f"the live run was evaluated on {_window(live)}, tonight's on {_window(run)}"
    label = run.settings.read(SurfacesSettings)[surface].label
    theirs_label = live.manifest["settings"]["surfaces"][surface]["label"]
    if label != theirs_label:
        return f"the live run counts {theirs_label} as right, tonight's {label}"
    sql = load_folder(features_directory(run.settings))[label].sha256
    if live.manifest["outputs"]["sql"].get(label) != sql:
        return f"label/{label}.sql has changed since the live run"
    return ""


def _window(run: Run) -> str:
    cutoffs = run_cutoffs(run)
    return f"{cutoffs.evaluation:%Y-%m-%d} to {cutoffs.evaluation + cutoffs.horizon:%Y-%m-%d}"


def _compare_lists(
    run: Run, index: Index, live: Run, live_index: Index, surface: str
) -> dict[str, Any] | None:
    if not listed_path(live.path("lists"), surface).exists():
        return None
    return measure_list_changes(run, index, live, live_index, surface)
