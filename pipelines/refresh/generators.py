"""The run's generators for some users at a later moment: items frozen, users as fresh as can be."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM, Explaining, Fresh, Generator, Refreshing
from pipelines.interactions import FloatArray, IntArray


class AsFitted:
    """A generator that cannot take in new events: users keep what it knew, new ones get nothing.

    *rows* says of each user the number when it was fitted, -1 of those that it does not know.
    """

    def __init__(self, model: Generator, rows: IntArray) -> None:
        self._model = model
        self._rows = rows

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        """As `Generator.candidates`."""
        top = np.full((len(users), k), NO_ITEM, dtype=np.int32)
        known = self._rows[users] >= 0
        if known.any():
            owned = None if seen is None else seen[np.flatnonzero(known)]
            top[known] = self._model.candidates(self._rows[users[known]], k, owned)
        return top

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        """As `Generator.score`; NaN for users that the model does not know."""
        scores = np.full(len(users), np.nan, dtype=np.float32)
        known = self._rows[users] >= 0
        if known.any():
            scores[known] = self._model.score(self._rows[users[known]], items[known])
        return scores

    def nearest_own_items(self, users: IntArray, items: IntArray) -> IntArray:
        """As `Explaining.nearest_own_items`; only asked of a model that can say."""
        nearest = np.full(len(users), NO_ITEM, dtype=np.int32)
        known = self._rows[users] >= 0
        if known.any() and isinstance(self._model, Explaining):
            rows = self._rows[users[known]]
            nearest[known] = self._model.nearest_own_items(rows, items[known])
        return nearest


def refresh_generator(model: Generator, fresh: Fresh, settings: Any) -> Generator:
    """*model* for the users of *fresh*; *settings* are those that it was fitted with."""
    if isinstance(model, Refreshing):
        refreshed: Generator = model.refreshed(fresh, settings)
        return refreshed
    return AsFitted(model, fresh.rows)  # type: ignore[return-value] # it is never fitted
