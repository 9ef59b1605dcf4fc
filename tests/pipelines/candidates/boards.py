"""Matrices whose right answer one can see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipelines.candidates.generator import Past
from pipelines.interactions import IntArray, Interactions

N = 10  # users and items of the checkerboard


def interactions_of(
    events: Sequence[tuple[int, int, float]], n_users: int, n_items: int
) -> Interactions:
    """Events (user, item, age in days), oldest first; purchases of weight 1, a day a session."""
    ordered = sorted(events, key=lambda event: -event[2])
    users, items, ages = zip(*ordered, strict=True)
    days = {day: number for number, day in enumerate(sorted({(u, int(a)) for u, _, a in ordered}))}
    sessions = [days[user, int(age)] for user, _, age in ordered]
    return Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        weights=np.ones(len(ordered), dtype=np.float32),
        is_purchase=np.ones(len(ordered), dtype=bool),
        age_days=np.array(ages, dtype=np.float32),
        sessions=np.array(sessions, dtype=np.int32),
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


def past_of(interactions: Interactions, segments: IntArray | None = None) -> Past:
    """What a generator is fitted on; items are called by their number, and know their colour."""
    numbers = [str(number) for number in range(interactions.n_items)]
    colours = [("even", "odd")[number % 2] for number in range(interactions.n_items)]
    items = pa.table({"item_id": numbers, "title": numbers, "category": colours})
    vectors = pa.chunked_array([[[1.0, 0.0] if c == "even" else [0.0, 1.0] for c in colours]])
    everybody = np.zeros(interactions.n_users, dtype=np.int32)
    segments = everybody if segments is None else segments
    return Past(interactions, items, segments, seed=3, vectors=vectors)
