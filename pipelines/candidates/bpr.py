"""Matrix factorisation that learns to rank what a user had above what not, from `implicit`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from implicit.bpr import BayesianPersonalizedRanking
from pydantic import Field

from pipelines.candidates.factors import Factors
from pipelines.candidates.generator import GeneratorError, Past
from settings import Section


class BprSettings(Section):
    """How BPR learns; one pass takes as many samples as there are pairs."""

    factors: Annotated[int, Field(ge=1, le=2048)] = 64  # numbers that describe a user, an item
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05  # how much one sample corrects
    regularization: Annotated[float, Field(ge=0)] = 0.01  # more keeps factors smaller
    iterations: Annotated[int, Field(ge=1, le=2000)] = 100  # passes over the pairs


class Bpr(Factors):
    """Factors fitted to pairwise preferences (Rendle et al. 2009)."""

    reason: ClassVar[str] = "similar_baskets"

    @classmethod
    def fit(cls, past: Past, settings: BprSettings) -> Self:
        """Raises `GeneratorError` when a factor is not finite."""
        model = BayesianPersonalizedRanking(
            factors=settings.factors,
            learning_rate=settings.learning_rate,
            regularization=settings.regularization,
            iterations=settings.iterations,
            num_threads=1,  # two write into each other's factors: not reproducible
            random_state=past.seed,
        )
        interactions = past.interactions
        model.fit(interactions.matrix, show_progress=False)
        user_factors = np.asarray(model.user_factors, dtype=np.float32)
        item_factors = np.asarray(model.item_factors, dtype=np.float32)
        if not (np.isfinite(user_factors).all() and np.isfinite(item_factors).all()):
            raise GeneratorError(
                f"bpr: factors are not finite with {settings}; lower learning_rate"
            )
        # Who and what had no event keeps a random start: neither is proposed to or proposed.
        user_factors[np.diff(interactions.matrix.indptr) == 0] = 0
        item_factors[~interactions.seen_items] = 0
        return cls(user_factors, item_factors, interactions.matrix)
