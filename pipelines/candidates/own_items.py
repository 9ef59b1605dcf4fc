"""Generators of what the user had before: a number a pair, the highest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import Fresh, Past, look_up, top_of_rows
from pipelines.interactions import FloatArray, IntArray


class OwnItems:
    """The user's own items by their scores, ties by the lower item number."""

    def __init__(self, scores: csr_matrix) -> None:
        self._scores = scores  # users × items

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        return top_of_rows(self._scores[users], k, seen)

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        return look_up(self._scores, users, items)

    def refreshed(self, fresh: Fresh, settings: Any) -> Self:
        """All of it anew: it tells of nothing but the user's own events."""
        return type(self).fit(fresh.past, settings)

    @classmethod
    def fit(cls, past: Past, settings: Any) -> Self:
        """The model of *past*, as each kind of it counts."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        save_arrays(path, {"scores": self._scores})

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls(sparse_of(load_arrays(path), "scores"))
