"""Models of RecTools, run in its own environment."""

from __future__ import annotations

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel, ImplicitALSWrapperModel, ImplicitItemKNNWrapperModel
from rectools.models.base import ModelBase
from scipy.sparse import csr_matrix

from benchmarks.peers_runners.job import (
    LIST_LENGTH,
    NO_ITEM,
    Fit,
    IntArray,
    ModelSettings,
    Recommend,
    do_job,
)

# Chosen on pairs held out of the training part.
BM25_K1 = 10.0
BM25_B = 0.1
EASE_REGULARIZATION = 500.0


def fit_als(train: csr_matrix, settings: ModelSettings) -> Recommend:
    model = AlternatingLeastSquares(
        factors=settings.factors,
        regularization=settings.regularization,
        alpha=settings.confidence,
        iterations=settings.iterations,
        num_threads=settings.threads,
        random_state=settings.seed,
    )
    return _fit(ImplicitALSWrapperModel(model), train)


def fit_item_item(train: csr_matrix, settings: ModelSettings) -> Recommend:
    model = CosineRecommender(K=settings.neighbours, num_threads=settings.threads)
    return _fit(ImplicitItemKNNWrapperModel(model), train)


def fit_item_bm25(train: csr_matrix, settings: ModelSettings) -> Recommend:
    model = BM25Recommender(
        K=settings.neighbours, num_threads=settings.threads, K1=BM25_K1, B=BM25_B
    )
    return _fit(ImplicitItemKNNWrapperModel(model), train)


def fit_ease(train: csr_matrix, settings: ModelSettings) -> Recommend:
    model = EASEModel(EASE_REGULARIZATION, recommend_n_threads=settings.threads)
    return _fit(model, train)


def _fit(model: ModelBase, train: csr_matrix) -> Recommend:
    pairs = train.tocoo()
    frame = pd.DataFrame({Columns.User: pairs.row, Columns.Item: pairs.col})
    # Required by RecTools: every pair weighs the same, and all are of one day.
    frame[Columns.Weight] = 1
    frame[Columns.Datetime] = pd.Timestamp(2018, 1, 1)
    dataset = Dataset.construct(frame)
    model.fit(dataset)

    def lists(users: IntArray) -> IntArray:
        known = users[np.isin(users, pairs.row)]  # RecTools refuses others
        found = model.recommend(known, dataset, k=LIST_LENGTH, filter_viewed=True)
        lists = np.full((len(users), LIST_LENGTH), NO_ITEM, dtype=np.int32)
        rows = np.searchsorted(users, found[Columns.User])
        lists[rows, found[Columns.Rank] - 1] = found[Columns.Item]
        return lists

    return lists


MODELS: dict[str, Fit] = {
    "als": fit_als,
    "item_item": fit_item_item,
    "item_bm25": fit_item_bm25,
    "ease": fit_ease,
}

if __name__ == "__main__":
    do_job(MODELS)
