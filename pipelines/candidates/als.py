"""Matrix factorisation by alternating least squares, from `implicit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError
from pydantic import Field
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.arrays import load_arrays, save_arrays
from pipelines.candidates.generator import NO_ITEM, GeneratorError
from pipelines.interactions import FloatArray, IntArray, Interactions
from settings import Section


class AlsSettings(Section):
    """How implicit ALS factorises the user-item matrix."""

    factors: Annotated[int, Field(ge=1, le=2048)] = 64  # numbers that describe a user, an item
    regularization: Annotated[float, Field(ge=0)] = 10.0  # more keeps factors smaller
    # Weight of one seen interaction over an unseen one: the big lever.
    confidence: Annotated[float, Field(gt=0)] = 20.0
    iterations: Annotated[int, Field(ge=1, le=200)] = 10  # over all users, then all items
    # Exponent on summed weights: 0 counts a pair once, 1 counts every event.
    count_power: Annotated[float, Field(ge=0, le=1)] = 0.5


class Als:
    """Factors of users and items whose product is the preference (Hu, Koren, Volinsky 2008)."""

    def __init__(self, user_factors: FloatArray, item_factors: FloatArray) -> None:
        with threadpool_limits(1, "blas"):  # implicit warns about BLAS threads when it is made
            self._model = AlternatingLeastSquares(factors=user_factors.shape[1], num_threads=1)
        self._model.user_factors = user_factors
        self._model.item_factors = item_factors

    @classmethod
    def fit(
        cls, interactions: Interactions, settings: AlsSettings, *, seed: int, threads: int
    ) -> Self:
        """Raises `GeneratorError` when a factor is not finite."""
        matrix = interactions.matrix.copy()
        matrix.data = settings.confidence * matrix.data**settings.count_power
        # BLAS threads inside implicit's own threads make it several times slower.
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=settings.factors,
                regularization=settings.regularization,
                alpha=1.0,
                iterations=settings.iterations,
                num_threads=threads,
                random_state=seed,
            )
            try:
                model.fit(matrix, show_progress=False)
            except ModelFitError:
                raise _not_finite(settings) from None
        user_factors = np.asarray(model.user_factors, dtype=np.float32)
        # Items nobody touched keep their random start: they must not be proposed.
        item_factors = np.asarray(model.item_factors, dtype=np.float32)
        item_factors[~interactions.seen_items] = 0
        if not (np.isfinite(user_factors).all() and np.isfinite(item_factors).all()):
            raise _not_finite(settings)
        return cls(user_factors, item_factors)

    def propose(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        n_items = self._model.item_factors.shape[0]
        with threadpool_limits(1, "blas"):
            ids, scores = self._model.recommend(
                users, seen, N=min(k, n_items), filter_already_liked_items=seen is not None
            )
        top = np.full((len(users), k), NO_ITEM, dtype=np.int32)
        # implicit pads a row that runs out of items with the lowest float.
        top[:, : ids.shape[1]] = np.where(scores > np.finfo(np.float32).min / 2, ids, NO_ITEM)
        return top

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        scores = np.empty(len(users), dtype=np.float32)
        for start in range(0, len(users), 65_536):
            part = slice(start, start + 65_536)
            rows = self._model.user_factors[users[part]]
            scores[part] = np.einsum("ij,ij->i", rows, self._model.item_factors[items[part]])
        return scores

    def save(self, path: Path) -> None:
        factors = {"user": self._model.user_factors, "item": self._model.item_factors}
        save_arrays(path, factors)

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        return cls(arrays["user"], arrays["item"])


def _not_finite(settings: AlsSettings) -> GeneratorError:
    return GeneratorError(
        f"als: factors are not finite with {settings}; lower confidence or raise regularization"
    )
