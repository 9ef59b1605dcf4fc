"""Matrix factorisation by alternating least squares, from `implicit`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError
from pydantic import Field
from threadpoolctl import threadpool_limits

from pipelines.candidates.factors import Factors
from pipelines.candidates.generator import GeneratorError, Past
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
        matrix = past.interactions.matrix.copy()
        matrix.data = settings.confidence * matrix.data**settings.count_power
        # BLAS threads inside implicit's own threads make it several times slower.
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=settings.factors,
                regularization=settings.regularization,
                alpha=1.0,
                iterations=settings.iterations,
                num_threads=past.threads,
                random_state=past.seed,
            )
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


def _not_finite(settings: AlsSettings) -> GeneratorError:
    return GeneratorError(
        f"als: factors are not finite with {settings}; lower confidence or raise regularization"
    )
