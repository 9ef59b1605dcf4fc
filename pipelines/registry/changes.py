"""Every change of the registry goes through here: under a lock, replaced as a whole, mirrored."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import Annotated, ClassVar

from pydantic import Field

from pipelines.files import locked, write_json
from pipelines.registry.mlflow_mirror import mirror_changes
from pipelines.registry.registry import REGISTRY, Registry, models_directory, read_registry
from pipelines.runs import REMOVED_SUFFIX
from settings import Section, Settings
from settings.project import var_directory

log = logging.getLogger("nightshelf")


class RegistrySettings(Section):
    """How many models stay; champion and the one before it stay in any case."""

    section_name: ClassVar[str] = "registry"

    # The newest that were published, and as many that were not: the models of dry runs.
    keep_models: Annotated[int, Field(ge=5, le=1000)] = 5


def change_registry(settings: Settings, change: Callable[[Registry], Registry]) -> Registry:
    """What *change* makes of the registry, written while nobody else changes it.

    *change* works under the lock: what it reads of store and disk cannot be older than what
    another process wrote before. Models that are too many are deleted, new states mirrored.
    """
    with locked(var_directory(settings) / "locks" / "registry"):
        before = read_registry(settings)
        after = change(before)
        if after == before:
            return before
        after = after.without_old(settings.read(RegistrySettings).keep_models)
        write_json(models_directory(settings) / REGISTRY, after.to_json())
        _remove_directories(settings, after)
    for decision in after.history[len(before.history) :]:
        first = decision.reason.partition("\n")[0]  # what the gate found is told elsewhere
        log.info("%s: %s: %s", decision.action, decision.model, first)
    mirror_changes(settings, before, after)
    return after


def _remove_directories(settings: Settings, registry: Registry) -> None:
    """Deletes the folders of models that some decision removed; unknown ones are left alone."""
    directory = models_directory(settings)
    kept = {record.model for record in registry.models}
    removed = {d.model for d in registry.history if d.action == "remove"} - kept
    for path in (directory / model for model in sorted(removed)):
        if path.exists():
            # Renamed first: a model is there or not, whenever this is killed.
            path.rename(path.with_name(path.name + REMOVED_SUFFIX))
    for leftover in directory.glob(f"*{REMOVED_SUFFIX}"):
        shutil.rmtree(leftover)
