"""A copy of the registry's models in MLflow, for those who look there; nothing reads it back."""

from __future__ import annotations

import importlib
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from pipelines.files import read_json
from pipelines.registry.registry import ModelRecord, Registry, models_directory
from pipelines.runs import runs_directory
from settings import ProjectSettings, Section, Settings
from settings.errors import NightshelfError
from settings.project import var_directory
from store.connection import hide_password

MODEL_TAG = "nightshelf.model"
STATE_TAG = "nightshelf.state"
_PARAM_LENGTH = 500  # longer values are cut; MLflow refuses above 6000, older ones above 500
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # a night tells nobody outside that it ran
    # As MLflow has it a server that is down holds up every decision for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
}

log = logging.getLogger("nightshelf")


class MlflowSettings(Section):
    """Where models are mirrored to: parameters, metrics, files and states."""

    section_name: ClassVar[str] = "mlflow"

    # As MLflow has it (`sqlite:///var/mlflow.db`, `https://…`); a path is relative to this
    # file. Empty: no mirror, and MLflow is not imported.
    tracking_uri: Annotated[str, Field(pattern=r"^($|\w+://.+)")] = ""


class MirrorError(NightshelfError):
    """MLflow is not installed, or did not take what was sent."""


def mirror_changes(settings: Settings, before: Registry, after: Registry) -> None:
    """Sends new models and changed states to MLflow, where one is configured.

    A mirror that fails is a warning in the log: lists do not depend on it.
    """
    if not settings.read(MlflowSettings).tracking_uri:
        return
    known = {record.model: record for record in before.models}
    changed = [r for r in after.models if known.get(r.model) != r]
    removed = known.keys() - {record.model for record in after.models}
    try:
        mirror = Mirror(settings)
        for record in changed:
            mirror.show(record)
        for model in sorted(removed):
            mirror.set_state(known[model], "removed")
    except Exception as error:  # whatever MLflow, a database or a network raises
        log.warning(
            "MLflow at [mlflow] tracking_uri did not take %s: %s; the night goes on. Mend it, or "
            "empty [mlflow] tracking_uri",
            ", ".join([*(record.model for record in changed), *sorted(removed)]),
            hide_password(str(error)),
        )


class Mirror:
    """One experiment of MLflow, `nightshelf-<namespace>`, with a run a model."""

    def __init__(self, settings: Settings) -> None:
        """Raises `MirrorError` when MLflow is not installed."""
        for variable, value in _ENVIRONMENT.items():
            os.environ.setdefault(variable, value)
        try:
            client = importlib.import_module("mlflow.tracking").MlflowClient
        except ImportError as error:
            raise MirrorError(
                f"MLflow is not installed ({error}): pip install -r requirements-mlflow.txt"
            ) from None
        self._settings = settings
        self._client = client(_tracking_uri(settings))
        self._experiment = self._find_or_make_experiment()

    def show(self, record: ModelRecord) -> None:
        """The model of *record* with its state; what MLflow has already is not sent again."""
        if self._find_run(record.model) is None:
            self._log_model(record)
        self.set_state(record, record.state)

    def set_state(self, record: ModelRecord, state: str) -> None:
        run = self._find_run(record.model)
        if run is not None:
            self._client.set_tag(run, STATE_TAG, state)

    def _find_or_make_experiment(self) -> str:
        name = f"nightshelf-{self._settings.read(ProjectSettings).namespace}"
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = None  # a server has a place of its own
        if self._settings.read(MlflowSettings).tracking_uri.startswith("sqlite:"):
            location = (var_directory(self._settings) / "mlflow").as_uri()
        return str(self._client.create_experiment(name, artifact_location=location))

    def _find_run(self, model: str) -> str | None:
        """MLflow's run of *model* that was sent whole, None without one."""
        wanted = f"tags.`{MODEL_TAG}` = '{model}' and attributes.status = 'FINISHED'"
        found = self._client.search_runs([self._experiment], wanted, max_results=1)
        return str(found[0].info.run_id) if found else None

    def _log_model(self, record: ModelRecord) -> None:
        directory = models_directory(self._settings) / record.model
        manifest = read_json(directory / "manifest.json")
        tags = {MODEL_TAG: record.model, "nightshelf.version": record.version}
        run = self._client.create_run(
            self._experiment, tags=tags, run_name=record.model
        ).info.run_id
        for key, value in flatten(manifest["settings"]).items():
            self._client.log_param(run, key, value[:_PARAM_LENGTH])
        for key, number in metrics_of(manifest).items():
            self._client.log_metric(run, key, number)
        for path in self._files(directory, record):
            self._client.log_artifact(run, str(path))
        self._client.set_terminated(run)

    def _files(self, directory: Path, record: ModelRecord) -> list[Path]:
        """Manifest and evaluation, and of the model's run its report and pictures."""
        run = runs_directory(self._settings) / record.run_id
        wanted = [directory / "manifest.json", directory / "evaluation.json", run / "report.html"]
        pictures = [*run.glob("*.png"), *run.glob("*.svg")]
        return [path for path in (*wanted, *sorted(pictures)) if path.exists()]


def flatten(value: Any, name: str = "") -> dict[str, str]:
    """Nested tables as `section.key` → text; lists stay one value."""
    if not isinstance(value, Mapping):
        return {_mlflow_name(name): str(value)}
    found: dict[str, str] = {}
    for key, inner in value.items():
        found |= flatten(inner, f"{name}.{key}" if name else str(key))
    return found


def metrics_of(manifest: Mapping[str, Any]) -> dict[str, float]:
    """`<surface>.<model>.ndcg_20`, and its interval as `…_low` and `…_high`."""
    found: dict[str, float] = {}
    for surface, measured in manifest["metrics"].items():
        for model, figures in measured["models"].items():
            name = _mlflow_name(f"{surface}.{model}.ndcg_20")
            low, high = figures["ndcg@20_interval"]
            found |= {name: figures["ndcg@20"], f"{name}_low": low, f"{name}_high": high}
    return found


def _mlflow_name(name: str) -> str:
    """*name* with what MLflow allows in names: letters, digits and `_-./ `."""
    return re.sub(r"[^\w\-./ ]", "_", name)


def _tracking_uri(settings: Settings) -> str:
    """The address; the path of a local database is relative to the settings file."""
    uri = settings.read(MlflowSettings).tracking_uri
    relative = re.fullmatch(r"sqlite:///([^/].*)", uri)
    if relative is None:
        return uri
    path = settings.resolve(relative[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"
