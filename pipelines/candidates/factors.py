"""Users and items as vectors whose product is the preference, which several generators share."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from implicit.cpu.topk import topk
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import NO_ITEM
from pipelines.candidates.nearest import nearest_by_cosine
from pipelines.interactions import FloatArray, IntArray

_PAIRS = 65_536  # pairs whose vectors are held at once


class Factors:
    """The score of a pair is the product of its user's and its item's vector."""

    def __init__(
        self, user_factors: FloatArray, item_factors: FloatArray, history: csr_matrix
    ) -> None:
        self._user_factors = user_factors
        self._item_factors = item_factors
        self._history = history  # users × items, summed weights: what can explain a candidate

    @property
    def vectors(self) -> tuple[FloatArray, FloatArray]:
        """Of users and of items, a row each."""
        return self._user_factors, self._item_factors

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        width = min(k, len(self._item_factors))
        with threadpool_limits(1, "blas"):
            ids, scores = topk(
                self._item_factors, self._user_factors[users], width, filter_query_items=seen
            )
        top = np.full((len(users), k), NO_ITEM, dtype=np.int32)
        # implicit pads a row that runs out of items with the lowest float.
        top[:, :width] = np.where(scores > np.finfo(np.float32).min / 2, ids, NO_ITEM)
        return top

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        scores = np.empty(len(users), dtype=np.float32)
        for start in range(0, len(users), _PAIRS):
            part = slice(start, start + _PAIRS)
            rows = self._user_factors[users[part]]
            scores[part] = np.einsum("ij,ij->i", rows, self._item_factors[items[part]])
        return scores

    def nearest_own_items(self, users: IntArray, items: IntArray) -> IntArray:
        """For each pair the user's other item that is most like it: log weight × cosine."""
        own = self._history.copy()
        own.data = np.log1p(own.data)
        alike = np.ones(self._item_factors.shape[1], dtype=np.float32)
        return nearest_by_cosine(self._item_factors, alike, own, users, items)

    def save(self, path: Path) -> None:
        vectors = {"user": self._user_factors, "item": self._item_factors}
        save_arrays(path, {**vectors, "history": self._history})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        return cls(arrays["user"], arrays["item"], sparse_of(arrays, "history"))
