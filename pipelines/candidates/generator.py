"""What every generator can do, and the sparse arithmetic that several share."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.interactions import FloatArray, IntArray
from settings.errors import NightshelfError

NO_ITEM = -1  # pads a row of proposals that has fewer items than asked for


class GeneratorError(NightshelfError):
    """A generator could not be fitted, or its file is not what the manifest says."""


class Generator(Protocol):
    """Proposes items for users, and scores any pair. Fitted once a cutoff, then read-only."""

    def propose(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        """The best *k* items of each user, best first: (len(users), k), padded with `NO_ITEM`.

        *seen* has one row for each of *users*; items in it are left out. None: repeats allowed.
        """

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        """The score of each pair (users[i], items[i]); NaN or 0 where the model has nothing."""

    def save(self, path: Path) -> None:
        """Arrays as `.npz`, without pickles."""

    @classmethod
    def load(cls, path: Path) -> Self: ...


def top_of_rows(scores: csr_matrix, k: int, seen: csr_matrix | None = None) -> IntArray:
    """The *k* best columns of each row by falling score, ties by lower column.

    Only entries above zero count; entries in *seen* are left out.
    """
    top = np.full((scores.shape[0], k), NO_ITEM, dtype=np.int32)
    for row in range(scores.shape[0]):
        span = slice(scores.indptr[row], scores.indptr[row + 1])
        columns, values = scores.indices[span], scores.data[span]
        keep = values > 0
        if seen is not None:
            owned = seen.indices[seen.indptr[row] : seen.indptr[row + 1]]
            keep &= ~np.isin(columns, owned, kind="table") if len(owned) else True
        best = best_first(columns[keep], values[keep], k)
        top[row, : len(best)] = best
    return top


def best_first(columns: IntArray, values: FloatArray, k: int) -> IntArray:
    """*columns* by falling *values*, ties by lower column, at most *k*."""
    if len(values) > 4 * k:
        # Everything that ties with the k-th stays in, so that ties break by number.
        limit = -np.partition(-values, k - 1)[k - 1]
        within = values >= limit
        columns, values = columns[within], values[within]
    return columns[np.lexsort((columns, -values))[:k]]


def look_up(matrix: csr_matrix, rows: IntArray, columns: IntArray) -> FloatArray:
    """Values of *matrix* (columns sorted in each row) at pairs; 0 where there is no entry."""
    if matrix.nnz == 0:
        return np.zeros(len(rows), dtype=np.float32)
    width = np.int64(matrix.shape[1])
    row_of_entry = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    keys = row_of_entry * width + matrix.indices
    wanted = rows.astype(np.int64) * width + columns
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, matrix.data[at], 0).astype(np.float32)
