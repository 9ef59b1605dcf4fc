"""What the web tier knows of a user besides the lists: segment, top categories, last items."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np

from pipelines.features.database import feature_table, open_features, user_segments
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray, load_interactions
from pipelines.runs import Run

TOP_CATEGORIES_TABLE = "user_top_categories"  # optional table of feature_sql
LAST_ITEMS = 20


def build_user_rows(run: Run, index: Index) -> dict[str, dict[str, Any]]:
    """Row of every user with an event before as_of, by user id."""
    night = run_cutoffs(run).night
    segments = user_segments(run, index, night)
    categories = _top_categories(run)
    interactions = load_interactions(run, index, night)
    rows = {}
    for user, items in _last_items(interactions.users, interactions.items):
        user_id = index.user_ids[user]
        rows[user_id] = {
            "segment": segments[user],
            "top_categories": categories.get(user_id, []),
            "last_items": index.item_ids[items].tolist(),
        }
    return rows


def _top_categories(run: Run) -> dict[str, list[str]]:
    with open_features(run) as connection:
        try:
            relation = feature_table(connection, run, TOP_CATEGORIES_TABLE, run_cutoffs(run).night)
        except duckdb.CatalogException:
            return {}
        table = relation.to_arrow_table()
    users, categories = table["user_id"].to_pylist(), table["top_categories"].to_pylist()
    return dict(zip(users, categories, strict=True))


def _last_items(users: IntArray, items: IntArray) -> list[tuple[int, list[int]]]:
    """(user, distinct items of the newest events, newest first); events come oldest first."""
    order = np.argsort(users, kind="stable")
    users, items = users[order], items[order]
    starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]])
    ends = np.r_[starts[1:], len(users)]
    return [
        (int(users[start]), list(dict.fromkeys(items[start:end][::-1].tolist()))[:LAST_ITEMS])
        for start, end in zip(starts, ends, strict=True)
    ]
