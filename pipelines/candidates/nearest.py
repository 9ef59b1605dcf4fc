"""Which of the user's own items speaks most for a candidate, without a look at all items."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM, look_up
from pipelines.interactions import FloatArray, IntArray

LEAST_COSINE = 0.1  # of two vectors; below it they are alike by chance
_ENTRIES = 5_000_000  # cells of sparse rows held at once, about 200 MB


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
    order = np.argsort(users, kind="stable")
    starts = np.flatnonzero(np.diff(users[order], prepend=-1))
    for start, end in pairwise([*starts.tolist(), len(users)]):
        rows = order[start:end]
        span = slice(*own.indptr[users[rows[0]] : users[rows[0]] + 2])
        mine = own.indices[span]
        if len(mine) == 0:
            continue
        products = (vectors[items[rows]] * scale) @ vectors[mine].T
        cosine = products / np.outer(lengths[items[rows]], lengths[mine])
        cosine = np.round(cosine, 3)  # so that equals stay equal, however many are compared
        cosine[(cosine < LEAST_COSINE) | (items[rows][:, None] == mine)] = 0
        strength = cosine * own.data[span]
        best = strength.argmax(axis=1)  # of equals the first, which has the lower number
        found = strength[np.arange(len(rows)), best] > 0
        nearest[rows[found]] = mine[best[found]]
    return nearest


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
    are sorted in each row. Looked for among the entries of *first*, a few rows at a time.
    """
    ends = np.cumsum(np.diff(first.indptr)[rows], dtype=np.int64)
    cuts = np.flatnonzero(np.diff(ends // _ENTRIES, prepend=0))
    best = np.full(len(rows), NO_ITEM, dtype=np.int32)
    for start, end in pairwise([0, *cuts.tolist(), len(rows)]):
        pair, columns, values = _entries(first, rows[start:end])
        strength = values * look_up(second, other_rows[start:end][pair], columns)
        if but is not None:
            strength[columns == but[start:end][pair]] = 0
        _note_best(best[start:end], pair, columns, strength)
    return best


def _entries(matrix: csr_matrix, rows: IntArray) -> tuple[np.ndarray, IntArray, FloatArray]:
    """All entries of *rows*: place in *rows*, column, value."""
    sizes = np.diff(matrix.indptr)[rows]
    place = np.repeat(np.arange(len(rows)), sizes)
    before = np.cumsum(sizes) - sizes
    entry = np.arange(int(sizes.sum())) - before[place] + matrix.indptr[rows][place]
    return place, matrix.indices[entry], matrix.data[entry]


def _note_best(best: IntArray, pair: np.ndarray, columns: IntArray, strength: FloatArray) -> None:
    order = np.lexsort((columns, -strength, pair))
    order = order[np.diff(pair[order], prepend=-1) > 0]
    order = order[strength[order] > 0]
    best[pair[order]] = columns[order]
