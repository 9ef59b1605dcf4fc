"""What the web tier knows of a user besides the lists: segment, categories, items had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from pipelines.candidates.fit import load_history
from pipelines.features.database import feature_table, open_features, user_segments
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray, load_interactions
from pipelines.lists.fallback import FallbackList
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from store.had import pack_had

TOP_CATEGORIES_TABLE = "user_top_categories"  # optional table of feature_sql
LAST_ITEMS = 20


def items_to_remember(run: Run, fallback: Sequence[FallbackList]) -> IntArray:
    """Numbers, ascending, of what shared lists could show again on a surface without repeats."""
    surfaces = run.settings.read(SurfacesSettings)
    shown = [f.items for f in fallback if not surfaces[f.field.split("/")[0]].repeats]
    return np.unique(np.concatenate(shown)) if shown else np.array([], dtype=np.int32)


def build_user_rows(run: Run, index: Index, had_items: IntArray) -> dict[str, dict[str, Any]]:
    """Row of every user with an event before as_of, by user id.

    Of each *had_items* it says whether the user had it, by the history that rules the lists.
    """
    night = run_cutoffs(run).night
    segments = user_segments(run, index, night)
    categories = _top_categories(run)
    interactions = load_interactions(run, index, night)
    had = load_history(run, night)[:, had_items].sorted_indices()
    rows = {}
    for user, items in _last_items(interactions.users, interactions.items):
        user_id = index.user_ids[user]
        rows[user_id] = {
            "segment": segments[user],
            "top_categories": categories.get(user_id, []),
            "last_items": index.item_ids[items].tolist(),
            "had": pack_had(had.indices[had.indptr[user] : had.indptr[user + 1]].tolist()),
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
    if len(users) == 0:
        return []
    order = np.argsort(users, kind="stable")
    users, items = users[order], items[order]
    starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]])
    ends = np.r_[starts[1:], len(users)]
    return [
        (int(users[start]), list(dict.fromkeys(items[start:end][::-1].tolist()))[:LAST_ITEMS])
        for start, end in zip(starts, ends, strict=True)
    ]
