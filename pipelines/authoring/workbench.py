"""The lake and the folder, opened to try files out: no run is needed, and nothing is written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.features.build import features_directory, read_recipe
from pipelines.features.folder import load_folder, upstream
from pipelines.features.problems import SqlFileError
from pipelines.features.sandbox import interrupting_after, lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import SnapshotContext, read_key, snapshot_keys
from pipelines.features.sql_file import SqlFile
from pipelines.files import hash_json
from pipelines.inputs import run_lake
from pipelines.lake import Lake, open_lake
from pipelines.moments import Cutoffs, NightSettings, last_grid_moment
from pipelines.runs import Run, list_runs, open_run
from settings import Settings
from settings.events import EventSettings
from settings.project import var_directory

END = datetime.max  # whatever was received, whenever
Expose = Callable[[duckdb.DuckDBPyConnection], None]


@dataclass(frozen=True)
class Workbench:
    """What files can be tried on: the lake as it is now, up to `as_of`."""

    settings: Settings
    lake: Lake
    files: Mapping[str, SqlFile]
    as_of: datetime
    read_at: datetime  # events received since are not seen

    @property
    def weights(self) -> Mapping[str, float]:
        return self.settings.read(EventSettings).weights

    @property
    def newest_labelled(self) -> datetime:
        """The newest cutoff whose label window is over at `as_of`."""
        night = self.settings.read(NightSettings)
        return last_grid_moment(self.as_of - night.horizon, night.grid)

    def context(self, cutoff: datetime) -> SnapshotContext:
        """What the tables of *cutoff* share; snapshots of a night have the same keys."""
        night = self.settings.read(NightSettings)
        return SnapshotContext(
            directory=var_directory(self.settings) / "snapshots",
            lake=self.lake,
            cutoff=cutoff,
            cutoffs=Cutoffs((), self.newest_labelled, self.as_of, night.horizon),
            timezone=night.timezone,
            weights_hash=hash_json(self.weights),
            as_known_then=night.as_known_then,
            recipe=read_recipe(self.settings),
        )

    def received_before(self, cutoff: datetime, file: SqlFile) -> datetime:
        """Until when an event must have been received for *file* to see it as of *cutoff*."""
        return min(self.read_at, self.context(cutoff).received_before(file) or self.read_at)

    def snapshots(self, cutoff: datetime) -> dict[str, Path]:
        """Where the tables of *cutoff* are that a night has built from this SQL and lake."""
        context = self.context(cutoff)
        keys = snapshot_keys(self.files, context)
        paths = {name: context.path(self.files[name], key) for name, key in keys.items()}
        return {name: path for name, path in paths.items() if read_key(path) == keys[name]}

    def needed(self, names: Iterable[str]) -> list[str]:
        """*names* and all that they read of the folder, dependencies first."""
        wanted = set(names)
        for name in reversed(list(self.files)):  # so that readers come before what they read
            if name in wanted:
                wanted |= set(upstream(self.files, name))
        return [name for name in self.files if name in wanted]

    def read_tables(self, names: Iterable[str]) -> set[str]:
        """Every table that the files *names* read."""
        return {table for name in names for table in self.files[name].dependencies}


def open_workbench(settings: Settings) -> Workbench:
    """The folder and the lake of *settings*.

    `as_of` is that of the settings, else the newest run's, else the end of the last day.

    Raises `LakeError` when nothing was ingested, `SqlFileError` when a file breaks a rule.
    """
    lake = open_lake(settings)
    files = load_folder(features_directory(settings))
    moment = settings.read(NightSettings).as_of
    runs = list_runs(settings)
    if moment is None and runs:
        moment = open_run(settings, runs[-1]).as_of
    if moment is None:
        last_day = lake.manifest["events"][-1]["day"]
        moment = datetime.fromisoformat(last_day) + timedelta(days=1)
    return Workbench(settings, lake, files, moment, END)


def run_workbench(run: Run) -> Workbench:
    """The folder, and the lake as *run* saw it."""
    read_at = datetime.fromisoformat(run.manifest["snapshot_at"])
    files = load_folder(features_directory(run.settings))
    return Workbench(run.settings, run_lake(run), files, run.as_of, read_at)


@contextmanager
def open_tables(bench: Workbench, expose: Expose) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked sandbox with the tables that *expose* made."""
    readable = [bench.lake.directory, var_directory(bench.settings) / "snapshots"]
    limits = bench.settings.read(FeatureSettings)
    with (
        tempfile.TemporaryDirectory(dir=var_directory(bench.settings)) as scratch,
        open_sandbox(limits, readable=readable, scratch=Path(scratch)) as connection,
    ):
        expose(connection)
        lock_sandbox(connection)
        yield connection


def create_table(
    connection: duckdb.DuckDBPyConnection, file: SqlFile, context: SnapshotContext, seconds: float
) -> None:
    """Computes *file* as of the context's cutoff into a table of *connection*.

    Raises `SqlFileError` when it fails or takes longer than *seconds*.
    """
    with interrupting_after(connection, seconds) as timer:
        try:
            connection.sql(file.sql, params=context.binds(file) or None).create(file.name)
        except duckdb.InterruptException:
            if not timer["expired"]:
                raise
            raise SqlFileError(
                f"{file.path}:1: stopped after [features] timeout_s = {seconds:.0f}"
            ) from None
        except duckdb.Error as error:
            raise SqlFileError(f"{file.path}:1: fails: {error}") from error
