"""Makes a model version of a finished run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.evaluation.results import HEADLINE, RANKER, RIVALS, RULED
from pipelines.files import hash_file, hash_json, read_json, replacing_directory, write_json
from pipelines.inputs import run_cutoffs
from pipelines.moments import compact
from pipelines.registry.changes import change_registry
from pipelines.registry.health import list_shares
from pipelines.registry.model import MANIFEST, ModelError, find_damage, read_manifest
from pipelines.registry.registry import ModelRecord, Registry, models_directory, read_registry
from pipelines.registry.remedy import find_run_damage, make_run_again
from pipelines.runs import FINISHED, Run, RunError

_READ_ONLY = 0o444


def register_run(run: Run, *, by: str = "night") -> ModelRecord:
    """The model of a finished *run*, a challenger if it is new; safe to repeat.

    A model that was damaged on disk is put back from the run, and *by* whom is kept.
    Raises `RunError` for a run that is not finished or lacks surfaces, and `ModelError` when
    its own files are no longer those that it finished with, or never were enough for a model.
    """
    if not run.is_done(FINISHED) or run.manifest["is_partial"]:
        raise RunError(f"{run.name} is no finished run of all surfaces, so it makes no model")
    _check_run(run)
    try:
        manifest = _describe(run)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{run.name} lacks what a model is made of ({error}): it was damaged, or finished by "
            f"older code; {make_run_again(run)}"
        ) from None
    change = change_registry(run.settings, lambda registry: _add(run, registry, manifest, by))
    return change.find(manifest["model"])


def _add(run: Run, registry: Registry, manifest: Mapping[str, Any], by: str) -> Registry:
    known = [record for record in registry.models if record.model == manifest["model"]]
    if known and not find_damage(run.settings, known[0]):
        return registry
    record = ModelRecord(
        model=manifest["model"],
        state="challenger",
        run_id=run.id,
        version=manifest["version"],
        as_of=manifest["as_of"],
        registered_at=datetime.now(UTC).isoformat(timespec="seconds"),
        manifest_sha256=_write(run, manifest),
    )
    if not known:
        return registry.add(record, reason=f"run {run.id} is finished", by=by)
    record = replace(known[0], manifest_sha256=record.manifest_sha256)
    return registry.add(record, reason="its files were damaged: put back from the run", by=by)


def _write(run: Run, manifest: Mapping[str, Any]) -> str:
    """The model's folder, whole or not at all; SHA-256 of its manifest."""
    target = models_directory(run.settings) / manifest["model"]
    with replacing_directory(target) as beside:
        for name in manifest["files"]:
            _link(run.path(name), beside / name)
        write_json(beside / MANIFEST, manifest)
        (beside / MANIFEST).chmod(_READ_ONLY)
    return hash_file(target / MANIFEST)


def _link(source: Path, target: Path) -> None:
    """*target* shares the bytes of *source*, or copies them on a disk that has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    target.chmod(_READ_ONLY)  # of the run's file too: a finished run is read-only


def _describe(run: Run) -> dict[str, Any]:
    """The manifest; the model's id is the run's and a hash of the hashes of its files."""
    files = {path.relative_to(run.directory).as_posix(): _file(path) for path in _files(run)}
    evaluation = read_json(run.path("evaluation.json"))
    return {
        "model": f"{run.id}-{hash_json({n: f['sha256'] for n, f in files.items()})[:8]}",
        "run_id": run.id,
        "version": run.manifest["outputs"]["version"],
        "as_of": run.manifest["as_of"],
        "window": {"from": evaluation["cutoff"], "until": evaluation["until"]},
        "inputs": run.manifest["inputs"],
        "settings": run.manifest["settings"],
        "labels": _labels(run),
        "seed": run.manifest["seed"],
        "metrics": {name: _metrics(found) for name, found in evaluation["surfaces"].items()},
        "lists": {name: list_shares(run, name) for name in evaluation["surfaces"]},
        "files": files,
    }


def _files(run: Run) -> list[Path]:
    """Rankers of both purposes, the night's generators, and what they were measured by."""
    night = run.path("models", compact(run_cutoffs(run).night))
    found = [path for path in run.path("models").glob("*") if path.is_file()]
    found += [path for path in night.rglob("*") if path.is_file()]
    found += run.path("evaluation").glob("users-*.parquet")
    found += [run.path("evaluation.json"), run.path("lists", "manifest.json")]
    return sorted(path for path in found if not path.name.startswith("."))


def _file(path: Path) -> dict[str, Any]:
    return {"sha256": hash_file(path), "bytes": path.stat().st_size}


def _labels(run: Run) -> dict[str, str]:
    """Surface → SHA-256 of the SQL that says what was right on it."""
    sql = run.manifest["outputs"]["sql"]
    surfaces = run.manifest["settings"]["surfaces"]
    return {name: sql[surface["label"]] for name, surface in surfaces.items()}


def _metrics(surface: Mapping[str, Any]) -> dict[str, Any]:
    """Users, and NDCG@20 with its interval of our models and of those they have to beat."""
    models = [name for name in (RANKER, RULED, *RIVALS) if name in surface["models"]]
    wanted = (HEADLINE, f"{HEADLINE}_interval")
    figures = {name: {key: surface["models"][name][key] for key in wanted} for name in models}
    return {"users": surface["users"], "models": figures}


def _check_run(run: Run) -> None:
    """The run's files are those it finished with: a hard link would share the model's damage."""
    damage = find_run_damage(run, _registered_files(run))
    if damage:
        raise ModelError(f"{damage}; {make_run_again(run)}")


def _registered_files(run: Run) -> dict[str, str]:
    """Path → SHA-256 of the files that the run's model was first registered with, if known."""
    for record in read_registry(run.settings).models:
        if record.run_id == run.id:
            try:
                files = read_manifest(run.settings, record)["files"]
            except ModelError:
                continue
            return {name: file["sha256"] for name, file in files.items()}
    return {}
