"""What every generator is fitted on and can do, and the sparse arithmetic that several share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix

from pipelines.interactions import FloatArray, IntArray, Interactions
from settings.errors import NightshelfError

NO_ITEM = -1  # pads a row of candidates that has fewer items than asked for
BLOCK_CELLS = 50_000_000  # floats of dense scores held at once, 200 MB


class GeneratorError(NightshelfError):
    """A generator could not be fitted, or its file is not what the manifest says."""


@dataclass(frozen=True)
class Past:
    """All that a generator may be fitted on: what is known before one cutoff."""

    interactions: Interactions
    items: pa.Table  # the catalogue; row = item number
    segments: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int32))  # of each user
    seed: int = 0
    threads: int = 1
    cutoff: datetime | None = None  # None: no item is too young to be known
    vectors: pa.ChunkedArray | None = None  # of each item a list of floats, all of one length
    folder: Path = Path()  # where relative paths of the settings begin


@dataclass(frozen=True)
class Fresh:
    """Some users at a later moment, for whom a model that was fitted before is asked again."""

    past: Past  # of them alone, with numbers of their own; the items are those of the model
    rows: IntArray  # of each the number when the model was fitted; -1: it did not know of them
    changed: npt.NDArray[np.bool_]  # of each whether its summed weights are others than then


class Generator(Protocol):
    """Names items for users, and scores any pair. Fitted once a cutoff, then read-only.

    `reason` is the code of the reason that a shopper reads of an item that it names best.
    """

    reason: ClassVar[str]

    @classmethod
    def fit(cls, past: Past, settings: Any) -> Self:
        """The model of *past*; *settings* is the generator's own section. The same input and
        seed give the same arrays. Raises `GeneratorError` when they are not finite.
        """

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        """The best *k* items of each user, best first: (len(users), k), padded with `NO_ITEM`.

        *seen* has one row for each of *users*; items in it are left out. None: repeats allowed.
        """

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        """The score of each pair (users[i], items[i]); NaN or 0 where the model has nothing."""

    def save(self, path: Path) -> None:
        """Arrays as `.npz`, without pickles."""

    @classmethod
    def load(cls, path: Path) -> Self: ...


@runtime_checkable
class Explaining(Protocol):
    """A generator that can name the item of the user's own that speaks for a candidate."""

    def nearest_own_items(self, users: IntArray, items: IntArray) -> IntArray:
        """For each pair the user's own item that adds most to its score, else `NO_ITEM`."""


@runtime_checkable
class Refreshing(Protocol):
    """A generator that can take in new events of a user without being fitted again."""

    def refreshed(self, fresh: Fresh, settings: Any) -> Self:
        """The same model for the users of *fresh*; what it says of items stays as fitted."""


class LastCall(threading.local):
    """What was computed for the users asked about last, by this thread: often asked for again."""

    def __init__(self) -> None:
        self._kept: tuple[IntArray, csr_matrix] | None = None

    def of(self, users: IntArray, compute: Callable[[], csr_matrix]) -> csr_matrix:
        """What *compute* gives for *users*, computed anew only when they are others."""
        if self._kept is None or not np.array_equal(self._kept[0], users):
            self._kept = (users.copy(), compute())
        return self._kept[1]


class Unseen:
    """Tells, row by row, which columns have no entry in *seen*: one look-up for each column."""

    def __init__(self, seen: csr_matrix) -> None:
        self._seen = seen
        self._laid_out = np.zeros(seen.shape[1], dtype=bool)

    def of_row(self, row: int, columns: IntArray) -> npt.NDArray[np.bool_]:
        """Mask of those of *columns* that are not in *row*."""
        owned = self._seen.indices[self._seen.indptr[row] : self._seen.indptr[row + 1]]
        self._laid_out[owned] = True
        unseen = ~self._laid_out[columns]
        self._laid_out[owned] = False
        return unseen


def top_of_rows(scores: csr_matrix, k: int, seen: csr_matrix | None = None) -> IntArray:
    """The *k* best columns of each row by falling score, ties by lower column.

    Only entries above zero count; entries in *seen* are left out.
    """
    top = np.full((scores.shape[0], k), NO_ITEM, dtype=np.int32)
    unseen = None if seen is None else Unseen(seen)
    for row in range(scores.shape[0]):
        span = slice(scores.indptr[row], scores.indptr[row + 1])
        columns, values = scores.indices[span], scores.data[span]
        keep = values > 0
        if unseen is not None:
            keep &= unseen.of_row(row, columns)
        best = best_first(columns[keep], values[keep], k)
        top[row, : len(best)] = best
    return top


def top_of_dense(scores: FloatArray, k: int, seen: csr_matrix | None = None) -> IntArray:
    """The *k* best columns of each row by falling score, ties by lower column.

    Only scores above minus infinity count; those of entries in *seen* are overwritten with it.
    """
    n_rows, n_columns = scores.shape
    if seen is not None:
        scores[np.repeat(np.arange(n_rows), np.diff(seen.indptr)), seen.indices] = -np.inf
    width = min(k, n_columns)
    if width < n_columns:
        limits = np.partition(scores, n_columns - width, axis=1)[:, n_columns - width]
    else:
        limits = np.full(n_rows, -np.inf, dtype=scores.dtype)
    top = np.full((n_rows, k), NO_ITEM, dtype=np.int32)
    for row in range(n_rows):
        values = scores[row]
        # Everything that ties with the k-th stays in, so that ties break by number.
        columns = np.flatnonzero((values >= limits[row]) & (values > -np.inf))
        best = columns[np.argsort(-values[columns], kind="stable")[:width]]
        top[row, : len(best)] = best
    return top


def user_blocks(n_users: int, n_items: int) -> list[slice]:
    """Consecutive slices of *n_users* rows whose dense scores fit into `BLOCK_CELLS`."""
    size = max(1, BLOCK_CELLS // max(n_items, 1))
    return [slice(start, start + size) for start in range(0, n_users, size)]


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


def look_up_rows(matrix: csr_matrix, rows: IntArray, columns: IntArray) -> FloatArray:
    """Values of *matrix* at pairs, whose *rows* ascend; 0 where there is no entry.

    For products of sparse matrices: each row is laid out once, which is cheaper than sorting it.
    """
    found = np.zeros(len(rows), dtype=np.float32)
    laid_out = np.zeros(matrix.shape[1], dtype=np.float32)
    bounds = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    for row in np.flatnonzero(np.diff(bounds)):
        pairs = slice(bounds[row], bounds[row + 1])
        entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
        laid_out[matrix.indices[entries]] = matrix.data[entries]
        found[pairs] = laid_out[columns[pairs]]
        laid_out[matrix.indices[entries]] = 0
    return found
