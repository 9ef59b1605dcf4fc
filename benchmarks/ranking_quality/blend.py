"""The recipe: many generators, one LightGBM ranker, the same for every data set."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.ranking_quality.activity import item_columns, user_columns
from benchmarks.ranking_quality.problem import SEED, THREADS, Split
from pipelines.candidates.als import AlsSettings
from pipelines.candidates.ease import EaseSettings
from pipelines.candidates.generate import Candidates, CandidateSource
from pipelines.candidates.generator import NO_ITEM, Past, look_up
from pipelines.candidates.graph_filter import GraphFilterSettings
from pipelines.candidates.item_item import ItemItemSettings
from pipelines.candidates.known import fit_generator
from pipelines.candidates.settings import CandidateSettings
from pipelines.interactions import FloatArray, IntArray
from pipelines.ranking.crosses import cross_columns, cross_names
from pipelines.ranking.ranker import Ranker, fit_ranker
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import TrainingSet, _sample_negatives
from pipelines.surfaces import SurfaceSettings

# Generator → candidates a user.
GENERATORS = {
    "als": 60,
    "als_wide": 80,
    "bought_together": 30,
    "content": 30,
    "ease": 60,
    "forecast_popularity": 40,
    "graph_filter": 100,
    "item_bm25": 60,
    "item_item": 60,
    "next_item": 30,
    "recent_popularity": 40,
    "trending": 40,
    "user_knn": 60,
    "week_popularity": 20,
}
RANKING = RankingSettings(trees=120, leaves=31, max_users=15_000, negatives_per_user=60)
BLOCK = 2000

log = logging.getLogger("nightshelf.benchmarks")


def settings_for(past: Past) -> CandidateSettings:
    """Defaults, with as many factors as the catalogue is large."""
    n_items = int(past.interactions.seen_items.sum())
    factors = int(min(256, max(64, 2 ** round(np.log2(n_items / 64)))))
    return CandidateSettings(
        als=AlsSettings(factors=factors),
        als_wide=AlsSettings(factors=2 * factors, regularization=20.0),
        ease=EaseSettings(max_items=12_000),
        graph_filter=GraphFilterSettings(factors=2 * factors),
        item_bm25=ItemItemSettings(weighting="bm25", neighbours=200),
        item_item=ItemItemSettings(neighbours=200),
    )


def fit_source(past: Past, settings: CandidateSettings) -> CandidateSource:
    """Every generator of the recipe, fitted on *past*."""
    generators = {}
    for name in GENERATORS:
        started = time.monotonic()
        generators[name] = fit_generator(name, past, settings)
        log.info("fitted %s in %.1f s", name, time.monotonic() - started)
    surface = SurfaceSettings(repeats=False, generators=GENERATORS)
    return CandidateSource(generators, surface, past.interactions.matrix)


@dataclass(frozen=True)
class Columns:
    """What the ranker sees of candidates: generators, crosses, activity."""

    items: Mapping[str, FloatArray]
    users: Mapping[str, FloatArray]

    @classmethod
    def of(cls, past: Past) -> Columns:
        return cls(item_columns(past.interactions), user_columns(past.interactions))

    def of_candidates(self, candidates: Candidates) -> dict[str, FloatArray]:
        return {
            **{f"score.{name}": values for name, values in candidates.scores.items()},
            **{f"rank.{name}": values for name, values in candidates.ranks.items()},
            **dict(zip(cross_names(list(candidates.scores)), cross_columns(candidates), strict=True)),
            **{name: values[candidates.items] for name, values in self.items.items()},
            **{name: values[candidates.users] for name, values in self.users.items()},
        }


def training_set(split: Split, settings: CandidateSettings, seed: int) -> TrainingSet:
    """Candidates of sampled users of *split*, those they took marked; all others stay in."""
    source = fit_source(split.past, settings)
    columns = Columns.of(split.past)
    users = split.users
    random = np.random.default_rng(seed)
    if len(users) > RANKING.max_users:
        users = np.sort(random.choice(users, RANKING.max_users, replace=False))
    matrices, relevances, sizes = [], [], []
    names: list[str] = []
    for start in range(0, len(users), BLOCK):
        candidates = source.of_users(users[start : start + BLOCK])
        relevance = (look_up(split.truth, candidates.users, candidates.items) > 0).astype(np.float32)
        hit = np.bincount(candidates.users, weights=relevance, minlength=split.truth.shape[0]) > 0
        kept = hit[candidates.users]  # a list without a hit teaches nothing
        candidates, relevance = candidates.take(kept), relevance[kept]
        found = columns.of_candidates(candidates)
        keep = _sample_negatives(candidates.users, relevance, RANKING.negatives_per_user, random)
        found = {name: values[keep] for name, values in found.items()}
        names = list(found)
        matrices.append(np.stack(list(found.values()), axis=1))
        relevances.append(relevance[keep])
        sizes.append(np.unique(candidates.users[keep], return_counts=True)[1])
        log.info("training set: %d of %d users", min(start + BLOCK, len(users)), len(users))
    return TrainingSet(
        columns=names,
        matrix=np.vstack(matrices),
        relevance=np.concatenate(relevances),
        group_sizes=np.concatenate(sizes).astype(np.int32),
        sampling_rate=1.0,
    )


def train(sets: Sequence[TrainingSet]) -> Ranker:
    """LightGBM over all slices."""
    return fit_ranker(sets, {}, RANKING, seed=SEED, threads=THREADS)


@dataclass(frozen=True)
class Ranking:
    """Lists of *users*, best first, padded with `NO_ITEM`, and what they were chosen from."""

    lists: IntArray
    alone: Mapping[str, IntArray]  # each generator's own list
    n_candidates: float  # mean a user
    union_recall: float  # mean share of the truth among the candidates


def rank(
    past: Past,
    source: CandidateSource,
    ranker: Ranker,
    users: IntArray,
    depth: int,
    read_truth: csr_matrix,
) -> Ranking:
    """The best *depth* items of every user."""
    columns = Columns.of(past)
    lists, n_candidates, recalls = [], 0, []
    alone: dict[str, list[IntArray]] = {name: [] for name in source.generators}
    for start in range(0, len(users), BLOCK):
        block = users[start : start + BLOCK]
        candidates = source.of_users(block)
        found = columns.of_candidates(candidates)
        matrix = np.stack(list(found.values()), axis=1)
        scores = ranker.score(matrix, list(found), THREADS)
        lists.append(_first(candidates.users, candidates.items, scores, block, depth))
        for name, ranks in candidates.ranks.items():
            alone[name].append(_first(candidates.users, candidates.items, -ranks, block, depth))
        n_candidates += len(candidates.users)
        hits = look_up(read_truth, candidates.users, candidates.items) > 0
        found_hits = np.bincount(candidates.users[hits], minlength=read_truth.shape[0])[block]
        recalls.append(found_hits / np.diff(read_truth.indptr)[block])
        log.info("ranked %d of %d users", min(start + BLOCK, len(users)), len(users))
    return Ranking(
        lists=np.vstack(lists),
        alone={name: np.vstack(blocks) for name, blocks in alone.items()},
        n_candidates=n_candidates / len(users),
        union_recall=float(np.concatenate(recalls).mean()),
    )


def _first(
    users: IntArray, items: IntArray, scores: FloatArray, wanted: IntArray, depth: int
) -> IntArray:
    """The *depth* best items of each of *wanted*; a NaN score is no proposal."""
    order = np.lexsort((items, -scores, users))
    order = order[~np.isnan(scores[order])]
    users, items = users[order], items[order]
    starts = np.searchsorted(users, wanted)
    ends = np.searchsorted(users, wanted, side="right")
    lists = np.full((len(wanted), depth), NO_ITEM, dtype=np.int32)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        best = items[start : min(end, start + depth)]
        lists[row, : len(best)] = best
    return lists
