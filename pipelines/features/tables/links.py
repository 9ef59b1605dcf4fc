"""Links between nodes that meet, in an effort that grows with the meetings and not the nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from pipelines.candidates.item_item import nearest_columns
from pipelines.interactions import IntArray

_BLOCK = 4096  # nodes whose links are held at once while they are counted


@dataclass(frozen=True)
class Links:
    """The linked ones of some nodes, in their order."""

    nodes: npt.NDArray[np.int64]  # their numbers
    degrees: npt.NDArray[np.int64]  # how many others each of them meets
    strengths: csr_matrix  # nodes × nodes, symmetric: the strongest links


def link(nodes: IntArray, meetings: IntArray, *, max_size: int, neighbours: int) -> Links:
    """Links the nodes that share a meeting; `nodes[i]` was in `meetings[i]`, once.

    A meeting of n nodes adds 1 / (n - 1) to each of its pairs, so that a node gives 1 to every
    meeting however large (Newman 2001). Meetings of more than *max_size* are left out; of each
    node the *neighbours* strongest links stay, ties by the higher number, and those of which it is
    a strongest one.
    """
    sizes = np.bincount(meetings, minlength=1)[meetings]
    counted = (sizes >= 2) & (sizes <= max_size)
    nodes, meetings, sizes = nodes[counted], meetings[counted], sizes[counted]
    linked, numbers = np.unique(nodes.astype(np.int64), return_inverse=True)
    if len(linked) == 0:
        return Links(linked, linked, csr_matrix((0, 0)))
    shape = (int(meetings.max()) + 1, len(linked))
    shares = csr_matrix((np.sqrt(1 / (sizes - 1)), (meetings, numbers)), shape=shape)
    strongest = nearest_columns(shares, neighbours, threads=1)
    return Links(linked, _degrees(shares), csr_matrix(strongest.maximum(strongest.T)))


def _degrees(shares: csr_matrix) -> npt.NDArray[np.int64]:
    """With how many others each column of *shares* has a row in common."""
    present = shares.astype(np.bool_)
    by_node = csr_matrix(present.T)
    blocks = range(0, by_node.shape[0], _BLOCK)
    met = [np.diff((by_node[start : start + _BLOCK] @ present).indptr) for start in blocks]
    return np.concatenate(met).astype(np.int64) - 1  # without itself
