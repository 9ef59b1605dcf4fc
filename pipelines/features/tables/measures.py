"""PageRank and communities of a graph, by NetworKit."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, triu

_DAMPING = 0.85  # share of the steps that follow a link (Brin and Page 1998)
_TOLERANCE = 1e-8
_ROUNDS = 3  # of Leiden; more hardly add modularity
# NetworKit's number of threads and its dice are the process's: one graph at a time.
_LOCK = threading.Lock()


def measure(
    strengths: csr_matrix, resolution: float, seed: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """PageRank and community of each node of a symmetric graph without loops.

    PageRank is told in shares of an average node, so that graphs of different size compare.
    Communities are Leiden's, numbered from 1 by falling size, ties by their lowest node.
    """
    n_nodes = strengths.shape[0]
    if n_nodes == 0:
        return np.empty(0), np.empty(0, dtype=np.int64)
    import networkit  # takes a second or two, which a night without graphs need not spend

    edges = triu(strengths, k=1).tocoo()
    ends = edges.row.astype(np.uint64), edges.col.astype(np.uint64)
    weights = edges.data.astype(np.float64)
    with _LOCK:
        # On more threads both results differ from run to run.
        networkit.setNumberOfThreads(1)
        networkit.setSeed(seed, False)
        graph = networkit.GraphFromCoo((weights, ends), n=n_nodes, weighted=True)
        ranks = networkit.centrality.PageRank(graph, _DAMPING, _TOLERANCE)
        ranks.run()
        leiden = networkit.community.ParallelLeiden(graph, iterations=_ROUNDS, gamma=resolution)
        leiden.run()
        found = np.array(leiden.getPartition().getVector(), dtype=np.int64)
        pagerank = np.array(ranks.scores(), dtype=np.float64) * n_nodes
    return pagerank, _by_size(found)


def _by_size(found: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    _, lowest, numbers, sizes = np.unique(
        found, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((lowest, -sizes))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(1, len(order) + 1)
    return places[numbers]
