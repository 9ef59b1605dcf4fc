"""`python -m benchmarks.ranking_quality DATASET FOLDER`: a table, and one JSON line last."""

from __future__ import annotations

import argparse
import json
import logging
import resource
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.ranking_quality.blend import fit_source, rank, settings_for, train, training_set
from benchmarks.ranking_quality.movietweetings import read_movietweetings
from benchmarks.ranking_quality.online_retail import read_online_retail
from benchmarks.ranking_quality.pairs import read_split
from benchmarks.ranking_quality.problem import SEED, Problem, Split
from pipelines.candidates.settings import CandidateSettings
from pipelines.evaluation.metrics import find_hits, ndcg, recall
from settings.errors import NightshelfError

PUBLISHED = {
    "gowalla": {
        "popularity": (0.0416, 0.0317), "EASE^R": (0.1765, 0.1467), "LightGCN": (0.1830, 0.1554),
        "GF-CF": (0.1849, 0.1518), "UltraGCN": (0.1862, 0.1580), "SimpleX": (0.1872, 0.1557),
    },
    "amazon_beauty": {"popularity": (0.0352, 0.0176), "NGCF": (0.1513, 0.0917), "SimpleX": (0.1721, 0.1028)},
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--validate", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr, level=logging.INFO)
    readers = {"movietweetings": read_movietweetings, "online_retail": read_online_retail}
    read = readers.get(options.dataset)
    problem = read(options.folder) if read else read_split(options.folder, PUBLISHED.get(options.dataset, {}))
    run(problem)
    return 0


def run(problem: Problem) -> None:
    started = time.monotonic()
    settings = settings_for(problem.past)
    slices = problem.hold_out()
    sets = [training_set(split, settings, SEED) for split in slices]
    print([s.matrix.shape for s in sets], [float(s.relevance.sum()) for s in sets], time.monotonic()-started)
    ranker = train(sets)
    print("trained", time.monotonic()-started)
    print(sorted(ranker.importance().items(), key=lambda x: -x[1])[:15])
    source = fit_source(problem.past, settings)
    truth = problem.read_test()
    test = Split(problem.past, truth)
    ranking = rank(problem.past, source, ranker, test.users, problem.depth, truth)
    sizes = np.diff(truth.indptr)[test.users]
    for name, lists in {**ranking.alone, "blend": ranking.lists}.items():
        hits = find_hits(lists, test.users, truth)
        print(f"{name:20} {recall(hits, sizes, problem.depth).mean():.4f} {ndcg(hits, sizes, problem.depth).mean():.4f}")
    print("candidates", ranking.n_candidates, "union recall", ranking.union_recall, "users", len(test.users))
    print("seconds", time.monotonic() - started, "MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    sys.exit(main())
