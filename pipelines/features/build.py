"""Builds every feature and label table of a night, and the run's `features.duckdb`."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from pipelines.features.base_tables import expose_base_tables
from pipelines.features.folder import load_folder, upstream
from pipelines.features.rebuilt import REBUILT
from pipelines.features.sandbox import lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import (
    SnapshotContext,
    read_key,
    snapshot_keys,
    write_snapshot,
)
from pipelines.features.sql_file import SqlFile
from pipelines.features.tables.computed import Recipe
from pipelines.features.tables.kept import expose_kept_tables, kept_tables
from pipelines.files import hash_json, replacing, replacing_directory, write_json
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.lake import Lake
from pipelines.moments import Cutoffs, NightSettings, compact
from pipelines.progress import progress
from pipelines.runs import Run
from settings import Settings
from settings.events import EventSettings
from settings.project import var_directory

SNAPSHOTS = "snapshots.json"  # the files that a run's tables come from, below var's snapshots/
SQL = "feature_sql"  # the files themselves, to be compared with later ones

log = logging.getLogger("nightshelf")


def build_features(run: Run) -> Mapping[str, Any]:
    """Tables of the night and of every past cutoff; unchanged snapshots are not rebuilt."""
    files = load_folder(features_directory(run.settings))
    cutoffs = run_cutoffs(run)
    contexts = [snapshot_context(run, run_lake(run), cutoffs, cutoff) for cutoff in cutoffs.all]
    built: dict[datetime, list[str]] = {}
    snapshots = {}
    used: set[Path] = set()
    for context in progress(contexts, "features", unit="cutoff"):
        wanted = files_at(files, context)
        keys = snapshot_keys(wanted, context)
        built[context.cutoff] = sorted(build_cutoff(run, wanted, context, keys))
        snapshots[context.cutoff] = {n: context.path(f, keys[n]) for n, f in wanted.items()}
        used |= {*snapshots[context.cutoff].values(), *_computed_below(wanted, context)}
    with replacing(run.path("features.duckdb")) as beside:
        _collect(beside, snapshots, run.as_of)
    root = contexts[0].directory
    write_json(run.path(SNAPSHOTS), sorted(path.relative_to(root).as_posix() for path in used))
    tables = sum(len(files_at(files, context)) for context in contexts)
    rebuilt = sum(map(len, built.values()))
    names = {compact(cutoff): names for cutoff, names in built.items() if names}
    write_json(run.path(REBUILT), {"rebuilt": names, "reused": tables - rebuilt})
    _keep_sql(run, files)
    return {"files": len(files), "tables": tables, "rebuilt": rebuilt}


def _keep_sql(run: Run, files: Mapping[str, SqlFile]) -> None:
    """Copies *files* into the run: what made its tables may be edited a minute later."""
    with replacing_directory(run.path(SQL)) as beside:
        for file in files.values():
            target = beside / file.folder / file.path.name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(file.path, target)


def features_directory(settings: Settings) -> Path:
    return settings.resolve(settings.read(FeatureSettings).directory)


def cutoff_schema(cutoff: datetime) -> str:
    """Schema of `features.duckdb` that holds the views as of *cutoff*."""
    return f"c{compact(cutoff).lower()}"


def snapshot_context(run: Run, lake: Lake, cutoffs: Cutoffs, cutoff: datetime) -> SnapshotContext:
    return SnapshotContext(
        directory=var_directory(run.settings) / "snapshots",
        lake=lake,
        cutoff=cutoff,
        cutoffs=cutoffs,
        timezone=run.settings.read(NightSettings).timezone,
        as_known_then=run.settings.read(NightSettings).as_known_then,
        weights_hash=hash_json(run.settings.read(EventSettings).weights),
        recipe=read_recipe(run.settings),
    )


def read_recipe(settings: Settings) -> Recipe:
    """What decides the computed tables, by *settings*."""
    features = settings.read(FeatureSettings)
    return Recipe(features.graph, features.vectors, settings.read(NightSettings).seed)


def build_cutoff(
    run: Run, files: Mapping[str, SqlFile], context: SnapshotContext, keys: Mapping[str, str]
) -> dict[str, float]:
    """Builds the tables of one cutoff that are not there under their key; seconds of each."""
    paths = {name: context.path(file, keys[name]) for name, file in files.items()}
    stale = [name for name in files if run.is_rebuild or read_key(paths[name]) != keys[name]]
    for name in files.keys() - set(stale):
        paths[name].touch()  # it is in use: the retention spares what is young
    if not stale:
        return {}
    seconds: dict[str, float] = {}
    settings = run.settings.read(FeatureSettings)
    weights = run.settings.read(EventSettings).weights
    readable = [context.lake.directory, context.directory]
    ready = files.keys() - set(stale)
    for known_before, names in _by_knowledge(files, stale, context, run).items():
        with open_sandbox(settings, readable=readable, scratch=run.path("scratch")) as connection:
            expose_base_tables(
                connection,
                context.lake,
                weights,
                event_before=run.as_of,
                received_before=known_before,
            )
            expose_kept_tables(
                connection,
                {table for name in names for table in files[name].dependencies},
                context,
                known_before=context.received_before(files[names[0]]),
                rebuild=run.is_rebuild,
                threads=run.settings.read(NightSettings).threads,
            )
            for name in ready:
                _expose(connection, paths[name], name)
            lock_sandbox(connection)
            seconds |= _build_side_by_side(connection, files, names, keys, context, run)
        ready |= set(names)
    return seconds


def _by_knowledge(
    files: Mapping[str, SqlFile], stale: list[str], context: SnapshotContext, run: Run
) -> dict[datetime, list[str]]:
    """The tables to build by the moment before which what they see was received, features first.

    Labels are the truth that the model is measured by: they see all that is known by now.
    """
    read_at = datetime.fromisoformat(run.manifest["snapshot_at"])
    groups: dict[datetime, list[str]] = {}
    for name in sorted(stale, key=lambda name: files[name].is_label):
        known_before = min(read_at, context.received_before(files[name]) or read_at)
        groups.setdefault(known_before, []).append(name)
    return groups


def _build_side_by_side(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[str, SqlFile],
    stale: list[str],
    keys: Mapping[str, str],
    context: SnapshotContext,
    run: Run,
) -> dict[str, float]:
    settings = run.settings.read(FeatureSettings)
    seconds: dict[str, float] = {}
    sorter = TopologicalSorter({n: set(upstream(files, n)) & set(stale) for n in stale})
    sorter.prepare()

    def build(name: str) -> str:
        started = time.monotonic()
        # A cursor is a connection of its own to the same sandbox: one a thread.
        with connection.cursor() as cursor:
            write_snapshot(cursor, files[name], context, keys[name], settings)
        seconds[name] = time.monotonic() - started
        return name

    running: set[Future[str]] = set()
    with ThreadPoolExecutor(run.settings.read(NightSettings).threads) as pool:
        try:
            while sorter.is_active():
                running |= {pool.submit(build, name) for name in sorter.get_ready()}
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = future.result()
                    _expose(connection, context.path(files[name], keys[name]), name)
                    sorter.done(name)
        finally:
            pool.shutdown(cancel_futures=True)
    return seconds


def files_at(files: Mapping[str, SqlFile], context: SnapshotContext) -> dict[str, SqlFile]:
    """Labels of the night itself lie in the future: they are not built."""
    labelled = context.cutoff in context.cutoffs.labelled
    return {name: file for name, file in files.items() if labelled or not file.is_label}


def _computed_below(files: Mapping[str, SqlFile], context: SnapshotContext) -> set[Path]:
    """The computed tables that *files* read as of the context's cutoff."""
    found: set[Path] = set()
    for file in files.values():
        known_before = context.received_before(file)
        found |= set(kept_tables(file.dependencies, context, known_before).values())
    return found


def _expose(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    connection.read_parquet(str(path)).create_view(name)


def _collect(path: Path, snapshots: Mapping[datetime, Mapping[str, Path]], night: datetime) -> None:
    """The run's own database: the night's tables, and a schema of views for each cutoff."""
    with duckdb.connect(str(path)) as connection:
        for cutoff, paths in snapshots.items():
            schema = cutoff_schema(cutoff)
            if cutoff != night:
                connection.execute(f'create schema "{schema}"')  # digits of a datetime
            for name, snapshot in paths.items():
                if cutoff == night:
                    connection.read_parquet(str(snapshot)).create(name)
                else:
                    connection.execute(_view(schema, name, str(snapshot)))


def _view(schema: str, name: str, snapshot: str) -> str:
    """The statement; what `relation.create_view` makes is gone when DuckDB 1.5 opens it again."""
    source = exp.select("*").from_(exp.func("read_parquet", exp.Literal.string(snapshot)))
    view = exp.table_(name, db=schema, quoted=True)
    return exp.Create(this=view, kind="VIEW", expression=source).sql(dialect="duckdb")
