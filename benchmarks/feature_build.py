"""The whole folder on made events: built from nothing, after one file changed, and once more.

Each phase in a process of its own, so that its peak of memory is its own. In turns with the same
SQL in plain DuckDB, one file after the other: without keys, sandbox, order of rows and checks.
Prints one JSON line last. `python benchmarks/feature_build.py --events 5000000`
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.night import AS_OF, ROOT, make_data, make_settings
from benchmarks.peers_runners.memory import peak_mib
from pipelines.begin import begin_run
from pipelines.features.base_tables import expose_base_tables
from pipelines.features.build import (
    SNAPSHOTS,
    build_features,
    features_directory,
    files_at,
    snapshot_context,
)
from pipelines.features.folder import load_folder
from pipelines.features.rebuilt import REBUILT
from pipelines.features.tables.kept import show_computed_tables
from pipelines.files import read_json
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.lake import open_lake
from pipelines.moments import NightSettings
from pipelines.runs import Run
from pipelines.sources.ingest import ingest
from settings import Settings, load_settings
from settings.events import EventSettings
from settings.project import var_directory

PHASES = ("cold", "changed", "unchanged", "plain")
CHANGED = "user_item/user_item_history.sql"  # others read it
SMALL = {"users": 500, "items": 200, "events": 20_000, "rounds": 1}

logger = logging.getLogger("nightshelf.benchmarks")


def build(settings: Settings) -> dict[str, Any]:
    """The stage of a night; what was there under its key is reused."""
    run = _begin(settings)
    started = time.perf_counter()
    build_features(run)
    seconds = time.perf_counter() - started
    record = read_json(run.path(REBUILT))
    built = {name for names in record["rebuilt"].values() for name in names}
    rows = [
        pq.read_metadata(var_directory(settings) / "snapshots" / name).num_rows
        for name in read_json(run.path(SNAPSHOTS))
        if Path(name).stem.rpartition("-")[0] in built
    ]
    tables = sum(map(len, record["rebuilt"].values()))
    return {"seconds": seconds, "rows": sum(rows), "tables": tables, "reused": record["reused"]}


def build_plainly(settings: Settings) -> dict[str, Any]:
    """The same tables as a script would make them, with all threads for each query."""
    run = _begin(settings)
    files, cutoffs, lake = (
        load_folder(features_directory(settings)),
        run_cutoffs(run),
        run_lake(run),
    )
    threads = str(settings.read(NightSettings).threads)
    rows = tables = 0
    started = time.perf_counter()
    for cutoff in cutoffs.all:
        context = snapshot_context(run, lake, cutoffs, cutoff)
        folder = settings.path.parent / "plain" / f"{cutoff:%Y%m%d}"
        folder.mkdir(parents=True)
        with duckdb.connect(config={"threads": threads}) as connection:
            weights = settings.read(EventSettings).weights
            expose_base_tables(
                connection, lake, weights, event_before=run.as_of, received_before=run.as_of
            )
            files_here = files_at(files, context)
            show_computed_tables(
                connection,
                {table for file in files_here.values() for table in file.dependencies},
                replace(context, directory=folder),  # where nothing was kept
                known_before=None,
            )
            for name, file in files_here.items():
                path = str(folder / f"{name}.parquet")
                relation = connection.sql(file.sql, params=context.binds(file) or None)
                relation.write_parquet(path, compression="zstd")
                connection.read_parquet(path).create_view(name)
                rows += pq.read_metadata(path).num_rows
                tables += 1
    return {"seconds": time.perf_counter() - started, "rows": rows, "tables": tables}


def _begin(settings: Settings) -> Run:
    return begin_run(settings, open_lake(settings), AS_OF)


def do_phase(phase: str, folder: Path) -> None:
    """Does *phase* in this process and leaves its figures in `<phase>.json` of *folder*."""
    settings = load_settings(folder / "nightshelf.toml", environ={})
    work: Callable[[Settings], dict[str, Any]] = build_plainly if phase == "plain" else build
    before = time.process_time()
    figures = work(settings)
    figures |= {"cpu_seconds": time.process_time() - before, "peak_mib": round(peak_mib())}
    (folder / f"{phase}.json").write_text(json.dumps(figures), encoding="utf-8")


def run_phase(phase: str, folder: Path) -> dict[str, Any]:
    """*phase* in a new process; its figures."""
    command = [sys.executable, str(Path(__file__).resolve()), "--phase", phase, str(folder)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    figures: dict[str, Any] = read_json(folder / f"{phase}.json")
    logger.info("%s: %s", phase, figures)
    return figures


def run_round(folder: Path) -> dict[str, dict[str, Any]]:
    """All phases once, from a folder without any table."""
    for leftover in ("snapshots", "runs"):
        shutil.rmtree(folder / "var" / "bench" / leftover, ignore_errors=True)
    shutil.rmtree(folder / "plain", ignore_errors=True)
    file = folder / "feature_sql" / CHANGED
    text = file.read_text(encoding="utf-8")
    figures = {"cold": run_phase("cold", folder)}
    file.write_text(text + "-- changed, but for the rows\n", encoding="utf-8")
    figures |= {phase: run_phase(phase, folder) for phase in PHASES[1:]}
    file.write_text(text, encoding="utf-8")
    return figures


def make_project(folder: Path, chosen: argparse.Namespace) -> None:
    """Made events in a lake, and a copy of the folder that may be edited."""
    make_data(folder / "data", chosen.users, chosen.items, chosen.events)
    file = make_settings(folder).path
    text = file.read_text(encoding="utf-8").replace(f"{ROOT.as_posix()}/feature_sql", "feature_sql")
    file.write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "feature_sql", folder / "feature_sql")
    ingest(load_settings(file, environ={}))


def summarise(rounds: list[dict[str, dict[str, Any]]]) -> dict[str, Mapping[str, Any]]:
    """Of each phase the median seconds, rows a second, and the highest peak."""
    summary: dict[str, Mapping[str, Any]] = {}
    for phase in PHASES:
        runs = [figures[phase] for figures in rounds]
        seconds = statistics.median(run["seconds"] for run in runs)
        summary[phase] = {
            **{key: runs[0][key] for key in ("tables", "reused", "rows") if key in runs[0]},
            "seconds": round(seconds, 2),
            "cpu_seconds": round(statistics.median(run["cpu_seconds"] for run in runs), 2),
            "rows_per_s": round(runs[0]["rows"] / seconds),
            "peak_mib": max(run["peak_mib"] for run in runs),
        }
    return summary


def main() -> None:
    """Make the events, run all phases in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="20,000 events, one round")
    parser.add_argument("--phase", nargs=2, metavar=("PHASE", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    if chosen.phase:
        do_phase(chosen.phase[0], Path(chosen.phase[1]))
        return
    logger.setLevel(logging.INFO)
    if chosen.small:
        vars(chosen).update(SMALL)
    with tempfile.TemporaryDirectory(prefix="nightshelf-feature-build-") as name:
        folder = Path(name)
        make_project(folder, chosen)
        summary = summarise([run_round(folder) for _ in range(chosen.rounds)])
        n_files = len(load_folder(folder / "feature_sql"))
    ratio = round(summary["cold"]["seconds"] / summary["plain"]["seconds"], 3)
    print(
        json.dumps(
            {
                "benchmark": "feature_build",
                "events": chosen.events,
                "files": n_files,
                "changed_file": Path(CHANGED).stem,
                **summary,
                "ratio": ratio,
            }
        )
    )


if __name__ == "__main__":
    main()
