"""Matrices whose right answer one can see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.interactions import Interactions

N = 10  # users and items of the checkerboard


def interactions_of(
    events: Sequence[tuple[int, int, float]], n_users: int, n_items: int
) -> Interactions:
    """Events (user, item, age in days), oldest first, each a purchase of weight 1."""
    ordered = sorted(events, key=lambda event: -event[2])
    users, items, ages = zip(*ordered, strict=True)
    return Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        weights=np.ones(len(ordered), dtype=np.float32),
        is_purchase=np.ones(len(ordered), dtype=bool),
        age_days=np.array(ages, dtype=np.float32),
        n_users=n_users,
        n_items=n_items,
    )


def checkerboard() -> Interactions:
    """Even users have the even items, odd users the odd ones, but nobody the own number.

    So the one unseen item that fits user u is item u.
    """
    events = [
        (user, item, 1.0 + (user + item) / 10)
        for user in range(N)
        for item in range(N)
        if user % 2 == item % 2 and user != item
    ]
    return interactions_of(events, N, N)
