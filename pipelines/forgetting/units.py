"""Runs with their models, each changed as one, and models whose run is gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.evaluation.report import write_report
from pipelines.files import hash_file, locked, read_json, replacing
from pipelines.forgetting.record import Record, work_folder
from pipelines.forgetting.runs import (
    find_run_users,
    has_rows_of,
    is_finished,
    is_idle,
    remove_run,
    stage_manifests,
    stage_model,
    stage_run,
)
from pipelines.forgetting.swap import Swap, end_swap, finish_swap, read_journal
from pipelines.forgetting.tombstones import Forgotten
from pipelines.quality.report import render_report
from pipelines.registry.changes import change_registry
from pipelines.registry.model import MANIFEST
from pipelines.registry.registry import Registry, models_directory, read_registry
from pipelines.runs import REBUILD_SUFFIX, REPLACED_SUFFIX, Run, open_run, runs_directory
from settings import Settings

_REPORT = "report.html"


def busy_runs(settings: Settings, record: Record) -> list[Path]:
    """Runs that somebody may be working on; those that nobody is are deleted.

    A night that is under way knows what it read: it ends, and is rewritten the next time.
    """
    busy = []
    for run in sorted(runs_directory(settings).glob("*")):
        if run.name.endswith(REPLACED_SUFFIX) or not (run / MANIFEST).exists() or is_finished(run):
            continue
        if is_idle(run):
            remove_run(run, record)
        else:
            busy.append(run)
    return busy


def find_unit_users(settings: Settings, forgotten: Forgotten) -> dict[Path, set[str]]:
    """Folder of each run and model → ids of the forgotten users whom it holds."""
    folders = [*runs_directory(settings).glob("*"), *models_directory(settings).glob("*")]
    return {
        folder: find_run_users(folder, forgotten) for folder in sorted(folders) if folder.is_dir()
    }


def rewrite_units(
    settings: Settings,
    found: Mapping[Path, Collection[str]],
    users: Collection[str],
    record: Record,
) -> None:
    """Rewrites every finished run that *found* says holds somebody, with its models.

    Texts are searched for all of *users*.
    """
    for folder, theirs in found.items():
        if theirs and folder.parent == runs_directory(settings) and is_finished(folder):
            _rewrite_run(settings, folder, users, record)
    for folder, theirs in found.items():
        if theirs and folder.parent == models_directory(settings):
            _rewrite_model(settings, folder, theirs, record)


def finish_begun(settings: Settings) -> None:
    """Ends the changes that were committed by a pass that was killed."""
    for journal in sorted(work_folder(settings).glob("*/journal.json")):
        _finish(settings, journal.parent)


def _rewrite_run(settings: Settings, run: Path, users: Collection[str], record: Record) -> None:
    with locked(run / "locks" / "publish"):  # nobody reads its lists meanwhile
        swap = Swap(work_folder(settings) / run.name, record.var)
        pages = stage_run(run, users, swap, record)
        stage_manifests(run, swap, len(users))
        models = _models_of(settings, run.name)
        for model in models:
            stage_model(model, run, users, swap)
        swap.commit({"run": run.name, "pages": pages, "models": [model.name for model in models]})
        _finish(settings, swap.work)


def _rewrite_model(settings: Settings, model: Path, users: Collection[str], record: Record) -> None:
    """A model whose run is gone, or was rewritten before the model was registered."""
    if not has_rows_of(model, users):
        return  # it was rewritten with its run
    swap = Swap(work_folder(settings) / model.name, record.var)
    record.note(model, "rewritten: a model whose run is gone")
    stage_model(model, None, users, swap)
    swap.commit({"run": None, "pages": [], "models": [model.name]})
    _finish(settings, swap.work)


def _finish(settings: Settings, work: Path) -> None:
    after = read_journal(work)
    finish_swap(work, runs_directory(settings).parent)
    for model in after["models"]:
        _register(settings, model)
    if after["run"] is not None and (runs_directory(settings) / after["run"]).exists():
        _write_pages(settings, after["run"], after["pages"])
    end_swap(work)


def _register(settings: Settings, model: str) -> None:
    """Has the registry know the manifest that the model has now."""
    path = models_directory(settings) / model / MANIFEST

    def change(registry: Registry) -> Registry:
        found = {record.model: record for record in registry.models}
        if model in found and path.exists():
            found[model] = replace(found[model], manifest_sha256=hash_file(path))
        return replace(registry, models=tuple(found.values()))

    change_registry(settings, change)


def _write_pages(settings: Settings, name: str, pages: Collection[str]) -> None:
    """Writes *pages* of a run again from what it has now; what nobody can write is deleted."""
    folder = runs_directory(settings) / name
    for page in pages:
        path = folder / page
        record: Any = path.with_suffix(".json")
        if page == _REPORT:
            path.unlink(missing_ok=True)
            write_report(_open(settings, name))
        elif page.startswith("quality/") and record.exists():
            with replacing(path) as beside:
                beside.write_text(render_report(read_json(record)), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)


def _open(settings: Settings, name: str) -> Run:
    return open_run(settings, name.removesuffix(REBUILD_SUFFIX))


def _models_of(settings: Settings, run: str) -> list[Path]:
    records = [record for record in read_registry(settings).models if record.run_id == run]
    folders = [models_directory(settings) / record.model for record in records]
    return [folder for folder in folders if (folder / MANIFEST).exists()]
