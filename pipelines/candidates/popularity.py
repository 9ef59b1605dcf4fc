"""What everybody, or everybody of the user's segment, bought lately."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays
from pipelines.candidates.generator import NO_ITEM, Fresh, Past, Unseen, best_first
from pipelines.interactions import FloatArray, IntArray, Interactions
from settings import Section


class PopularitySettings(Section):
    """The window in which events count, and how fast they fade in it."""

    window_days: Annotated[float, Field(gt=0)] = 28.0  # older events do not count
    half_life_days: Annotated[float, Field(gt=0)] | None = None  # an event this old counts half


class PopularItems:
    """Items by what they count for a group of users, the same for all of the group."""

    def __init__(self, counts: FloatArray, group_of_user: IntArray) -> None:
        self._counts = counts  # groups × items
        self._group_of_user = group_of_user

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        n_seen = 0 if seen is None else int(np.diff(seen.indptr).max(initial=0))
        ranking = self.rankings(k + n_seen)
        top = np.full((len(users), k), NO_ITEM, dtype=np.int32)
        unseen = None if seen is None else Unseen(seen)
        for row, user in enumerate(users):
            items = ranking[self._group_of_user[user]]
            if unseen is not None:
                items = items[unseen.of_row(row, items)]
            top[row, : min(k, len(items))] = items[:k]
        return top

    def rankings(self, k: int) -> list[IntArray]:
        """For each group its *k* most popular items, best first."""
        rankings = []
        for counts in self._counts:
            items = np.flatnonzero(counts).astype(np.int32)
            rankings.append(best_first(items, counts[items], k))
        return rankings

    def counts_of(self, group: int, items: IntArray) -> FloatArray:
        """Weighted events of *items* in *group*."""
        return self._counts[group, items]

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        return self._counts[self._group_of_user[users], items]

    def refreshed(self, fresh: Fresh, settings: Any) -> Self:
        """What is popular stays; whoever was in no group is in one of everybody, or of nothing."""
        groups = np.where(fresh.rows >= 0, self._group_of_user[fresh.rows], 0).astype(np.int32)
        if len(self._counts) == 1:
            return type(self)(self._counts, groups)
        groups[fresh.rows < 0] = len(self._counts)
        nothing = np.zeros((1, self._counts.shape[1]), dtype=self._counts.dtype)
        return type(self)(np.vstack([self._counts, nothing]), groups)

    def save(self, path: Path) -> None:
        save_arrays(path, {"counts": self._counts, "group_of_user": self._group_of_user})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        return cls(arrays["counts"], arrays["group_of_user"])


class Popularity(PopularItems):
    """Weighted events of an item within the window, by group of users; group 0 is everybody."""

    reason: ClassVar[str] = "popular_now"

    @classmethod
    def fit(cls, past: Past, settings: PopularitySettings) -> Self:
        everybody = np.zeros(past.interactions.n_users, dtype=np.int32)
        return cls._fit_by_group(past.interactions, settings, everybody)

    @classmethod
    def _fit_by_group(
        cls, interactions: Interactions, settings: PopularitySettings, group_of_user: IntArray
    ) -> Self:
        recent = interactions.age_days <= settings.window_days
        weights = interactions.weights[recent]
        if settings.half_life_days is not None:
            fade = interactions.age_days[recent] / np.float32(settings.half_life_days)
            weights = weights * np.exp2(-fade)
        groups = group_of_user[interactions.users[recent]]
        shape = (int(group_of_user.max(initial=0)) + 1, interactions.n_items)
        cell = groups.astype(np.int64) * interactions.n_items + interactions.items[recent]
        counts = np.bincount(cell, weights=weights, minlength=shape[0] * shape[1])
        return cls(counts.reshape(shape).astype(np.float32), group_of_user)


class SegmentPopularity(Popularity):
    """Weighted events within the window, of the users of one's own segment."""

    reason: ClassVar[str] = "popular_in_segment"

    @classmethod
    def fit(cls, past: Past, settings: PopularitySettings) -> Self:
        return cls._fit_by_group(past.interactions, settings, past.segments)
