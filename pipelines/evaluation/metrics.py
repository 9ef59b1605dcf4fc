"""Ranking metrics of every user, on the full catalogue, without sampled negatives.

All take `hits`, a boolean (users × positions) that says whether the item at a position is in
the user's truth, and `truth_sizes`, the number of items in it. A position without an item is a
miss. Means over users are plain means.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM, look_up
from pipelines.interactions import IntArray

CUTOFFS = (5, 10, 20)
MAX_CUTOFF = max(CUTOFFS)

BoolArray = npt.NDArray[np.bool_]
DoubleArray = npt.NDArray[np.float64]


def find_hits(lists: IntArray, users: IntArray, truth: csr_matrix) -> BoolArray:
    """Whether each listed item, (users × positions), is in the truth of its user."""
    columns = np.where(lists == NO_ITEM, 0, lists)
    rows = np.repeat(users, lists.shape[1])
    relevance = look_up(truth, rows, columns.ravel()).reshape(lists.shape)
    return (relevance > 0) & (lists != NO_ITEM)


def metrics_of_users(hits: BoolArray, truth_sizes: IntArray) -> dict[str, DoubleArray]:
    """Recall, NDCG, MAP and MRR at 5, 10 and 20, one value a user."""
    metrics = {}
    for k in CUTOFFS:
        metrics[f"recall@{k}"] = recall(hits, truth_sizes, k)
        metrics[f"ndcg@{k}"] = ndcg(hits, truth_sizes, k)
        metrics[f"map@{k}"] = average_precision(hits, truth_sizes, k)
        metrics[f"mrr@{k}"] = reciprocal_rank(hits, k)
    return metrics


def recall(hits: BoolArray, truth_sizes: IntArray, k: int) -> DoubleArray:
    """Hits among the first *k*, divided by the full size of the truth."""
    return np.asarray(hits[:, :k].sum(axis=1) / truth_sizes, dtype=np.float64)


def ndcg(hits: BoolArray, truth_sizes: IntArray, k: int) -> DoubleArray:
    """Binary gains, log2 discount; the ideal list is cut at min(size of the truth, k)."""
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discounts)[np.minimum(truth_sizes, k) - 1]
    return np.asarray(hits[:, :k] @ discounts / ideal, dtype=np.float64)


def average_precision(hits: BoolArray, truth_sizes: IntArray, k: int) -> DoubleArray:
    """Mean precision at the hits among the first *k*, over min(size of the truth, k)."""
    first = hits[:, :k]
    precision = np.cumsum(first, axis=1) / np.arange(1, first.shape[1] + 1)
    return np.asarray((precision * first).sum(axis=1) / np.minimum(truth_sizes, k))


def reciprocal_rank(hits: BoolArray, k: int) -> DoubleArray:
    """1 / position of the first hit among the first *k*; 0 without one."""
    first = hits[:, :k]
    place = first.argmax(axis=1) + 1
    return np.where(first.any(axis=1), 1.0 / place, 0.0)


def bootstrap_interval(
    values: DoubleArray, rounds: int, confidence: float, seed: int
) -> tuple[float, float]:
    """Percentile interval of the mean, users drawn with replacement (Efron 1979)."""
    random = np.random.default_rng(seed)
    n = len(values)
    means = np.empty(rounds)
    for i in range(rounds):
        means[i] = values[random.integers(0, n, n)].mean()
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def coverage(lists: IntArray, n_sold: int) -> float:
    """Share of the items sold before the cutoff that are in at least one list."""
    return float(len(np.unique(lists[lists != NO_ITEM])) / max(n_sold, 1))


def novelty(lists: IntArray, buyers: IntArray, n_users: int) -> float:
    """Mean self-information, -log2 of the share of users who had the item before."""
    listed = lists[lists != NO_ITEM]
    share = np.maximum(buyers[listed], 1) / max(n_users, 1)
    return float(np.mean(-np.log2(share))) if len(listed) else 0.0


def intra_list_diversity(lists: IntArray, category_of_item: IntArray) -> float:
    """Mean share of pairs in a list whose categories differ."""
    categories = np.where(lists == NO_ITEM, -1, category_of_item[lists])
    filled = lists != NO_ITEM
    both = filled[:, :, None] & filled[:, None, :]
    differ = (categories[:, :, None] != categories[:, None, :]) & both
    pairs = both.sum(axis=(1, 2)) - filled.sum(axis=1)
    usable = pairs > 0
    return float((differ.sum(axis=(1, 2))[usable] / pairs[usable]).mean()) if usable.any() else 0.0


def summarise(
    metrics: Mapping[str, DoubleArray], rounds: int, confidence: float, seed: int
) -> dict[str, float | list[float]]:
    """Mean of each metric, and beside it `<metric>_interval`."""
    summary: dict[str, float | list[float]] = {}
    for name, values in metrics.items():
        summary[name] = round(float(values.mean()), 6)
        low, high = bootstrap_interval(values, rounds, confidence, seed)
        summary[f"{name}_interval"] = [round(low, 6), round(high, 6)]
    return summary
