"""Users and items as vectors whose product is the preference, which several generators share."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from implicit.cpu.topk import topk
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.arrays import load_arrays, save_arrays
from pipelines.candidates.generator import NO_ITEM
from pipelines.interactions import FloatArray, IntArray

_PAIRS = 65_536  # pairs whose vectors are held at once


class Factors:
    """The score of a pair is the product of its user's and its item's vector."""

    def __init__(self, user_factors: FloatArray, item_factors: FloatArray) -> None:
        self._user_factors = user_factors
        self._item_factors = item_factors

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

    def save(self, path: Path) -> None:
        save_arrays(path, {"user": self._user_factors, "item": self._item_factors})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        return cls(arrays["user"], arrays["item"])
