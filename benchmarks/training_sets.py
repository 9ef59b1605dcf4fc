"""`historical_features` beside Feast's `get_historical_features`, on the same rows in the same run.

Each in a process of its own, in turns, from the spine's Parquet file to a table in memory; then
all values are compared. Prints one JSON line last.

`python -m benchmarks.training_sets --rows 2000000 --users 900000 --items 225000 --cutoffs 10`
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers_runners.environments import EnvironmentNotMadeError, make_environment
from benchmarks.peers_runners.made_snapshots import Shape, make_job
from settings.errors import NightshelfError

ROOT = Path(__file__).resolve().parents[1]
OURS, FEAST = "nightshelf", "feast"
SMALL = Shape(rows=20_000, users=4_000, items=1_000, cutoffs=4)
SMALL_SECONDS = 30.0  # for making Feast's environment with --small
SEED = 0

logger = logging.getLogger("nightshelf.benchmarks")


class RunnerFailedError(NightshelfError):
    """A process ended without a training set."""


def choose_pythons(folder: Path, limit: float | None) -> tuple[dict[str, Path], dict[str, str]]:
    """The Python of each, and why Feast has none."""
    pythons = {OURS: Path(sys.executable)}
    requirements = ROOT / "benchmarks" / "peers_runners" / f"{FEAST}.txt"
    try:
        pythons[FEAST] = make_environment(requirements, folder, seconds=limit)
    except EnvironmentNotMadeError as error:
        return pythons, {FEAST: str(error)}
    return pythons, {}


def run_once(name: str, python: Path, job: Path) -> dict[str, Any]:
    """What one run took; its training set is `<name>.parquet` of *job*.

    Raises `RunnerFailedError` with the last line that its process wrote.
    """
    command = [str(python), "-m", f"benchmarks.peers_runners.{name}_training_set", str(job)]
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment = {**ours, "PYTHONPATH": str(ROOT), "FEAST_USAGE": "False"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = (lines or ["no message"])[-1].strip()
        raise RunnerFailedError(f"ended with code {done.returncode}: {reason}")
    figures: dict[str, Any] = json.loads((job / f"{name}.json").read_text(encoding="utf-8"))
    return figures


def run_in_turns(
    pythons: Mapping[str, Path], job: Path, rounds: int, skipped: dict[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Figures of every run of everybody; *skipped* gains the reason of one that failed."""
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    for number in range(rounds):
        for name, python in pythons.items():
            if name not in skipped:
                try:
                    figures[name].append(run_once(name, python, job))
                    logger.info("%s, round %d: %s", name, number + 1, figures[name][-1])
                except RunnerFailedError as error:
                    if name == OURS:
                        raise
                    skipped[name] = str(error)
    return {name: found for name, found in figures.items() if name not in skipped}


def compare_values(ours: pa.Table, theirs: pa.Table, tables: Mapping[str, Any]) -> dict[str, int]:
    """All cells of all features, row by row: how many there are, have a value, and differ."""
    ours, theirs = ours.sort_by("row"), theirs.sort_by("row")
    if not ours["row"].equals(theirs["row"]):
        return {"cells": 0, "with_value": 0, "differing": max(len(ours), len(theirs))}
    found = {"cells": 0, "with_value": 0, "differing": 0}
    for table, made in tables.items():
        for column in made["columns"]:
            mine = ours[f"{table}.{column}"].combine_chunks()
            other = theirs[f"{table}__{column}"].combine_chunks().cast(mine.type)
            same = pc.if_else(pc.is_null(mine), pc.is_null(other), pc.equal(mine, other))
            found["cells"] += len(mine)
            found["with_value"] += len(mine) - mine.null_count
            found["differing"] += len(mine) - pc.sum(pc.fill_null(same, False)).as_py()
    return found


def summarise(figures: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Median seconds, all seconds and the highest peak of each."""
    return {
        name: {
            "seconds": round(statistics.median(run["seconds"] for run in runs), 2),
            "all_seconds": [round(run["seconds"], 2) for run in runs],
            "peak_mib": round(max(run["peak_mib"] for run in runs)),
        }
        for name, runs in figures.items()
    }


def measure(shape: Shape, rounds: int, environments: Path, limit: float | None) -> dict[str, Any]:
    """The whole benchmark; the result's keys are on the page of benchmarks."""
    pythons, skipped = choose_pythons(environments, limit)
    with tempfile.TemporaryDirectory(prefix="nightshelf-training-sets-") as name:
        folder = Path(name)
        logger.info("making %d rows and %d of snapshots", shape.rows, shape.snapshot_rows)
        job = make_job(folder, shape, SEED)
        figures = run_in_turns(pythons, folder, rounds, skipped)
        result = {
            "benchmark": "training_sets",
            "rows": shape.rows,
            "snapshot_rows": shape.snapshot_rows,
            "cutoffs": shape.cutoffs,
            "features": sum(len(table["columns"]) for table in job["tables"].values()),
            "states": figures[OURS][-1]["rows"],
            **summarise(figures),
            "skipped": skipped,
        }
        if FEAST in figures:
            ours, theirs = (pq.read_table(folder / f"{name}.parquet") for name in (OURS, FEAST))
            result["values"] = compare_values(ours, theirs, job["tables"])
            result["feast_version"] = figures[FEAST][-1]["version"]
            result["feast_join_seconds"] = [round(r["join_seconds"], 2) for r in figures[FEAST]]
            result["ratio"] = round(result[FEAST]["seconds"] / result[OURS]["seconds"], 2)
    return result


def main(words: Sequence[str] | None = None) -> None:
    """Make the rows, run both, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the spine")
    parser.add_argument("--users", type=int, default=900_000)
    parser.add_argument("--items", type=int, default=225_000)
    parser.add_argument("--cutoffs", type=int, default=10, help="at least 3")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each")
    parser.add_argument("--environments", type=Path, default=ROOT / "var" / "benchmarks" / "peers")
    parser.add_argument("--small", action="store_true", help="20,000 rows, one round")
    chosen = parser.parse_args(words)
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)
    shape = Shape(chosen.rows, chosen.users, chosen.items, chosen.cutoffs)
    if chosen.small:
        result = measure(SMALL, 1, chosen.environments, SMALL_SECONDS)
    else:
        result = measure(shape, chosen.rounds, chosen.environments, None)
    for name, reason in result["skipped"].items():
        print(f"{name} skipped: {reason}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
