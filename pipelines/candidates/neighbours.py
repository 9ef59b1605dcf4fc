"""Items next to those that the user has: history × similarity, which several generators share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import Fresh, LastCall, look_up_rows, top_of_rows
from pipelines.candidates.nearest import strongest_shared
from pipelines.interactions import FloatArray, IntArray, Interactions

_BLOCK = 1000  # users whose score rows are held at once


class Neighbours:
    """The score of an item is the sum over the user's items of how near they are to it."""

    def __init__(self, history: csr_matrix, similarity: csr_matrix) -> None:
        self._history = history  # users × items, weights of the user's own items
        self._similarity = similarity  # items × items; row: from an own item, column: to others
        self._last = LastCall()

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        blocks = [np.empty((0, k), dtype=np.int32)]
        for start in range(0, len(users), _BLOCK):
            part = slice(start, start + _BLOCK)
            owned = None if seen is None else seen[part]
            blocks.append(top_of_rows(self._scores(users[part]), k, owned))
        return np.vstack(blocks)

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        unique, rows = np.unique(users, return_inverse=True)
        order = np.argsort(rows, kind="stable")
        rows, items = rows[order], items[order]
        scores = np.empty(len(users), dtype=np.float32)
        for start in range(0, len(unique), _BLOCK):
            block = self._scores(unique[start : start + _BLOCK])
            here = slice(*np.searchsorted(rows, [start, start + _BLOCK]))
            at = (rows[here] - start).astype(np.int32)
            scores[order[here]] = look_up_rows(block, at, items[here])
        return scores

    def nearest_own_items(self, users: IntArray, items: IntArray) -> IntArray:
        """For each pair the item of the user's own that adds most to its score, else `NO_ITEM`.

        Looked for among the items that lead to the candidate, which are few.
        """
        leading = csr_matrix(self._similarity.T)
        leading.sort_indices()
        return strongest_shared(leading, items, self._history, users)

    def nearest_items(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Every item, its neighbour and how near that is: by item, nearest first.

        Ties by item number; entries that are not above zero are left out.
        """
        counts = np.diff(self._similarity.indptr)
        items = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        near = self._similarity.data > 0
        items, neighbours = items[near], self._similarity.indices[near].astype(np.int32)
        scores = self._similarity.data[near].astype(np.float32)
        order = np.lexsort((neighbours, -scores, items))
        return items[order], neighbours[order], scores[order]

    def refreshed(self, fresh: Fresh, settings: Any) -> Self:
        """What the users had since counts too; how near items are to each other stays."""
        history = faded_history(fresh.past.interactions, settings.half_life_days)
        return type(self)(history, self._similarity)

    def save(self, path: Path) -> None:
        save_arrays(path, {"history": self._history, "similarity": self._similarity})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        return cls(sparse_of(arrays, "history"), sparse_of(arrays, "similarity"))

    def _scores(self, users: IntArray) -> csr_matrix:
        """Scores of *users* × items; kept for the next call, which often asks for the same."""
        return self._last.of(users, lambda: csr_matrix(self._history[users] @ self._similarity))


def faded_history(interactions: Interactions, half_life_days: float) -> csr_matrix:
    """users × items: log of one plus the weights, each halved every *half_life_days*."""
    fade = np.exp2(-interactions.age_days / np.float32(half_life_days))
    history = interactions.sum_by_pair(interactions.weights * fade)
    history.data = np.log1p(history.data)
    return history


def without_self(similarity: csr_matrix) -> csr_matrix:
    """*similarity* as float32, sorted, without its diagonal.

    An item is not its own neighbour: repeats are the business of other generators.
    """
    clean = csr_matrix(similarity, dtype=np.float32)
    clean.setdiag(0)
    clean.eliminate_zeros()
    clean.sort_indices()
    return clean
