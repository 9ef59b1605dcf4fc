"""Removes what no night needs any more: old runs, and snapshots of cutoffs that nobody shares."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from typing import Annotated, ClassVar

from pydantic import Field

from pipelines.files import read_json
from pipelines.inputs import run_cutoffs
from pipelines.moments import compact
from pipelines.runs import FINISHED, REMOVED_SUFFIX, Run, list_runs, open_run, runs_directory
from settings import Section, Settings
from settings.project import var_directory

log = logging.getLogger("nightshelf")


class RetentionSettings(Section):
    """How many finished runs stay on disk; those on the shelf stay in any case."""

    section_name: ClassVar[str] = "retention"

    keep_runs: Annotated[int, Field(ge=1, le=10_000)] = 5  # finished ones


def remove_old_runs(settings: Settings, kept_versions: Collection[str]) -> list[str]:
    """Deletes finished runs beyond the newest `keep_runs` whose version is not in *kept_versions*.

    Then deletes the snapshots of cutoffs that no remaining run has. An unfinished run is left
    alone, somebody may be working on it. Gives the names of the runs that were deleted.
    """
    runs = [open_run(settings, name) for name in list_runs(settings)]
    finished = [run for run in runs if run.is_done(FINISHED) and not run.is_rebuild]
    keep = settings.read(RetentionSettings).keep_runs
    old = [run for run in finished[:-keep] if _version(run) not in kept_versions]
    for run in old:
        # Renamed first: a run is there or not, whenever this is killed.
        run.directory.rename(run.directory.with_name(run.name + REMOVED_SUFFIX))
        log.info("removed the old run %s", run.name)
    for leftover in runs_directory(settings).glob(f"*{REMOVED_SUFFIX}"):
        shutil.rmtree(leftover)
    _remove_unused_snapshots(settings, [run for run in runs if run not in old])
    return [run.name for run in old]


def _version(run: Run) -> str:
    return str(read_json(run.path("lists", "manifest.json"))["version"])


def _remove_unused_snapshots(settings: Settings, runs: Collection[Run]) -> None:
    used = {compact(cutoff) for run in runs for cutoff in run_cutoffs(run).all}
    for folder in (var_directory(settings) / "snapshots").glob("*"):
        if folder.name not in used:
            shutil.rmtree(folder)
            log.info("removed the snapshots of %s", folder.name)
