"""Arrays and sparse matrices in `.npz` files, never pickled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.files import replacing


def save_arrays(path: Path, arrays: dict[str, np.ndarray | csr_matrix]) -> None:
    """*arrays* by name; a sparse matrix becomes its three arrays and its shape."""
    flat: dict[str, np.ndarray] = {}
    for name, value in arrays.items():
        if isinstance(value, csr_matrix):
            flat[f"{name}.data"] = value.data
            flat[f"{name}.indices"] = value.indices
            flat[f"{name}.indptr"] = value.indptr
            flat[f"{name}.shape"] = np.array(value.shape)
        else:
            flat[name] = value
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez(file, **flat, allow_pickle=False)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def sparse_of(arrays: dict[str, np.ndarray], name: str) -> csr_matrix:
    """The sparse matrix that `save_arrays` took apart."""
    parts = (arrays[f"{name}.data"], arrays[f"{name}.indices"], arrays[f"{name}.indptr"])
    matrix = csr_matrix(parts, shape=tuple(arrays[f"{name}.shape"]))
    matrix.has_sorted_indices = True
    return matrix
