"""Rules of what may be shown, applied to ranked items without a loop over users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.index import Index
from pipelines.interactions import FloatArray, IntArray
from pipelines.lists.settings import ListSettings
from pipelines.surfaces import SurfaceSettings

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rules:
    """What one surface may show; all arrays have one entry an item of the catalogue."""

    allowed: BoolArray
    title: IntArray  # items with one number have one title
    category: IntArray
    max_per_category: int | None
    min_score: float | None

    def select(self, users: IntArray, items: IntArray, scores: FloatArray) -> IntArray:
        """Positions of the rows to show, in the order to show them.

        Rows are grouped by user, best first. Dropped: items that are not allowed, below the
        minimum score, or with a title that the user's list has already. What exceeds the
        category cap goes behind everything else of its user: a short list would be worse.
        """
        keep = self.allowed[items]
        if self.min_score is not None:
            keep &= scores >= self.min_score
        rows = np.flatnonzero(keep)
        rows = rows[_occurrence(users[rows], self.title[items[rows]]) == 0]
        if self.max_per_category is not None:
            place = _occurrence(users[rows], self.category[items[rows]])
            rows = rows[np.lexsort((place >= self.max_per_category, users[rows]))]
        return rows.astype(np.int32)


def load_rules(index: Index, lists: ListSettings, surface: SurfaceSettings) -> Rules:
    """The rules of the settings for this catalogue."""
    allowed = ~np.isin(index.item_ids, lists.blocked_items)
    if lists.only_available:
        allowed &= index.items["available"].to_numpy(zero_copy_only=False)
    numbers = np.arange(index.n_items, dtype=np.int32)
    return Rules(
        allowed=allowed,
        title=_codes(index.items["title"]) if lists.unique_by == "title" else numbers,
        category=_codes(index.items["category"]),
        max_per_category=surface.max_per_category,
        min_score=surface.min_score,
    )


def _codes(column: pa.ChunkedArray) -> IntArray:
    encoded = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
    return encoded.indices.to_numpy().astype(np.int32)


def _occurrence(users: IntArray, codes: IntArray) -> npt.NDArray[np.int64]:
    """How many earlier rows of the same user have the same code; rows keep their order."""
    keys = users.astype(np.int64) * (int(codes.max(initial=0)) + 1) + codes
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.r_[True, ordered[1:] != ordered[:-1]] if len(keys) else np.empty(0, dtype=bool)
    first = np.maximum.accumulate(np.where(starts, np.arange(len(keys)), 0))
    occurrence = np.empty(len(keys), dtype=np.int64)
    occurrence[order] = np.arange(len(keys)) - first
    return occurrence
