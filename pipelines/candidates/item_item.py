"""Items like those that the user has: cosine similarity of item columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

import numpy as np
from implicit.nearest_neighbours import ItemItemRecommender, normalize
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import NO_ITEM, look_up, top_of_rows
from pipelines.interactions import FloatArray, IntArray, Interactions
from settings import Section

_BLOCK = 1000  # users whose score rows are held at once
_PAIRS = 100_000  # pairs whose neighbours are held at once


class ItemItemSettings(Section):
    """How many neighbours an item keeps, and how fast old events fade."""

    neighbours: Annotated[int, Field(ge=1, le=1000)] = 50  # that an item keeps
    half_life_days: Annotated[float, Field(gt=0)] = 60.0  # an event this old counts half


class ItemItem:
    """Sum over the user's items of how similar they are to the candidate.

    Sarwar et al. 2001, with log counts, and events that fade by half every so many days.
    """

    def __init__(self, history: csr_matrix, similarity: csr_matrix) -> None:
        self._history = history  # users × items, faded weights
        self._similarity = similarity  # items × items, at most `neighbours` a row
        self._last: tuple[IntArray, csr_matrix] | None = None

    @classmethod
    def fit(cls, interactions: Interactions, settings: ItemItemSettings, *, threads: int) -> Self:
        matrix = interactions.matrix.copy()
        matrix.data = np.log1p(matrix.data)
        model = ItemItemRecommender(K=settings.neighbours + 1, num_threads=threads)
        # Normalised here: implicit's own cosine model warns about its own conversion.
        model.fit(csr_matrix(normalize(matrix.T).T), show_progress=False)
        similarity = csr_matrix(model.similarity, dtype=np.float32)
        # An item is not its own neighbour: repeats are the business of other generators.
        similarity.setdiag(0)
        similarity.eliminate_zeros()
        similarity.sort_indices()
        fade = np.exp2(-interactions.age_days / np.float32(settings.half_life_days))
        history = interactions.sum_by_pair(interactions.weights * fade)
        history.data = np.log1p(history.data)
        return cls(history, similarity)

    def propose(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        blocks = []
        for start in range(0, len(users), _BLOCK):
            part = slice(start, start + _BLOCK)
            owned = None if seen is None else seen[part]
            blocks.append(top_of_rows(self._scores(users[part]), k, owned))
        return np.vstack(blocks)

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        unique, rows = np.unique(users, return_inverse=True)
        scores = np.empty(len(users), dtype=np.float32)
        for start in range(0, len(unique), _BLOCK):
            block = self._scores(unique[start : start + _BLOCK])
            here = (rows >= start) & (rows < start + _BLOCK)
            scores[here] = look_up(block, (rows[here] - start).astype(np.int32), items[here])
        return scores

    def nearest_own_items(self, users: IntArray, items: IntArray) -> IntArray:
        """For each pair the item of the user's own that adds most to its score, else `NO_ITEM`.

        Looked for among the neighbours of the candidate, which are few.
        """
        nearest = np.full(len(items), NO_ITEM, dtype=np.int32)
        for start in range(0, len(items), _PAIRS):
            part = slice(start, start + _PAIRS)
            nearest[part] = self._nearest(users[part], items[part])
        return nearest

    def _nearest(self, users: IntArray, items: IntArray) -> IntArray:
        sizes = np.diff(self._similarity.indptr)[items]
        ends = np.cumsum(sizes)
        pair = np.repeat(np.arange(len(items)), sizes)
        entry = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - sizes, sizes)
        entry += np.repeat(self._similarity.indptr[items], sizes)
        neighbours = self._similarity.indices[entry]
        strength = self._similarity.data[entry] * look_up(self._history, users[pair], neighbours)
        best = np.lexsort((neighbours, -strength, pair))
        first = np.r_[True, np.diff(pair[best]) > 0] if len(best) else np.empty(0, dtype=bool)
        best = best[first]
        best = best[strength[best] > 0]
        nearest = np.full(len(items), NO_ITEM, dtype=np.int32)
        nearest[pair[best]] = neighbours[best]
        return nearest

    def save(self, path: Path) -> None:
        save_arrays(path, {"history": self._history, "similarity": self._similarity})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        return cls(sparse_of(arrays, "history"), sparse_of(arrays, "similarity"))

    def _scores(self, users: IntArray) -> csr_matrix:
        """Scores of *users* × items; kept for the next call, which often asks for the same."""
        if self._last is None or not np.array_equal(self._last[0], users):
            scores = csr_matrix(self._history[users] @ self._similarity)
            scores.sort_indices()
            self._last = (users.copy(), scores)
        return self._last[1]
