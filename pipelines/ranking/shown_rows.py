"""Training rows of what was shown: a page view is a query, its items are judged side by side.

An item that was shown and not taken is a negative that the user has seen, unlike a sampled one.
Where it stood is a column of the rows, which the trees may blame for what nobody looked at; when
a list is made every item stands at the same place (Zinkevich, Rules of Machine Learning, rule
36; the same idea with a model of its own for the position: Guo et al., PAL, RecSys 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.generate import CandidateSource
from pipelines.candidates.generator import look_up
from pipelines.interactions import FloatArray, IntArray
from pipelines.ranking.feature_columns import FeatureColumns
from pipelines.ranking.impressions import Shown
from pipelines.ranking.matrix import build_matrix


@dataclass(frozen=True)
class ShownRows:
    """Rows grouped by page view, with the columns of `column_names`."""

    matrix: FloatArray
    relevance: FloatArray
    group_sizes: IntArray


def build_shown_rows(
    source: CandidateSource,
    features: FeatureColumns,
    labels: csr_matrix,
    shown: Shown,
    max_page_views: int,
    random: np.random.Generator,
) -> ShownRows | None:
    """Rows of at most *max_page_views* of *shown*; None when none of them teaches anything.

    Relevant is what was acted on where it was shown, and what the label says anyway. A page view
    of which all or nothing is relevant, and one of a user without a past, is left out.
    """
    relevance = np.maximum(look_up(labels, shown.users, shown.items), shown.is_taken)
    known = np.diff(source.history.indptr)[shown.users] > 0
    keep = known & _tells_apart(shown.page_views, relevance > 0)
    keep &= np.isin(shown.page_views, _sample(shown.page_views[keep], max_page_views, random))
    if not keep.any():
        return None
    rows, relevance = shown.take(keep), relevance[keep].astype(np.float32)
    # A pair is described once, however often it was shown.
    width = np.int64(source.history.shape[1])
    pairs, at = np.unique(rows.users * width + rows.items, return_inverse=True)
    described = source.of_pairs((pairs // width).astype(np.int32), (pairs % width).astype(np.int32))
    matrix = build_matrix(described, features)[at]
    matrix[:, -1] = rows.positions  # `POSITION`
    sizes = np.unique(rows.page_views, return_counts=True)[1].astype(np.int32)
    return ShownRows(matrix, relevance, sizes)


def _tells_apart(page_views: IntArray, is_relevant: np.ndarray) -> np.ndarray:
    """Mask of rows whose page view has both relevant and other items."""
    relevant = np.bincount(page_views, weights=is_relevant)
    both = (relevant > 0) & (relevant < np.bincount(page_views))
    return np.asarray(both[page_views])


def _sample(page_views: IntArray, at_most: int, random: np.random.Generator) -> IntArray:
    different = np.unique(page_views)
    if len(different) <= at_most:
        return different
    return np.asarray(random.choice(different, at_most, replace=False))
