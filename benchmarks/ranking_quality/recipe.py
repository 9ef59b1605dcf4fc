"""Which generators, how many candidates, and which settings: one recipe for every data set."""

from __future__ import annotations

import logging

import numpy as np

from benchmarks.ranking_quality.problem import SEED, Split
from pipelines.candidates.als import AlsSettings
from pipelines.candidates.ease import EaseSettings
from pipelines.candidates.generator import Past
from pipelines.candidates.graph_filter import GraphFilterSettings
from pipelines.candidates.item_item import ItemItemSettings
from pipelines.candidates.popularity import PopularitySettings
from pipelines.candidates.settings import CandidateSettings
from pipelines.ranking.settings import RankingSettings
from pipelines.tuning.generators import tune_generator

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
USERS = 30_000  # of a slice, for the training set
NEGATIVES = 60  # a user
# Large trees pay where there is much to learn from; with little, a tree with fine bins learns
# single items by their exact counts.
MANY_POSITIVES = 40_000
FEW = RankingSettings(objective="lambdarank", trees=120, leaves=15, max_bins=15)
MANY = RankingSettings(objective="lambdarank", trees=120, leaves=31, max_bins=63)
# A trial of it costs little, and it gains most.
TUNED = ("graph_filter",)
TRIAL_PAIRS = 800_000  # pairs over all trials of a generator
MAX_TRIALS = 10
JUDGED_USERS = 2000

log = logging.getLogger("nightshelf.benchmarks")


def settings_for(past: Past) -> CandidateSettings:
    """The project's defaults, with more factors for a larger catalogue."""
    n_items = int(past.interactions.seen_items.sum())
    factors = int(np.clip(2 ** round(np.log2(n_items / 64)), 64, 256))
    return CandidateSettings(
        als=AlsSettings(factors=factors),
        als_wide=AlsSettings(factors=2 * factors, regularization=20.0),
        ease=EaseSettings(max_items=12_000),
        graph_filter=GraphFilterSettings(factors=2 * factors),
        item_bm25=ItemItemSettings(weighting="bm25", neighbours=200),
        item_item=ItemItemSettings(neighbours=200),
        recent_popularity=PopularitySettings(window_days=14.0),
    )


def ranking_for(n_positives: int) -> RankingSettings:
    """How the ranker is grown on so many pairs that came true."""
    return MANY if n_positives >= MANY_POSITIVES else FEW


def tune(split: Split, settings: CandidateSettings) -> CandidateSettings:
    """*settings* with what served a held-out *split* best; more trials for smaller data."""
    n_trials = min(MAX_TRIALS, TRIAL_PAIRS // max(split.seen.nnz, 1))
    if n_trials < 2:
        log.info("no tuning: one trial would be all")
        return settings
    random = np.random.default_rng(SEED)
    users = split.users
    users = np.sort(random.choice(users, min(len(users), JUDGED_USERS), replace=False))
    chosen = {}
    for name in TUNED:
        chosen[name], trials = tune_generator(
            name, split.past, split.truth, users, split.seen,
            n_trials=n_trials, seed=SEED, settings=settings,
        )  # fmt: skip
        log.info("tuned %s in %d trials: %s", name, len(trials), chosen[name])
    return settings.model_copy(update=chosen)
