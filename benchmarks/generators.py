"""What each generator adds on the demo's data, and what it costs: the table behind the defaults.

Fitted at the newest training cutoff of the night, judged by what happened in the window after it,
never by the evaluated one. Prints a table a surface, and one JSON line last.
`python -m benchmarks.generators FOLDER` writes the night's data and features below FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines.candidates.fit import load_past
from pipelines.candidates.generator import NO_ITEM, Generator, GeneratorError, Past
from pipelines.candidates.known import GENERATORS, fit_generator
from pipelines.candidates.settings import CandidateSettings
from pipelines.evaluation.metrics import find_hits, ndcg
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.night import begin_night, do_stage
from pipelines.ranking.labels import load_labels
from pipelines.ranking.training_set import labelled_users
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from settings import load_settings

BEFORE = ("index", "check_events", "features")
N_CANDIDATES = 100  # of each generator, for each user
SMALL = ("own_most_frequent", "item_item", "recent_popularity")


@dataclass(frozen=True)
class Row:
    """One generator on one surface."""

    generator: str
    default: bool  # whether the surface uses it
    fit_seconds: float
    candidate_seconds: float
    ndcg_at_20: float
    recall: float  # of its candidates
    added: float  # recall of what none of the surface's other generators names


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if options.folder is None else options.folder
        os.environ["NIGHTSHELF__PROJECT__VAR"] = str(folder.resolve())
        run = begin_night(load_settings())
        for stage in BEFORE:
            do_stage(run, stage)
        tables = _measure(run, SMALL if options.small else tuple(GENERATORS))
    for surface, rows in tables.items():
        _print_table(surface, rows)
    found = {surface: [asdict(row) for row in rows] for surface, rows in tables.items()}
    print(json.dumps({"benchmark": "generators", "candidates": N_CANDIDATES, "surfaces": found}))


def _measure(run: Run, names: tuple[str, ...]) -> dict[str, list[Row]]:
    index = load_index(run)
    cutoff = run_cutoffs(run).training[0]
    past = load_past(run, index, cutoff)
    settings = run.settings.read(CandidateSettings)
    models, seconds = {}, {}
    for name in names:
        started = time.monotonic()
        try:
            models[name] = fit_generator(name, past, settings)
        except GeneratorError as error:
            print(f"skipped {name}: {error}", file=sys.stderr)
            continue
        seconds[name] = time.monotonic() - started
        print(f"fitted {name} in {seconds[name]:.1f} s", file=sys.stderr)
    surfaces = run.settings.read(SurfacesSettings)
    return {
        surface: _judge(
            models,
            seconds,
            past,
            load_labels(run, index, surfaces[surface].label, cutoff),
            repeats=surfaces[surface].repeats,
            used=set(surfaces[surface].generators),
        )
        for surface in surfaces.names
    }


def _judge(
    models: dict[str, Generator],
    fit_seconds: dict[str, float],
    past: Past,
    truth: csr_matrix,
    *,
    repeats: bool,
    used: set[str],
) -> list[Row]:
    history = past.interactions.matrix
    users = labelled_users(history, truth)
    sizes = np.diff(truth.indptr)[users].astype(np.int32)
    keys, hits, seconds, headline = {}, {}, {}, {}
    for name, model in models.items():
        started = time.monotonic()
        items = model.candidates(users, N_CANDIDATES, None if repeats else history[users])
        seconds[name] = time.monotonic() - started
        found = find_hits(items, users, truth)
        headline[name] = float(ndcg(found, sizes, 20).mean())
        hits[name] = float((found.sum(axis=1) / sizes).mean())
        keys[name] = _hit_pairs(items, users, found, truth.shape[1])
    rows = []
    for name in models:
        others = [keys[other] for other in models if other in used and other != name]
        new = np.setdiff1d(keys[name], np.concatenate(others) if others else [])
        of_user = np.bincount(new // truth.shape[1], minlength=truth.shape[0])[users]
        rows.append(
            Row(
                generator=name,
                default=name in used,
                fit_seconds=round(fit_seconds[name], 1),
                candidate_seconds=round(seconds[name], 1),
                ndcg_at_20=round(headline[name], 4),
                recall=round(hits[name], 4),
                added=round(float((of_user / sizes).mean()), 4),
            )
        )
    return sorted(rows, key=lambda row: (not row.default, -row.added))


def _hit_pairs(items: IntArray, users: IntArray, found: np.ndarray, n_items: int) -> np.ndarray:
    """One number for each candidate that came true."""
    pairs = users.astype(np.int64)[:, None] * n_items + np.where(items == NO_ITEM, 0, items)
    return np.asarray(pairs[found])


def _print_table(surface: str, rows: list[Row]) -> None:
    head = f"{'fit s':>7} {'cand. s':>8} {'NDCG@20':>8} {f'recall@{N_CANDIDATES}':>11} {'added':>7}"
    print(f"{surface:20} used {head}")
    for row in rows:
        mark = "yes" if row.default else ""
        print(
            f"{row.generator:20} {mark:4} {row.fit_seconds:7.1f} {row.candidate_seconds:8.1f} "
            f"{row.ndcg_at_20:8.4f} {row.recall:11.4f} {row.added:7.4f}"
        )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="default: a temporary one")
    parser.add_argument("--small", action="store_true", help="three generators only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
