"""Matrix factorisation by alternating least squares, from `implicit`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError
from pydantic import Field
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.factors import Factors
from pipelines.candidates.generator import Fresh, GeneratorError, Past
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


class Als(Factors):
    """Factors of users and items whose product is the preference (Hu, Koren, Volinsky 2008)."""

    reason: ClassVar[str] = "similar_baskets"

    @classmethod
    def fit(cls, past: Past, settings: AlsSettings) -> Self:
        """Raises `GeneratorError` when a factor is not finite."""
        matrix = _confidence(past, settings)
        # BLAS threads inside implicit's own threads make it several times slower.
        with threadpool_limits(1, "blas"):
            model = _model(past, settings)
            try:
                model.fit(matrix, show_progress=False)
            except ModelFitError:
                raise _not_finite(settings) from None
        user_factors = np.asarray(model.user_factors, dtype=np.float32)
        # Items nobody touched keep their random start: they must not be proposed.
        item_factors = np.asarray(model.item_factors, dtype=np.float32)
        item_factors[~past.interactions.seen_items] = 0
        if not (np.isfinite(user_factors).all() and np.isfinite(item_factors).all()):
            raise _not_finite(settings)
        return cls(user_factors, item_factors, past.interactions.matrix)

    def refreshed(self, fresh: Fresh, settings: AlsSettings) -> Self:
        """Factors of the users who had something new, solved against those of the items.

        The others keep theirs: a fit ends with the items, so that solving again would move users
        of whom nothing is new. Raises `GeneratorError` when a factor is not finite.
        """
        user_factors = np.zeros((len(fresh.rows), self._item_factors.shape[1]), dtype=np.float32)
        known = fresh.rows >= 0
        user_factors[known] = self._user_factors[fresh.rows[known]]
        changed = np.flatnonzero(fresh.changed)
        if len(changed):
            with threadpool_limits(1, "blas"):
                model = _model(fresh.past, settings)
                model.item_factors = self._item_factors
                matrix = _confidence(fresh.past, settings)[changed]
                user_factors[changed] = model.recalculate_user(changed, matrix)
        if not np.isfinite(user_factors).all():
            raise _not_finite(settings)
        return type(self)(user_factors, self._item_factors, fresh.past.interactions.matrix)


def _confidence(past: Past, settings: AlsSettings) -> csr_matrix:
    """users × items: what each pair counts over one of which nothing is known."""
    matrix = past.interactions.matrix.copy()
    matrix.data = settings.confidence * matrix.data**settings.count_power
    return matrix


def _model(past: Past, settings: AlsSettings) -> AlternatingLeastSquares:
    return AlternatingLeastSquares(
        factors=settings.factors,
        regularization=settings.regularization,
        alpha=1.0,
        iterations=settings.iterations,
        num_threads=past.threads,
        random_state=past.seed,
    )


def _not_finite(settings: AlsSettings) -> GeneratorError:
    return GeneratorError(
        f"als: factors are not finite with {settings}; lower confidence or raise regularization"
    )
