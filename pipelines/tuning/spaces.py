"""What is varied of each generator and of the ranker, and how far.

A field that is not named here keeps its value. Numbers of factors stay fixed: more of them are
nearly always a little better and always cost more, so time decides them, not a study.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Number = int | float


class Range(NamedTuple):
    """Bounds, both included; two whole numbers are a range of whole numbers."""

    low: Number
    high: Number
    log: bool = False  # as many trials between 1 and 10 as between 10 and 100

    @property
    def is_whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)


Space = Mapping[str, Range]  # field of the settings class → range

_NEIGHBOURS = Range(10, 400, log=True)
_HALF_LIFE = Range(3.0, 1000.0, log=True)
_ALS: Space = {
    "regularization": Range(1.0, 100.0, log=True),
    "confidence": Range(1.0, 100.0, log=True),
    "iterations": Range(5, 30),
}
_ITEM_ITEM: Space = {"neighbours": _NEIGHBOURS, "half_life_days": _HALF_LIFE}
_WINDOW: Space = {"window_days": Range(3.0, 120.0, log=True)}

SPACES: Mapping[str, Space] = {
    "als": _ALS,
    "als_wide": _ALS,
    "bought_together": {"neighbours": _NEIGHBOURS, "half_life_days": Range(2.0, 90.0, log=True)},
    "bpr": {
        "learning_rate": Range(0.005, 0.2, log=True),
        "regularization": Range(0.0005, 0.1, log=True),
        "iterations": Range(20, 300, log=True),
    },
    "content": {
        "neighbours": _NEIGHBOURS,
        "half_life_days": _HALF_LIFE,
        "popularity_power": Range(0.0, 2.0),
    },
    "due_again": {
        "prior_days": Range(7.0, 365.0, log=True),
        "patience": Range(0.5, 10.0, log=True),
    },
    "ease": {"regularization": Range(0.5, 100.0, log=True)},
    "graph_filter": {
        "low_pass": Range(0.0, 1.0),
        "sharpening": Range(0.0, 2.0),
        "detail": Range(0.3, 1.5),
        "user_power": Range(0.1, 0.6),
        "item_power": Range(0.2, 0.7),
        "signal_power": Range(0.1, 0.7),
    },
    "item_bm25": _ITEM_ITEM,
    "item_item": _ITEM_ITEM,
    "item_tfidf": _ITEM_ITEM,
    "next_item": {"reach": Range(1, 20), "half_life_days": Range(1.0, 90.0, log=True)},
    "own_most_frequent": {"window_days": Range(28.0, 3650.0, log=True)},
    "recent_popularity": _WINDOW,
    "segment_popularity": _WINDOW,
    "trending": {
        "window_days": Range(7.0, 120.0, log=True),
        "half_life_days": Range(0.5, 30.0, log=True),
    },
    "user_knn": {"neighbours": _NEIGHBOURS, "half_life_days": _HALF_LIFE},
}

RANKER = "ranker"
RANKER_SPACE: Space = {
    "trees": Range(40, 400, log=True),
    "leaves": Range(7, 63, log=True),
    "learning_rate": Range(0.02, 0.3, log=True),
    "min_rows_per_leaf": Range(20, 2000, log=True),
    "feature_share": Range(0.2, 1.0),
    "truncation": Range(10, 100),
}


def space_of(what: str) -> Space:
    """What is varied of the generator *what*, or of the ranker; raises `KeyError` for others."""
    return RANKER_SPACE if what == RANKER else SPACES[what]
