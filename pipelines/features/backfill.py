"""Tables at more past cutoffs than a night has: of a new feature, for training sets.

They come from the data and the moment of one run and have the keys that it would give them, so
that whoever looks for the run's snapshots finds them. Runs do not list them:
`backfills.json` does, and what stands there is not removed as unused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.features.build import build_cutoff, features_directory, snapshot_context
from pipelines.features.folder import lineage_of, load_folder, near_or_all
from pipelines.features.kept_backfills import keep_backfills
from pipelines.features.snapshots import read_key, snapshot_keys
from pipelines.features.sql_file import SqlFile
from pipelines.files import write_json
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.moments import WEEK, last_grid_moment
from pipelines.progress import progress
from pipelines.runs import Run
from settings.errors import NightshelfError
from settings.project import var_directory


class BackfillError(NightshelfError):
    """There is nothing to backfill, or no moment to do it at."""


@dataclass
class Backfill:
    """What became of each table, by the cutoffs asked for."""

    cutoffs: list[datetime]
    built: dict[str, list[datetime]] = field(default_factory=dict)
    there: dict[str, list[datetime]] = field(default_factory=dict)  # already
    too_new: dict[str, list[datetime]] = field(default_factory=dict)  # labels not known by then


def weekly_cutoffs(
    run: Run,
    *,
    oldest: datetime | None = None,
    newest: datetime | None = None,
    cutoffs: int | None = None,
) -> list[datetime]:
    """Moments of the weekly grid (Mondays, 00:00 UTC) up to the run's moment, oldest first.

    From *oldest* to *newest* (default: the run's moment), both included; or the last *cutoffs*.

    Raises `BackfillError` when no moment is left, or all are before the first event.
    """
    first = _first_event(run)
    end = min(newest or run.as_of, run.as_of)
    start = first if oldest is None else max(oldest, first)
    moments = list(_grid(start, end))[-cutoffs if cutoffs else 0 :]
    if not moments:
        raise BackfillError(
            f"no weekly cutoff (Monday, 00:00 UTC){_asked('from', oldest)}{_asked('to', newest)}; "
            f"events of run {run.name} are from {first:%Y-%m-%d} to its moment, "
            f"{run.as_of:%Y-%m-%d}{_span(list(_grid(first, run.as_of)))}"
        )
    return moments


def backfill(
    run: Run,
    names: Collection[str],
    cutoffs: Sequence[datetime],
    after: Callable[[datetime], None] | None = None,
) -> Backfill:
    """Builds the tables *names* of today's SQL at *cutoffs*, where they are not there yet.

    *after* is called with each cutoff when its tables are there.

    Raises `BackfillError` for an unknown table, `SqlFileError` for one that fails.
    """
    files = load_folder(features_directory(run.settings))
    for name in names:
        if name not in files:
            raise BackfillError(f"no table {name}{near_or_all(name, files)}")
    asked = {name: file for name, file in files.items() if name in names}
    found = Backfill(list(cutoffs))
    var = var_directory(run.settings)
    with tempfile.TemporaryDirectory(dir=var, prefix="backfill-") as scratch:
        # A finished run is read-only: the work is done beside it.
        write_json(Path(scratch) / "manifest.json", run.manifest)
        beside = replace(run, directory=Path(scratch))
        for cutoff in progress(cutoffs, "backfill", unit="cutoff"):
            _backfill_cutoff(beside, files, asked, cutoff, found)
            if after is not None:
                after(cutoff)
    return found


def _backfill_cutoff(
    run: Run,
    files: Mapping[str, SqlFile],
    asked: Mapping[str, SqlFile],
    cutoff: datetime,
    found: Backfill,
) -> None:
    context = snapshot_context(run, run_lake(run), run_cutoffs(run), cutoff)
    known = [n for n, f in asked.items() if not f.is_label or context.until <= run.as_of]
    for name in asked.keys() - set(known):
        found.too_new.setdefault(name, []).append(cutoff)
    wanted = lineage_of(files, known)
    keys = snapshot_keys(wanted, context)
    paths = {name: context.path(asked[name], keys[name]) for name in known}
    there = {name for name in known if read_key(paths[name]) == keys[name]}
    missing = lineage_of(files, [name for name in known if name not in there])
    build_cutoff(run, missing, context, {name: keys[name] for name in missing})
    for name in known:
        (found.there if name in there else found.built).setdefault(name, []).append(cutoff)
    keep_backfills(context.directory, paths.values())


def _asked(word: str, moment: datetime | None) -> str:
    return f" {word} {moment:%Y-%m-%d %H:%M}" if moment else ""


def _span(moments: list[datetime]) -> str:
    if not moments:
        return ", with no cutoff between"
    return f"; its cutoffs are from {moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}"


def _grid(start: datetime, end: datetime) -> Iterator[datetime]:
    """Moments of the grid after *start*, or at it, up to *end*."""
    moment = last_grid_moment(start)
    moment += WEEK if moment < start else timedelta()
    while moment <= end:
        yield moment
        moment += WEEK


def _first_event(run: Run) -> datetime:
    paths = run_lake(run).event_files(before=run.as_of)
    first: datetime = pc.min(pq.read_table(paths[0], columns=["event_at"])["event_at"]).as_py()
    return first
