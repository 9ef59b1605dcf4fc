"""The figures of every model told apart: by the user's segment and activity, and by item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.groups import Group, group_users, mean_of
from pipelines.evaluation.metrics import MAX_CUTOFF, BoolArray, DoubleArray, ndcg, recall
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.window import Window
from pipelines.interactions import IntArray

NDCG, RECALL = f"ndcg@{MAX_CUTOFF}", f"recall@{MAX_CUTOFF}"
Metrics = Mapping[str, Mapping[str, DoubleArray]]  # by model and metric, one value a user


def by_segment(window: Window, metrics: Metrics) -> dict[str, Any]:
    """By segment, its users and the NDCG@20 of every model."""
    segments = window.known.segments[window.users].astype(str)
    return {
        str(segment): _of_users(segments == segment, metrics, (NDCG,))
        for segment in np.unique(segments)
    }


def by_activity(window: Window, metrics: Metrics, settings: EvaluationSettings) -> dict[str, Any]:
    """Of new, light and heavy users, NDCG@20 and recall@20 of every model; None of nobody."""
    groups = group_users(window.known.events_of_user[window.users], settings)
    return {
        group.name: {
            "meaning": group.meaning,
            **_of_users(group.members, metrics, (NDCG, RECALL)),
        }
        for group in groups
    }


def by_item_group(
    window: Window, lists: Mapping[str, IntArray], hits: Mapping[str, BoolArray]
) -> dict[str, Any]:
    """Of new, tail and head items, how much of the truth in them every model finds.

    NDCG@20 and recall@20 as if nothing but the items of the group were true, over the users
    with such items in their truth; and the share of all places that the group gets.
    """
    return {
        group.name: {
            "meaning": group.meaning,
            "items": int(group.members.sum()),
            **_of_items(window, group, lists, hits),
        }
        for group in window.known.item_groups
    }


def _of_users(members: BoolArray, metrics: Metrics, wanted: tuple[str, ...]) -> dict[str, Any]:
    figures = {
        metric: {model: mean_of(values[metric], members) for model, values in metrics.items()}
        for metric in wanted
    }
    return {"users": int(members.sum()), **figures}


def _of_items(
    window: Window, group: Group, lists: Mapping[str, IntArray], hits: Mapping[str, BoolArray]
) -> dict[str, Any]:
    sizes = window.truth_among(group.members)
    members = sizes > 0
    divisors = np.maximum(sizes, 1)  # users without such items do not count
    inside = {model: hits[model] & group.members[items] for model, items in lists.items()}
    return {
        "users": int(members.sum()),
        "truth_share": round(float(sizes.sum() / window.truth_sizes.sum()), 6),
        f"listed_share@{MAX_CUTOFF}": {
            model: mean_of(group.members[items].astype(np.float64), items != NO_ITEM)
            for model, items in lists.items()
        },
        NDCG: {
            m: mean_of(ndcg(found, divisors, MAX_CUTOFF), members) for m, found in inside.items()
        },
        RECALL: {
            m: mean_of(recall(found, divisors, MAX_CUTOFF), members) for m, found in inside.items()
        },
    }
