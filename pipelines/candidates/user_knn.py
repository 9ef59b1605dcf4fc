"""What users with a history like one's own had: nearest users by cosine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import NO_ITEM, Past
from pipelines.candidates.item_item import nearest_columns, weigh
from pipelines.candidates.nearest import strongest_shared
from pipelines.candidates.neighbours import Neighbours, faded_history
from pipelines.interactions import FloatArray, IntArray
from settings import Section


class UserKnnSettings(Section):
    """How many like-minded users speak for an item, and how fast their events fade."""

    neighbours: Annotated[int, Field(ge=1, le=1000)] = 100  # users like each user
    half_life_days: Annotated[float, Field(gt=0)] = 60.0  # an event this old counts half


class UserKnn:
    """The sum, over the nearest users, of how near they are times how they weigh the item.

    User-based collaborative filtering (Resnick et al. 1994) on summed event weights.
    """

    reason: ClassVar[str] = "similar_baskets"

    def __init__(self, similarity: csr_matrix, history: csr_matrix) -> None:
        self._model = Neighbours(similarity, history)
        self._similarity = similarity  # users × users, at most `neighbours` a row
        self._history = history  # users × items

    @classmethod
    def fit(cls, past: Past, settings: UserKnnSettings) -> Self:
        matrix = past.interactions.matrix.copy()
        matrix.data = np.log1p(matrix.data)
        users = weigh(csr_matrix(matrix.T), "cosine")  # items × users, each user of length one
        similarity = nearest_columns(users, settings.neighbours, past.threads)
        return cls(similarity, faded_history(past.interactions, settings.half_life_days))

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        return self._model.candidates(users, k, seen)

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        return self._model.score(users, items)

    def nearest_own_items(self, users: IntArray, items: IntArray) -> IntArray:
        """For each pair what the user shares with the user whose voice for the item weighs most.

        Of what both had, but for the item itself, the one that both weigh most; else `NO_ITEM`.
        """
        nearest = np.full(len(items), NO_ITEM, dtype=np.int32)
        voices = self._model.nearest_own_items(users, items)  # “own items” of it are users
        heard = voices != NO_ITEM
        nearest[heard] = strongest_shared(
            self._history, voices[heard], self._history, users[heard], but=items[heard]
        )
        return nearest

    def save(self, path: Path) -> None:
        save_arrays(path, {"similarity": self._similarity, "history": self._history})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        return cls(sparse_of(arrays, "similarity"), sparse_of(arrays, "history"))
