"""Our own models, run as the peers are: each in a process of its own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from benchmarks.peers_runners.job import (
    LIST_LENGTH,
    Fit,
    ModelSettings,
    Recommend,
    do_job,
)
from pipelines.candidates.als import Als, AlsSettings
from pipelines.candidates.ease import Ease, EaseSettings
from pipelines.candidates.generator import Generator, Past
from pipelines.candidates.item_item import ItemItem, ItemItemSettings
from pipelines.interactions import Interactions


def fit_als(train: csr_matrix, settings: ModelSettings) -> Recommend:
    als = AlsSettings(
        factors=settings.factors,
        regularization=settings.regularization,
        confidence=settings.confidence,
        iterations=settings.iterations,
    )
    return _recommend(Als.fit(_past(train, settings), als), train)


def fit_item_item(train: csr_matrix, settings: ModelSettings) -> Recommend:
    item_item = ItemItemSettings(neighbours=settings.neighbours)
    return _recommend(ItemItem.fit(_past(train, settings), item_item), train)


def fit_item_bm25(train: csr_matrix, settings: ModelSettings) -> Recommend:
    item_bm25 = ItemItemSettings(weighting="bm25", neighbours=settings.neighbours)
    return _recommend(ItemItem.fit(_past(train, settings), item_bm25), train)


def fit_ease(train: csr_matrix, settings: ModelSettings) -> Recommend:
    return _recommend(Ease.fit(_past(train, settings), EaseSettings()), train)


def _past(train: csr_matrix, settings: ModelSettings) -> Past:
    """Every pair as one purchase at the cutoff: the files have neither moments nor weights."""
    pairs = train.tocoo()
    interactions = Interactions(
        users=pairs.row.astype(np.int32),
        items=pairs.col.astype(np.int32),
        weights=np.ones(pairs.nnz, dtype=np.float32),
        is_purchase=np.ones(pairs.nnz, dtype=bool),
        age_days=np.zeros(pairs.nnz, dtype=np.float32),
        sessions=np.full(pairs.nnz, -1, dtype=np.int32),
        n_users=train.shape[0],
        n_items=train.shape[1],
    )
    items = pa.table({"item_id": [str(number) for number in range(train.shape[1])]})
    return Past(interactions, items, seed=settings.seed, threads=settings.threads)


def _recommend(model: Generator, train: csr_matrix) -> Recommend:
    return lambda users: model.candidates(users, LIST_LENGTH, train[users])


# Each takes train pairs and settings and returns what makes lists.
MODELS: dict[str, Fit] = {
    "als": fit_als,
    "item_item": fit_item_item,
    "item_bm25": fit_item_bm25,
    "ease": fit_ease,
}

if __name__ == "__main__":
    do_job(MODELS)
