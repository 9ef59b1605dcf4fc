"""Many generators, one ranker: candidates, training set, scoring."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.ranking_quality.activity import item_columns, user_columns
from benchmarks.ranking_quality.problem import SEED, THREADS, Split
from benchmarks.ranking_quality.recipe import GENERATORS, NEGATIVES, USERS, ranking_for
from pipelines.candidates.generate import Candidates, CandidateSource
from pipelines.candidates.generator import NO_ITEM, Past, look_up
from pipelines.candidates.known import fit_generator
from pipelines.candidates.settings import CandidateSettings
from pipelines.interactions import FloatArray, IntArray
from pipelines.ranking.crosses import cross_columns, cross_names
from pipelines.ranking.ranker import Ranker, bin_rows, fit_ranker
from pipelines.ranking.training_set import TrainingSet, sample_negatives
from pipelines.surfaces import SurfaceSettings

BLOCK = 1000  # users whose candidates are held at once; what generators keep of a call

log = logging.getLogger("nightshelf.benchmarks")


@dataclass(frozen=True)
class Fitted:
    """The generators of one moment, and the columns of popularity and activity beside them."""

    source: CandidateSource
    items: Mapping[str, FloatArray]
    users: Mapping[str, FloatArray]

    def columns(self, candidates: Candidates) -> dict[str, FloatArray]:
        """What the ranker sees of each pair."""
        generators = list(candidates.scores)
        return {
            **{f"score.{name}": values for name, values in candidates.scores.items()},
            **{f"rank.{name}": values for name, values in candidates.ranks.items()},
            **dict(zip(cross_names(generators), cross_columns(candidates), strict=True)),
            **{name: values[candidates.items] for name, values in self.items.items()},
            **{name: values[candidates.users] for name, values in self.users.items()},
        }


def fit(past: Past, settings: CandidateSettings) -> Fitted:
    """Every generator of the recipe, fitted on *past*."""
    generators = {}
    for name in GENERATORS:
        started = time.monotonic()
        generators[name] = fit_generator(name, past, settings)
        log.info("fitted %s in %.1f s", name, time.monotonic() - started)
    surface = SurfaceSettings(repeats=False, generators=GENERATORS)
    source = CandidateSource(generators, surface, past.interactions.matrix)
    return Fitted(source, item_columns(past.interactions), user_columns(past.interactions))


def training_set(split: Split, settings: CandidateSettings) -> TrainingSet:
    """Candidates of users of *split*: those they took, and a sample of the others."""
    fitted = fit(split.past, settings)
    random = np.random.default_rng(SEED)
    users = split.users
    users = np.sort(random.choice(users, min(len(users), USERS), replace=False))
    names: list[str] = []
    matrices, relevances, sizes = [], [], []
    negatives = kept = 0
    for start in range(0, len(users), BLOCK):
        candidates = fitted.source.of_users(users[start : start + BLOCK])
        found = fitted.columns(candidates)
        relevance = (look_up(split.truth, candidates.users, candidates.items) > 0).astype("f4")
        keep = sample_negatives(candidates.users, relevance, NEGATIVES, random)
        names = list(found)
        matrices.append(np.stack([values[keep] for values in found.values()], axis=1))
        relevances.append(relevance[keep])
        sizes.append(np.unique(candidates.users[keep], return_counts=True)[1])
        negatives += int((relevance == 0).sum())
        kept += int((relevance[keep] == 0).sum())
        log.info("training set: %d of %d users", min(start + BLOCK, len(users)), len(users))
    return TrainingSet(
        columns=names,
        matrix=np.vstack(matrices),
        relevance=np.concatenate(relevances),
        group_sizes=np.concatenate(sizes).astype(np.int32),
        sampling_rate=kept / max(negatives, 1),
    )


def train(sets: Sequence[TrainingSet]) -> Ranker:
    """LightGBM over all slices."""
    settings = ranking_for(sum(int((s.relevance > 0).sum()) for s in sets))
    log.info("training the ranker: %s", settings)
    return fit_ranker(bin_rows(sets, {}, settings, threads=THREADS), settings, seed=SEED)


@dataclass(frozen=True)
class Ranking:
    """Lists of some users, best first, padded with `NO_ITEM`, and what they were chosen from."""

    lists: IntArray
    alone: Mapping[str, IntArray]  # each generator's own lists
    n_candidates: float  # mean a user
    union_recall: float  # mean share of the truth among the candidates: the ceiling


def rank(fitted: Fitted, ranker: Ranker, users: IntArray, depth: int, truth: csr_matrix) -> Ranking:
    """The best *depth* items of every user; *truth* only measures the ceiling."""
    lists, recalls = [], []
    alone: dict[str, list[IntArray]] = {name: [] for name in GENERATORS}
    n_candidates = 0
    for start in range(0, len(users), BLOCK):
        block = users[start : start + BLOCK]
        candidates = fitted.source.of_users(block)
        found = fitted.columns(candidates)
        scores = ranker.score(np.stack(list(found.values()), axis=1), list(found), THREADS)
        lists.append(_first(candidates, scores, block, depth))
        for name, ranks in candidates.ranks.items():
            alone[name].append(_first(candidates, -ranks, block, depth))
        n_candidates += len(candidates.users)
        hits = candidates.users[look_up(truth, candidates.users, candidates.items) > 0]
        found_hits = np.bincount(hits, minlength=truth.shape[0])[block]
        recalls.append(found_hits / np.diff(truth.indptr)[block])
        log.info("ranked %d of %d users", min(start + BLOCK, len(users)), len(users))
    return Ranking(
        lists=np.vstack(lists),
        alone={name: np.vstack(blocks) for name, blocks in alone.items()},
        n_candidates=n_candidates / len(users),
        union_recall=float(np.concatenate(recalls).mean()),
    )


def _first(candidates: Candidates, scores: FloatArray, wanted: IntArray, depth: int) -> IntArray:
    """The *depth* best items of each of *wanted*; a NaN score is no proposal."""
    order = np.lexsort((candidates.items, -scores, candidates.users))
    order = order[~np.isnan(scores[order])]
    users, items = candidates.users[order], candidates.items[order]
    starts = np.searchsorted(users, wanted)
    ends = np.searchsorted(users, wanted, side="right")
    lists = np.full((len(wanted), depth), NO_ITEM, dtype=np.int32)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        best = items[start : min(end, start + depth)]
        lists[row, : len(best)] = best
    return lists
