"""Linear weights between items, in closed form: exact for the items that most events are of."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.linalg.lapack import spotrf, spotri
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.generator import Fresh, GeneratorError, Past, best_first
from pipelines.candidates.neighbours import Neighbours, without_self
from pipelines.interactions import FloatArray, IntArray
from settings import Section


class EaseSettings(Section):
    """How many items are in the exact solution, and how much of it is kept."""

    # The most popular ones; memory is 8 bytes × items², so 5,000 take 200 MB.
    max_items: Annotated[int, Field(ge=2, le=40_000)] = 5000
    # Added to the diagonal, in means of it; more trusts popular items more.
    regularization: Annotated[float, Field(gt=0)] = 8.0
    neighbours: Annotated[int, Field(ge=1, le=40_000)] = 200  # weights that an item keeps


class Ease(Neighbours):
    """Weights that best rebuild every user's items from their other items (Steck 2019, EASE)."""

    reason: ClassVar[str] = "goes_with"

    @classmethod
    def fit(cls, past: Past, settings: EaseSettings) -> Self:
        pairs = _pairs(past)
        chosen = _most_popular(pairs, settings.max_items)
        matrix = csr_matrix(pairs[:, chosen])
        with threadpool_limits(past.threads, "blas"):
            weights = _solve(matrix, settings.regularization)
        similarity = _keep_largest(weights, settings.neighbours)
        n_items = pairs.shape[1]
        spread = csr_matrix(
            (similarity.data, (chosen[similarity.row], chosen[similarity.col])),
            shape=(n_items, n_items),
        )
        return cls(pairs, without_self(spread))

    def refreshed(self, fresh: Fresh, settings: EaseSettings) -> Self:
        """What the users had since counts too; the weights between items stay."""
        return type(self)(_pairs(fresh.past), self._similarity)


def _pairs(past: Past) -> csr_matrix:
    """users × items: 1 where there was an event."""
    pairs = past.interactions.matrix.copy()
    pairs.data = np.ones_like(pairs.data)
    return pairs


def _most_popular(pairs: csr_matrix, n: int) -> IntArray:
    """Numbers of the *n* items with most users, ascending."""
    users = np.bincount(pairs.indices, minlength=pairs.shape[1]).astype(np.float32)
    had = np.flatnonzero(users).astype(np.int32)
    return np.sort(best_first(had, users[had], n))


def _solve(matrix: csr_matrix, regularization: float) -> FloatArray:
    """items × items: B = I − P · diag(P)⁻¹ with P the inverse of XᵀX + λI."""
    gram = np.asfortranarray((matrix.T @ matrix).toarray(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += np.float32(regularization * np.diag(gram).mean())
    # In place, where the inverse of a general matrix would take three copies.
    factor, failed = spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise GeneratorError("ease: the matrix of items is singular; raise regularization")
    inverse = np.tril(inverse)
    weights = inverse + np.tril(inverse, -1).T
    weights /= -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, dtype=np.float32)


def _keep_largest(weights: FloatArray, n: int) -> csr_matrix:
    """The *n* weights of each row that are farthest from zero, as coordinates."""
    if n < weights.shape[1]:
        size = np.abs(weights)
        limits = np.partition(size, weights.shape[1] - n, axis=1)[:, -n]
        weights = np.where(size >= limits[:, None], weights, 0)
    return csr_matrix(weights).tocoo()
