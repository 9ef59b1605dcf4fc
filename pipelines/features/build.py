"""Builds every feature and label table of a night, and the run's `features.duckdb`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression
from sqlglot import exp

from pipelines.features.folder import load_folder, upstream
from pipelines.features.sandbox import lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.features.snapshots import (
    SnapshotContext,
    read_key,
    snapshot_keys,
    write_snapshot,
)
from pipelines.features.sql_file import SqlFile
from pipelines.files import hash_json, replacing, write_json
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.lake import Lake
from pipelines.moments import Cutoffs, NightSettings, compact
from pipelines.progress import progress
from pipelines.runs import Run
from pipelines.sources.settings import EventSettings
from settings import Settings
from settings.project import var_directory

SNAPSHOTS = "snapshots.json"  # the files that a run's tables come from, below var's snapshots/

log = logging.getLogger("nightshelf")


def build_features(run: Run) -> Mapping[str, Any]:
    """Tables of the night and of every past cutoff; unchanged snapshots are not rebuilt."""
    files = load_folder(features_directory(run.settings))
    cutoffs = run_cutoffs(run)
    contexts = [snapshot_context(run, run_lake(run), cutoffs, cutoff) for cutoff in cutoffs.all]
    built, snapshots = 0, {}
    for context in progress(contexts, "features", unit="cutoff"):
        files_at = _files_at(files, context)
        keys = snapshot_keys(files_at, context)
        built += build_cutoff(run, files_at, context, keys)
        snapshots[context.cutoff] = {n: context.path(f, keys[n]) for n, f in files_at.items()}
    with replacing(run.path("features.duckdb")) as beside:
        _collect(beside, snapshots, run.as_of)
    root = contexts[0].directory
    used = sorted(p.relative_to(root).as_posix() for at in snapshots.values() for p in at.values())
    write_json(run.path(SNAPSHOTS), used)
    tables = sum(len(_files_at(files, context)) for context in contexts)
    return {"files": len(files), "tables": tables, "rebuilt": built}


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
        weights_hash=hash_json(run.settings.read(EventSettings).weights),
    )


def build_cutoff(
    run: Run, files: Mapping[str, SqlFile], context: SnapshotContext, keys: Mapping[str, str]
) -> int:
    """Builds the tables of one cutoff that are not there under their key; how many that were."""
    paths = {name: context.path(file, keys[name]) for name, file in files.items()}
    stale = [name for name in files if run.is_rebuild or read_key(paths[name]) != keys[name]]
    for name in files.keys() - set(stale):
        paths[name].touch()  # it is in use: the retention spares what is young
    if not stale:
        return 0
    settings = run.settings.read(FeatureSettings)
    readable = [context.lake.directory, context.directory]
    with open_sandbox(settings, readable=readable, scratch=run.path("scratch")) as connection:
        _expose_base_tables(connection, run, context.lake)
        for name in files.keys() - set(stale):
            _expose(connection, paths[name], name)
        lock_sandbox(connection)
        _build_side_by_side(connection, files, stale, keys, context, run)
    return len(stale)


def _build_side_by_side(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[str, SqlFile],
    stale: list[str],
    keys: Mapping[str, str],
    context: SnapshotContext,
    run: Run,
) -> None:
    settings = run.settings.read(FeatureSettings)
    sorter = TopologicalSorter({n: set(upstream(files, n)) & set(stale) for n in stale})
    sorter.prepare()

    def build(name: str) -> str:
        # A cursor is a connection of its own to the same sandbox: one a thread.
        with connection.cursor() as cursor:
            write_snapshot(cursor, files[name], context, keys[name], settings)
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


def _files_at(files: Mapping[str, SqlFile], context: SnapshotContext) -> dict[str, SqlFile]:
    """Labels of the night itself lie in the future: they are not built."""
    labelled = context.cutoff in context.cutoffs.labelled
    return {name: file for name, file in files.items() if labelled or not file.is_label}


def _expose_base_tables(connection: duckdb.DuckDBPyConnection, run: Run, lake: Lake) -> None:
    seen = connection.read_parquet([str(path) for path in lake.event_files(before=run.as_of)])
    seen = seen.filter(ColumnExpression("event_at") < ConstantExpression(run.as_of))
    read_at = datetime.fromisoformat(run.manifest["snapshot_at"])
    seen.filter(ColumnExpression("received_at") < ConstantExpression(read_at)).create("events")
    for table in ("items", "users"):
        connection.read_parquet(str(lake.table_file(table))).create(table)
    weights = run.settings.read(EventSettings).weights
    columns = {"event_type": list(weights), "weight": list(weights.values())}
    connection.from_arrow(pa.table(columns)).create("event_weights")


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
