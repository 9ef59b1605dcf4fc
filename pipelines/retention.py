"""Removes what no night needs any more: old runs, and snapshots that nobody shares or asked for."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Collection
from typing import Annotated, ClassVar

from pydantic import Field

from pipelines.features.build import SNAPSHOTS
from pipelines.features.kept_backfills import read_backfills
from pipelines.files import read_json
from pipelines.runs import FINISHED, REMOVED_SUFFIX, Run, list_runs, open_run, runs_directory
from settings import Section, Settings
from settings.project import var_directory

YOUNG_S = 24 * 3600.0  # longer than a night takes

log = logging.getLogger("nightshelf")


class RetentionSettings(Section):
    """How many finished runs stay on disk; those on the shelf stay in any case."""

    section_name: ClassVar[str] = "retention"

    keep_runs: Annotated[int, Field(ge=1, le=10_000)] = 5  # finished ones


def remove_old_runs(settings: Settings, kept_versions: Collection[str]) -> list[str]:
    """Deletes finished runs beyond the newest `keep_runs` whose version is not in *kept_versions*.

    An unfinished run is left alone, somebody may be working on it; but one that tuning began goes
    a day after its last stage. Then deletes the snapshots that no remaining run has.
    Gives the names of the runs that were deleted.
    """
    runs = [open_run(settings, name) for name in list_runs(settings)]
    finished = [run for run in runs if run.is_done(FINISHED) and not run.is_rebuild]
    keep = settings.read(RetentionSettings).keep_runs
    old = [run for run in finished[:-keep] if _version(run) not in kept_versions]
    old += [run for run in runs if run.is_for_tuning and _is_idle(run)]
    for run in old:
        # Renamed first: a run is there or not, whenever this is killed.
        run.directory.rename(run.directory.with_name(run.name + REMOVED_SUFFIX))
        log.info("removed the old run %s", run.name)
    for leftover in runs_directory(settings).glob(f"*{REMOVED_SUFFIX}"):
        shutil.rmtree(leftover)
    _remove_unused_snapshots(settings, [run for run in runs if run not in old])
    return [run.name for run in old]


def _is_idle(run: Run) -> bool:
    """Whether nothing was done to an unfinished *run* for a day."""
    if run.is_done(FINISHED):
        return False
    newest = max(path.stat().st_mtime for path in run.directory.rglob("*"))
    return newest < time.time() - YOUNG_S


def _version(run: Run) -> str:
    return str(read_json(run.path("lists", "manifest.json"))["version"])


def _remove_unused_snapshots(settings: Settings, runs: Collection[Run]) -> None:
    """Deletes snapshots that none of *runs* has and nobody backfilled, save young ones.

    A night may be about to list those.
    """
    root = var_directory(settings) / "snapshots"
    lists = [run.path(SNAPSHOTS) for run in runs]
    used = {root / name for path in lists if path.exists() for name in read_json(path)}
    used |= {root / name for name in read_backfills(root)}
    before = time.time() - YOUNG_S
    for path in sorted(root.rglob("*.parquet")):
        if path not in used and path.stat().st_mtime < before:
            path.unlink()
            log.info("removed the snapshot %s", path.relative_to(root))
