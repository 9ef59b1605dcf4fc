"""What lists are like, whatever they hit: how wide, how new, how popular, how fair.

`lists` are item numbers (users × positions), `NO_ITEM` where a list has no more.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.groups import group_numbers
from pipelines.evaluation.metrics import MAX_CUTOFF, BoolArray, DoubleArray
from pipelines.evaluation.window import Window
from pipelines.interactions import IntArray


def describe_lists(
    window: Window, lists: IntArray, hits: BoolArray, primitive: IntArray
) -> dict[str, float | None]:
    """All figures of this page of the *lists* of one model; None where nothing can be said."""
    known = window.known
    history = known.history[window.users]
    groups = group_numbers(known.item_groups)
    figures = {
        "coverage": coverage(lists, int(known.is_sold.sum())),
        "gini": exposure_gini(lists, known.is_sold),
        "novelty": novelty(lists, known.owners, known.n_active),
        "diversity": intra_list_diversity(lists, known.categories),
        "serendipity": serendipity(lists, hits, primitive),
        "popularity": popularity(lists, known.owners, known.n_active),
        "popularity_lift": popularity_lift(lists, history, known.owners),
        "miscalibration": popularity_miscalibration(lists, history, groups, len(known.item_groups)),
    }
    return {
        f"{name}@{MAX_CUTOFF}": None if figure is None else round(figure, 6)
        for name, figure in figures.items()
    }


def coverage(lists: IntArray, n_sold: int) -> float:
    """Share of the items sold before the cutoff that are in at least one list."""
    return float(len(np.unique(lists[lists != NO_ITEM])) / max(n_sold, 1))


def exposure_gini(lists: IntArray, is_sold: BoolArray) -> float:
    """Gini index of how often each sold item is listed: 0 all alike, towards 1 a few get it all."""
    times = np.bincount(lists[lists != NO_ITEM], minlength=len(is_sold))
    times = np.sort(times[is_sold | (times > 0)])
    total, n = times.sum(), len(times)
    if total == 0:
        return 0.0
    return float(2 * (times * np.arange(1, n + 1)).sum() / (n * total) - (n + 1) / n)


def novelty(lists: IntArray, owners: IntArray, n_users: int) -> float:
    """Mean self-information, -log2 of the share of users who had the item before."""
    listed = lists[lists != NO_ITEM]
    share = np.maximum(owners[listed], 1) / max(n_users, 1)
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


def serendipity(lists: IntArray, hits: BoolArray, primitive: IntArray) -> float:
    """Mean share of a list that hits and is not in the list of a *primitive* recommender.

    Ge et al. 2010. *hits* as in `find_hits`; *primitive* has the same users in the same order.
    """
    expected = (lists[:, :, None] == primitive[:, None, :]).any(axis=2)
    n_listed = (lists != NO_ITEM).sum(axis=1)
    return float(((hits & ~expected).sum(axis=1) / np.maximum(n_listed, 1)).mean())


def popularity(lists: IntArray, owners: IntArray, n_users: int) -> float:
    """Mean share of users who had a listed item before."""
    listed = lists[lists != NO_ITEM]
    return float(owners[listed].mean() / max(n_users, 1)) if len(listed) else 0.0


def popularity_lift(lists: IntArray, history: csr_matrix, owners: IntArray) -> float | None:
    """How much more popular lists are than what their users had, as a share of the latter.

    Both are means over users of the mean popularity of their items (Abdollahpouri 2020);
    *history* has a row for each list. 0: alike. None when nothing is listed, or was had.
    """
    filled = lists != NO_ITEM
    listed = _mean_of_rows(np.where(filled, owners[lists], 0).sum(axis=1), filled.sum(axis=1))
    had_sums = np.r_[0.0, np.cumsum(owners[history.indices], dtype=np.float64)]
    had = _mean_of_rows(np.diff(had_sums[history.indptr]), np.diff(history.indptr))
    return None if not listed or not had else float(listed / had - 1)


def popularity_miscalibration(
    lists: IntArray, history: csr_matrix, group_of_item: IntArray, n_groups: int
) -> float | None:
    """Mean Jensen-Shannon divergence (bits) of a list's shares of the item groups from the user's.

    Abdollahpouri 2020: 0 when every list has as much new, tail and head as its user's history,
    1 when none has any group in common. None when no user has both a list and a history.
    """
    filled = lists != NO_ITEM
    places = np.broadcast_to(np.arange(len(lists))[:, None], lists.shape)
    listed = _shares(places[filled], group_of_item[lists[filled]], len(lists), n_groups)
    rows = np.repeat(np.arange(len(lists)), np.diff(history.indptr))
    had = _shares(rows, group_of_item[history.indices], len(lists), n_groups)
    usable = (listed.sum(axis=1) > 0) & (had.sum(axis=1) > 0)
    return float(_divergence(listed[usable], had[usable]).mean()) if usable.any() else None


def _mean_of_rows(sums: np.ndarray, sizes: np.ndarray) -> float:
    """Mean over rows of sum / size; rows of size 0 do not count, 0 when there is no other."""
    usable = sizes > 0
    return float((sums[usable] / sizes[usable]).mean()) if usable.any() else 0.0


def _shares(rows: np.ndarray, groups: np.ndarray, n_rows: int, n_groups: int) -> DoubleArray:
    """For each row the share of each group, (n_rows, n_groups); zeros for an empty row."""
    counts = np.bincount(rows * n_groups + groups, minlength=n_rows * n_groups)
    counts = counts.reshape(n_rows, n_groups)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def _divergence(one: DoubleArray, other: DoubleArray) -> DoubleArray:
    """Jensen-Shannon divergence of each pair of rows, in bits: 0 … 1."""
    middle = (one + other) / 2
    divergence = (_relative_entropy(one, middle) + _relative_entropy(other, middle)) / 2
    return np.maximum(divergence, 0.0)  # rounding may leave a little less than nothing


def _relative_entropy(p: DoubleArray, q: DoubleArray) -> DoubleArray:
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)  # log2(1) = 0 where p is 0
    return np.asarray((p * np.log2(ratio)).sum(axis=1))
