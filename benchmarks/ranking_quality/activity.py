"""Popularity and activity columns, which a night reads from feature_sql."""

from __future__ import annotations

import numpy as np

from pipelines.interactions import FloatArray, Interactions

WINDOWS = (1.0, 3.0, 7.0, 14.0, 28.0, 84.0)  # days


def item_columns(past: Interactions) -> dict[str, FloatArray]:
    """Events of each item in the windows and ever, days since its first and last, its trend."""
    columns: dict[str, FloatArray] = {}
    for days in WINDOWS:
        columns[f"item.events_{days:g}d"] = _count(past.items, past.age_days <= days, past.n_items)
    columns["item.events"] = _count(past.items, np.ones(len(past.items), bool), past.n_items)
    columns["item.first_days"] = _extreme(past.items, past.age_days, past.n_items, np.maximum, 0)
    columns["item.last_days"] = _extreme(past.items, past.age_days, past.n_items, np.minimum, 1e6)
    week, month = columns["item.events_7d"], columns["item.events_28d"]
    columns["item.trend"] = 4 * week / (month + 4)
    columns["item.rate"] = columns["item.events"] / (columns["item.first_days"] + 7)
    return columns


def user_columns(past: Interactions) -> dict[str, FloatArray]:
    """Items and events of each user, days since the last, and how popular their items are."""
    users = np.diff(past.matrix.tocsc().indptr).astype(np.float32)
    sizes = np.diff(past.matrix.indptr).astype(np.float32)
    rows = np.repeat(np.arange(past.n_users), sizes.astype(np.int64))
    taste = np.bincount(rows, weights=np.log1p(users[past.matrix.indices]), minlength=past.n_users)
    recent = _count(past.users, past.age_days <= 28, past.n_users)
    last = _extreme(past.users, past.age_days, past.n_users, np.minimum, 1e6)
    return {
        "user.items": sizes,
        "user.events_28d": recent,
        "user.last_days": last,
        "user.popularity": (taste / np.maximum(sizes, 1)).astype(np.float32),
    }


def _count(numbers: np.ndarray, inside: np.ndarray, n: int) -> FloatArray:
    return np.bincount(numbers[inside], minlength=n).astype(np.float32)


def _extreme(
    numbers: np.ndarray, values: FloatArray, n: int, choose: np.ufunc, start: float
) -> FloatArray:
    found = np.full(n, start, dtype=np.float32)
    choose.at(found, numbers, values)
    return found
