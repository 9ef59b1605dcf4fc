"""Ranking metrics of every user, on the full catalogue, and how sure their means are.

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
BLOCK_CELLS = 4_000_000  # draws × users held at once by the bootstrap

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
    return bootstrap_intervals(values[:, None], rounds, confidence, seed)[0]


def paired_interval(
    a: DoubleArray, b: DoubleArray, rounds: int, confidence: float, seed: int
) -> tuple[float, float]:
    """Percentile interval of mean(*a*) - mean(*b*), both of the same users in the same order.

    Each draw takes a user's two values together, so what makes a user easy or hard for both
    does not widen the interval. Raises `ValueError` when the lengths differ or are 0.
    """
    if len(a) != len(b) or not len(a):
        raise ValueError(
            f"{len(a)} and {len(b)} values; expected one of each for every common user"
        )
    return bootstrap_interval(np.asarray(a, float) - np.asarray(b, float), rounds, confidence, seed)


def bootstrap_intervals(
    columns: DoubleArray, rounds: int, confidence: float, seed: int
) -> list[tuple[float, float]]:
    """Interval of the mean of each column of *columns* (users × figures), on the same draws."""
    random = np.random.default_rng(seed)
    n = len(columns)
    means = np.empty((rounds, columns.shape[1]))
    # A draw is how often each user was drawn: the means of all columns are then one product.
    step = max(1, BLOCK_CELLS // n)
    for start in range(0, rounds, step):
        block = means[start : start + step]
        drawn = random.integers(0, n, (len(block), n)) + n * np.arange(len(block))[:, None]
        times = np.bincount(drawn.ravel(), minlength=len(block) * n).reshape(len(block), n)
        block[:] = times @ columns / n
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def summarise(
    models: Mapping[str, Mapping[str, DoubleArray]], rounds: int, confidence: float, seed: int
) -> dict[str, dict[str, float | list[float]]]:
    """Of each model the mean of each metric, and beside it `<metric>_interval`.

    All intervals come from the same draws of the users.
    """
    places = [(model, metric) for model, metrics in models.items() for metric in metrics]
    columns = np.column_stack([models[model][metric] for model, metric in places])
    intervals = bootstrap_intervals(columns, rounds, confidence, seed)
    summary: dict[str, dict[str, float | list[float]]] = {model: {} for model in models}
    for (model, metric), (low, high) in zip(places, intervals, strict=True):
        summary[model][metric] = round(float(models[model][metric].mean()), 6)
        summary[model][f"{metric}_interval"] = [round(low, 6), round(high, 6)]
    return summary
