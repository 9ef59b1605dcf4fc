"""Items like those that the user has: similarity of the columns of the user-item matrix."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from implicit.nearest_neighbours import (
    ItemItemRecommender,
    bm25_weight,
    normalize,
    tfidf_weight,
)
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import Past
from pipelines.candidates.neighbours import Neighbours, faded_history, without_self
from settings import Section

BM25_K1 = 10.0  # events of a pair from which on more of them hardly count
BM25_B = 0.1  # how much popular items are held back: most of a gain is in keeping this low

Weighting = Literal["cosine", "bm25", "tfidf"]


class ItemItemSettings(Section):
    """How many neighbours an item keeps, how a pair counts, and how fast old events fade."""

    # What a pair counts: alike (cosine), or less for active users and popular items.
    weighting: Weighting = "cosine"
    neighbours: Annotated[int, Field(ge=1, le=1000)] = 50  # that an item keeps
    half_life_days: Annotated[float, Field(gt=0)] = 60.0  # an event this old counts half


class ItemItem(Neighbours):
    """Nearest items by cosine, by BM25 or by TF-IDF (Sarwar et al. 2001).

    Log counts, and events that fade by half every so many days.
    """

    reason: ClassVar[str] = "goes_with"

    @classmethod
    def fit(cls, past: Past, settings: ItemItemSettings) -> Self:
        matrix = past.interactions.matrix.copy()
        matrix.data = np.log1p(matrix.data)
        similarity = nearest_columns(
            weigh(matrix, settings.weighting), settings.neighbours, past.threads
        )
        return cls(faded_history(past.interactions, settings.half_life_days), similarity)


def weigh(matrix: csr_matrix, weighting: Weighting) -> csr_matrix:
    """rows × items with the cells weighed; cosine and TF-IDF with columns of length one."""
    if weighting == "bm25":
        return csr_matrix(bm25_weight(matrix.T, K1=BM25_K1, B=BM25_B).T)
    columns = matrix.T if weighting == "cosine" else tfidf_weight(matrix.T)
    # Normalised here: implicit's own cosine model warns about its own conversion.
    return csr_matrix(normalize(columns).T)


def nearest_columns(matrix: csr_matrix, neighbours: int, threads: int) -> csr_matrix:
    """items × items: the largest dot products of the columns of *matrix*, without the diagonal."""
    model = ItemItemRecommender(K=neighbours + 1, num_threads=threads)
    model.fit(matrix, show_progress=False)
    return without_self(model.similarity)
