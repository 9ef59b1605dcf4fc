"""Which snapshots of a table may be used: those of what its SQL file means today.

At one cutoff there may be several files of a table, of other SQL, other data or other settings.
What the run would make of its own data comes first, whoever made it, a backfill too. Where there
is none, a snapshot that another finished run made of the same SQL will do: it is what was known
in that night.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.features.build import SNAPSHOTS, snapshot_context
from pipelines.features.folder import lineage_of
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import read_key, snapshot_keys
from pipelines.features.sql_file import SqlFile
from pipelines.features.tables.settings import GraphSettings, VectorSettings
from pipelines.files import read_json
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.moments import NightSettings
from pipelines.runs import FINISHED, Run, list_runs, open_run
from pipelines.training_sets.spine import SpineError
from settings import Settings
from settings.events import EventSettings
from settings.project import var_directory

Snapshots = dict[datetime, Path]  # cutoff → rows as of it
BACKFILL = "python -m pipelines features backfill"
_MOMENT = re.compile(r"\d{8}T\d{6}")  # the name of a cutoff's folder


def choose_run(settings: Settings, name: str | None) -> Run:
    """The run called *name*, else the newest finished one.

    Raises `RunError` for an unknown name and `SpineError` when no run is finished.
    """
    if name:
        return open_run(settings, name)
    finished = [run for run in _open_runs(settings) if run.is_done(FINISHED)]
    if not finished:
        raise SpineError(
            "no finished run, and so no kept snapshot; make one with `python -m pipelines night`, "
            "or name an unfinished one with --run"
        )
    return finished[-1]


def kept_snapshots(
    run: Run, files: Mapping[str, SqlFile], tables: Collection[str]
) -> dict[str, Snapshots]:
    """For each of *tables* its snapshots up to the run's moment, oldest first.

    *files* in dependency order, with all that *tables* read.
    Labels whose window is not over by the run's moment are left out.
    Raises `SpineError` for a table without any.
    """
    found = {table: {} | _of_the_run(run, files, table) for table in tables}
    for other in reversed(_open_runs(run.settings)):
        if other.is_done(FINISHED) and other.as_of <= run.as_of and other.name != run.name:
            for table in tables:
                if _means_the_same(run.settings, other, lineage_of(files, [table])):
                    found[table] = dict(_of_another(run, other, files[table])) | found[table]
    for table, snapshots in found.items():
        if not snapshots:
            raise SpineError(
                f"{files[table].path}: no kept snapshot up to {run.as_of:%Y-%m-%d %H:%M} is of "
                f"the SQL that stands in the file now; build some with "
                f"`{BACKFILL} {table} --cutoffs 12 --run {run.name}`"
            )
    return {table: dict(sorted(snapshots.items())) for table, snapshots in found.items()}


def _of_the_run(run: Run, files: Mapping[str, SqlFile], table: str) -> Snapshots:
    """Those under the key that the run's data, the settings and today's SQL give."""
    lineage, found = lineage_of(files, [table]), {}
    for cutoff in _kept_moments(run):
        if _is_known(run, files[table], cutoff):
            context = snapshot_context(run, run_lake(run), run_cutoffs(run), cutoff)
            key = snapshot_keys(lineage, context)[table]
            path = context.path(files[table], key)
            if read_key(path) == key:
                found[cutoff] = path
    return found


def _of_another(run: Run, other: Run, file: SqlFile) -> Iterator[tuple[datetime, Path]]:
    root = _root(run)
    for name in read_json(other.path(SNAPSHOTS)):
        moment, folder, stem = Path(name).parts
        cutoff = datetime.fromisoformat(moment)
        is_its = (folder, stem.rpartition("-")[0]) == (file.folder, file.name)
        if is_its and _is_known(run, file, cutoff) and (root / name).exists():
            yield cutoff, root / name


def _means_the_same(settings: Settings, other: Run, lineage: Mapping[str, SqlFile]) -> bool:
    """Whether *other* ran the same SQL of a whole *lineage* under the same settings."""
    ran: dict[str, str] = other.manifest["outputs"]["sql"]
    sections = (NightSettings, EventSettings, FeatureSettings)
    now = {s.section_name: settings.read(s).model_dump(mode="json") for s in sections}
    return all(ran.get(name) == file.sha256 for name, file in lineage.items()) and (
        _decisive(other.manifest["settings"]) == _decisive(now)
    )


def _decisive(sections: Mapping[str, Any]) -> list[Any]:
    """What decides the rows of a table besides its SQL and the data."""
    night = sections["night"]
    known_then = night.get("as_known_then", False)  # runs of older versions do not say it
    ours = [night["timezone"], night["horizon"], night["seed"], known_then, sections["events"]]
    defaults = {"graph": GraphSettings(), "vectors": VectorSettings()}
    made_by = {name: table.model_dump(mode="json") for name, table in defaults.items()}
    return [*ours, {name: sections["features"].get(name, made_by[name]) for name in made_by}]


def _kept_moments(run: Run) -> list[datetime]:
    folders = [path.name for path in _root(run).glob("*") if _MOMENT.fullmatch(path.name)]
    return [datetime.fromisoformat(name) for name in folders]


def _is_known(run: Run, file: SqlFile, cutoff: datetime) -> bool:
    horizon = run_cutoffs(run).horizon
    return (cutoff + horizon if file.is_label else cutoff) <= run.as_of


def _root(run: Run) -> Path:
    return var_directory(run.settings) / "snapshots"


def _open_runs(settings: Settings) -> list[Run]:
    return [open_run(settings, name) for name in list_runs(settings)]
