"""How fast pairs are scored: joining features and scoring against plain `Booster.predict`.

All three work on the same pairs, and the last two on the same matrix, in turns.
Prints one JSON line last. `python benchmarks/scoring.py --users 2000 --candidates 250`
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines.candidates.generate import BLOCK_USERS, Candidates
from pipelines.interactions import FloatArray
from pipelines.ranking.feature_columns import CodedTable, FeatureColumns, GrainCodes
from pipelines.ranking.matrix import build_matrix, column_names
from pipelines.ranking.ranker import Ranker, bin_rows, fit_ranker
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import TrainingSet

GENERATORS = ("als", "item_item", "own_most_frequent", "recent_popularity", "segment_popularity")
# Columns of made tables: of the user, of the item, and of every other pair of both.
COLUMNS = {("user_id",): 30, ("item_id",): 35, ("user_id", "item_id"): 60}
TRAINING_USERS = 500


def made_candidates(n_users: int, n_items: int, per_user: int) -> Candidates:
    """*per_user* items of each user, every generator proposing about a third of them."""
    random = np.random.default_rng(0)
    items = [np.sort(random.choice(n_items, per_user, replace=False)) for _ in range(n_users)]
    n_pairs = n_users * per_user
    scores = {name: random.random(n_pairs).astype(np.float32) for name in GENERATORS}
    ranks = {
        name: np.where(values > 2 / 3, np.ceil(values * 100), np.nan).astype(np.float32)
        for name, values in scores.items()
    }
    users = np.repeat(np.arange(n_users, dtype=np.int32), per_user)
    return Candidates(users, np.concatenate(items).astype(np.int32), scores, ranks)


def made_features(candidates: Candidates, n_users: int, n_items: int) -> FeatureColumns:
    """Tables of all three grains; one by pair has a row for every other candidate."""
    codes = {
        "user_id": GrainCodes(
            pa.array(range(n_users)), np.arange(n_users, dtype=np.int32), of_users=True
        ),
        "item_id": GrainCodes(
            pa.array(range(n_items)), np.arange(n_items, dtype=np.int32), of_users=False
        ),
    }
    pairs = candidates.users.astype(np.int64) * codes["item_id"].size + candidates.items
    keys = {
        ("user_id",): np.arange(n_users, dtype=np.int64),
        ("item_id",): np.arange(n_items, dtype=np.int64),
        ("user_id", "item_id"): pairs[::2],
    }
    random = np.random.default_rng(1)
    tables = []
    for grain, n in COLUMNS.items():
        values = random.random((len(keys[grain]) + 1, n)).astype(np.float32)
        values[-1] = np.nan
        names = [f"{'_'.join(grain)}.{k}" for k in range(n)]
        tables.append(CodedTable(grain, keys[grain], names, values))
    return FeatureColumns(tables, codes)


def made_ranker(candidates: Candidates, features: FeatureColumns, per_user: int) -> Ranker:
    """A ranker of the default size, fitted on the first users and made labels."""
    rows = candidates.take(candidates.users < TRAINING_USERS)
    matrix = build_matrix(rows, features)
    signal = np.nan_to_num(matrix[:, 0] + matrix[:, -1] + matrix[:, 20])
    relevance = (signal > np.quantile(signal, 0.9)).astype(np.float32)
    sizes = np.full(len(matrix) // per_user, per_user, dtype=np.int32)
    columns = column_names(GENERATORS, features)
    training = TrainingSet(columns, matrix, relevance, sizes, 1.0)
    settings = RankingSettings()
    return fit_ranker(bin_rows([training], {}, settings, threads=1), settings, seed=0)


def seconds_of(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure all three in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--candidates", type=int, default=250, help="items of each user")
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="500 users, 100 items of each")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.users, chosen.candidates, chosen.items = 500, 100, 5_000
    candidates = made_candidates(chosen.users, chosen.items, chosen.candidates)
    features = made_features(candidates, chosen.users, chosen.items)
    ranker = made_ranker(candidates, features, chosen.candidates)
    seconds: dict[str, list[float]] = {"joined": [], "score": [], "predict": []}
    for _ in range(chosen.rounds):
        turn = dict.fromkeys(seconds, 0.0)
        for start in range(0, chosen.users, BLOCK_USERS):
            within = (candidates.users >= start) & (candidates.users < start + BLOCK_USERS)
            for name, spent in measure_block(candidates.take(within), features, ranker, chosen):
                turn[name] += spent
        for name, spent in turn.items():
            seconds[name].append(spent)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    n_pairs = len(candidates.users)
    result = {
        "pairs": n_pairs,
        "columns": len(ranker.columns),
        "trees": ranker.booster.num_trees(),
        "threads": chosen.threads,
        "joined_pairs_per_s": round(n_pairs / median["joined"]),
        "score_pairs_per_s": round(n_pairs / median["score"]),
        "predict_pairs_per_s": round(n_pairs / median["predict"]),
        "joined_ratio": round(median["predict"] / median["joined"], 3),
        "score_ratio": round(median["predict"] / median["score"], 3),
    }
    print(json.dumps(result))


def measure_block(
    block: Candidates, features: FeatureColumns, ranker: Ranker, chosen: argparse.Namespace
) -> list[tuple[str, float]]:
    """Seconds of joining and scoring, of scoring alone, and of LightGBM itself."""
    columns = column_names(GENERATORS, features)

    def score(matrix: FloatArray) -> FloatArray:
        return ranker.score(matrix, columns, chosen.threads)

    matrix = build_matrix(block, features)
    return [
        ("joined", seconds_of(lambda: score(build_matrix(block, features)))),
        ("score", seconds_of(lambda: score(matrix))),
        ("predict", seconds_of(lambda: ranker.booster.predict(matrix, num_threads=chosen.threads))),
    ]


if __name__ == "__main__":
    main()
