"""Which of the user's own items speaks most for a candidate, without a look at all items."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.generator import NO_ITEM
from pipelines.interactions import FloatArray, IntArray

LEAST_COSINE = 0.1  # of two vectors; below it they are alike by chance


def nearest_by_cosine(
    vectors: FloatArray,
    scale: FloatArray,
    own: csr_matrix,
    users: IntArray,
    items: IntArray,
) -> IntArray:
    """For each pair the other item of the user with the largest weight × cosine, else `NO_ITEM`.

    *vectors* has a row an item, *scale* ≥ 0 says what each of their numbers counts, and *own*
    (users × items) what the user's items do. Memory grows with the items of one user.
    """
    lengths = np.sqrt(np.maximum(np.einsum("ij,ij,j->i", vectors, vectors, scale), 1e-30))
    nearest = np.full(len(items), NO_ITEM, dtype=np.int32)
    with threadpool_limits(1, "blas"):  # for products as small as a user's, threads only wait
        for user, rows in _rows_of_each(users):
            span = slice(own.indptr[user], own.indptr[user + 1])
            mine, candidates = own.indices[span], items[rows]
            products = (vectors[candidates] * scale) @ vectors[mine].T
            cosine = products / np.outer(lengths[candidates], lengths[mine])
            cosine[candidates[:, None] == mine] = 0
            nearest[rows] = _most_alike(cosine, own.data[span], mine)
    return nearest


def _most_alike(cosine: FloatArray, weights: FloatArray, mine: IntArray) -> IntArray:
    """For each row the one of *mine* with the largest weight × cosine, `NO_ITEM` where none is."""
    if len(mine) == 0:
        return np.full(len(cosine), NO_ITEM, dtype=np.int32)
    cosine = np.round(cosine, 3)  # so that equals stay equal, however many are compared
    strength = np.where(cosine >= LEAST_COSINE, cosine, 0) * weights
    best = strength.argmax(axis=1)  # of equals the first, which has the lower number
    found = strength[np.arange(len(best)), best] > 0
    return np.where(found, mine[best], NO_ITEM).astype(np.int32)


def strongest_shared(
    first: csr_matrix,
    rows: IntArray,
    second: csr_matrix,
    other_rows: IntArray,
    *,
    but: IntArray | None = None,
) -> IntArray:
    """For each k the column with the largest first[rows[k]] × second[other_rows[k]], if above 0.

    Ties go to the lower column, `NO_ITEM` stands for none; but[k] is left out. Columns of both
    are sorted in each row. Looked for among the entries of *first*, for one row of *second* at a
    time.
    """
    best = np.full(len(rows), NO_ITEM, dtype=np.int32)
    weights = np.zeros(first.shape[1], dtype=np.float32)
    for row, pairs in _rows_of_each(other_rows):
        span = slice(second.indptr[row], second.indptr[row + 1])
        weights[second.indices[span]] = second.data[span]
        pair, columns, values = _entries(first, rows[pairs])
        strength = values * weights[columns]
        if but is not None:
            strength[columns == but[pairs][pair]] = 0
        best[pairs] = _first_best(pair, columns, strength, len(pairs))
        weights[second.indices[span]] = 0
    return best


def _rows_of_each(users: IntArray) -> Iterator[tuple[int, np.ndarray]]:
    """(user, places in *users*) of each user."""
    order = np.argsort(users, kind="stable")
    starts = np.flatnonzero(np.diff(users[order], prepend=-1))
    for start, end in pairwise([*starts.tolist(), len(users)]):
        yield int(users[order[start]]), order[start:end]


def _entries(matrix: csr_matrix, rows: IntArray) -> tuple[np.ndarray, IntArray, FloatArray]:
    """All entries of *rows*: place in *rows*, column, value."""
    sizes = matrix.indptr[rows + 1] - matrix.indptr[rows]
    place = np.repeat(np.arange(len(rows)), sizes)
    before = np.cumsum(sizes) - sizes
    entry = np.arange(len(place)) - before[place] + matrix.indptr[rows][place]
    return place, matrix.indices[entry], matrix.data[entry]


def _first_best(pair: np.ndarray, columns: IntArray, strength: FloatArray, n: int) -> IntArray:
    """Of each of *n* pairs the column of the largest strength above 0, the first of equals."""
    largest = np.zeros(n, dtype=np.float32)
    np.maximum.at(largest, pair, strength)
    top = np.flatnonzero((strength > 0) & (strength == largest[pair]))[::-1]
    best = np.full(n, NO_ITEM, dtype=np.int32)
    best[pair[top]] = columns[top]  # backwards: what is written last stays
    return best
