"""What a fitted generator knows of single users, by their numbers: set to nothing."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of

# Names in the files of generators whose rows are users; in those of `user_knn` the columns of
# `similarity` as well. All others are about items: they stay what many users made of them.
USER_ROWS = frozenset({"user", "history", "pairs", "scores", "signals", "group_of_user"})
ITEM_ROWS = frozenset(
    {"item", "counts", "graph", "vectors", "response", "scale", "is_new", "new_share"}
)
BOTH = "similarity"  # of items next to items, but of users next to users in:
USERS_NEXT_TO_USERS = "user_knn"


def blank_users(path: Path, target: Path, numbers: Collection[int]) -> int:
    """Writes the arrays of *path* to *target*, nothing in the rows *numbers*; values that went."""
    flat = load_arrays(path)
    rows = np.array(sorted(numbers), dtype=np.int64)
    gone = 0
    arrays: dict[str, np.ndarray | csr_matrix] = {}
    for name in dict.fromkeys(name.partition(".")[0] for name in flat):
        is_similarity = name == BOTH and path.stem == USERS_NEXT_TO_USERS
        of_users = name in USER_ROWS or is_similarity
        if f"{name}.indptr" in flat:
            matrix = sparse_of(flat, name)
            if of_users:
                before = matrix.nnz
                matrix = _blank(matrix, rows, columns=is_similarity)
                gone += before - matrix.nnz
            arrays[name] = matrix
        else:
            values = flat[name]
            if of_users:
                gone += int(np.count_nonzero(values[rows]))
                values = values.copy()
                values[rows] = 0
            arrays[name] = values
    save_arrays(target, arrays)
    return gone


def _blank(matrix: csr_matrix, rows: np.ndarray, *, columns: bool) -> csr_matrix:
    """*matrix* without the entries of *rows*, and with *columns* without those of its columns."""
    of_row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    keep = ~np.isin(of_row, rows)
    if columns:
        keep &= ~np.isin(matrix.indices, rows)
    counts = np.bincount(of_row[keep], minlength=matrix.shape[0])
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(matrix.indptr.dtype)
    return csr_matrix((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)
