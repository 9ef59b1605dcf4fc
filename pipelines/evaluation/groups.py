"""Users by how active they were, and items by how often they were chosen, before the cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.evaluation.activity import Activity
from pipelines.evaluation.metrics import BoolArray, DoubleArray
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.interactions import IntArray

NEW, TAIL, HEAD = "new", "tail", "head"
LIGHT, HEAVY = "light", "heavy"


@dataclass(frozen=True)
class Group:
    """Some of the users or items, and in words which."""

    name: str
    meaning: str
    members: BoolArray  # one entry a user or item


def group_users(events: IntArray, settings: EvaluationSettings) -> list[Group]:
    """New, light and heavy users by their number of *events*; every user is in one group.

    Heavy are the most active `heavy_user_share` of those who are not new.
    """
    few = settings.new_user_events
    is_new = events <= few
    known = events[~is_new]
    share = 1 - settings.heavy_user_share
    limit = int(np.quantile(known, share, method="lower")) if len(known) else few
    is_heavy = ~is_new & (events > limit)
    return [
        Group(NEW, f"at most {few} events", is_new),
        Group(LIGHT, f"{few + 1} to {limit} events", ~is_new & ~is_heavy),
        Group(HEAVY, f"more than {limit} events", is_heavy),
    ]


def group_items(activity: Activity, settings: EvaluationSettings) -> list[Group]:
    """New, tail and head items; every item of the catalogue is in one group.

    Head are the items with the most events that together hold `head_item_share` of all events;
    an item whose first event is within `new_item_days`, or that has none, is new all the same.
    """
    days, share = settings.new_item_days, settings.head_item_share
    is_new = activity.item_age_days <= days
    is_head = _most_frequent(activity.events_of_item, share) & ~is_new
    return [
        Group(NEW, f"first event within {days:g} days, or none", is_new),
        Group(TAIL, "all others", ~is_new & ~is_head),
        Group(HEAD, f"most events, together {share:.0%} of all".replace("%", " %"), is_head),
    ]


def group_numbers(groups: list[Group]) -> IntArray:
    """For each user or item the position of its group in *groups*."""
    return np.argmax(np.stack([group.members for group in groups]), axis=0).astype(np.int32)


def mean_of(values: DoubleArray, members: BoolArray) -> float | None:
    """Mean of *values* where *members*, None of nobody: there is no NaN in JSON."""
    return round(float(values[members].mean()), 6) if members.any() else None


def _most_frequent(events: IntArray, share: float) -> BoolArray:
    """The fewest items that hold *share* of all *events*, ties by item number."""
    order = np.argsort(-events, kind="stable")
    before = np.cumsum(events[order]) - events[order]  # held by the items further up
    chosen = np.zeros(len(events), dtype=bool)
    chosen[order] = (before < share * events.sum()) & (events[order] > 0)
    return chosen
