"""Models of LensKit, run in its own environment."""

from __future__ import annotations

import pandas as pd
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.knn import ItemKNNScorer
from lenskit.pipeline import Component, topn_pipeline
from lenskit.training import TrainingOptions
from scipy.sparse import csr_matrix

from benchmarks.peers_runners.job import (
    LIST_LENGTH,
    Fit,
    IntArray,
    ModelSettings,
    Recommend,
    do_job,
    pad_rows,
)


def fit_als(train: csr_matrix, settings: ModelSettings) -> Recommend:
    scorer = ImplicitMFScorer(
        embedding_size=settings.factors,
        epochs=settings.iterations,
        regularization=settings.regularization,
        weight=settings.confidence - 1,  # LensKit adds the 1 of an unseen pair
        user_embeddings="prefer",  # those of the fit: nothing came since
    )
    return _fit(scorer, train, settings)


def fit_item_item(train: csr_matrix, settings: ModelSettings) -> Recommend:
    scorer = ItemKNNScorer(
        feedback="implicit",
        max_nbrs=settings.neighbours,
        save_nbrs=settings.neighbours,
    )
    return _fit(scorer, train, settings)


def _fit(scorer: Component, train: csr_matrix, settings: ModelSettings) -> Recommend:
    pairs = train.tocoo()
    frame = pd.DataFrame({"user_id": pairs.row, "item_id": pairs.col})
    pipeline = topn_pipeline(scorer, n=LIST_LENGTH)
    pipeline.train(from_interactions_df(frame), TrainingOptions(rng=settings.seed))

    def lists(users: IntArray) -> IntArray:
        # In one process: handing the model to two took longer for 5,000 users.
        found = recommend(pipeline, users.tolist(), LIST_LENGTH, n_jobs=1)
        return pad_rows([found.lookup(user_id=user).ids() for user in users.tolist()])

    return lists


MODELS: dict[str, Fit] = {"als": fit_als, "item_item": fit_item_item}

if __name__ == "__main__":
    do_job(MODELS)
