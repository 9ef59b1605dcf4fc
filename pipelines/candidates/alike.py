"""Items that are described alike: reaches items that nobody has had, and keeps places for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import NO_ITEM, Fresh, Past, top_of_rows
from pipelines.candidates.neighbours import Neighbours, faded_history
from pipelines.interactions import BoolArray, FloatArray, IntArray
from settings import Section

_BLOCK = 1000  # users whose score rows are held at once

# (queries, targets, k) → for each query the positions in targets of its k nearest, best first,
# padded with NO_ITEM, and how near each is (0 where padded).
Nearest = Callable[[IntArray, IntArray, int], tuple[IntArray, FloatArray]]


class AlikeSettings(Section):
    """How many neighbours an item keeps, how fast history fades, and what new items get."""

    neighbours: Annotated[int, Field(ge=1, le=1000)] = 50  # old ones, and as many new ones
    half_life_days: Annotated[float, Field(gt=0)] = 60.0  # an event this old counts half
    # Exponent on one plus the faded log counts of its users: many items are described alike.
    popularity_power: Annotated[float, Field(ge=0, le=2)] = 1.0
    # Of the candidates, kept for items without an event or younger than new_item_days.
    new_item_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    new_item_days: Annotated[float, Field(ge=0)] = 28.0  # since created_at, else the first event


class Alike(Neighbours):
    """Items described like those that the user had, with a share of places for new items."""

    reason: ClassVar[str] = "content"

    def __init__(
        self, history: csr_matrix, similarity: csr_matrix, is_new: BoolArray, new_share: float
    ) -> None:
        super().__init__(history, similarity)
        self._is_new = is_new
        self._new_share = new_share

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        blocks = [np.empty((0, k), dtype=np.int32)]
        for start in range(0, len(users), _BLOCK):
            part = slice(start, start + _BLOCK)
            owned = None if seen is None else seen[part]
            blocks.append(self._best(self._scores(users[part]), k, owned))
        return np.vstack(blocks)

    def refreshed(self, fresh: Fresh, settings: Any) -> Self:
        """What the users had since counts too; the items, old and new, stay as they were."""
        history = faded_history(fresh.past.interactions, settings.half_life_days)
        return type(self)(history, self._similarity, self._is_new, self._new_share)

    def save(self, path: Path) -> None:
        sparse = {"history": self._history, "similarity": self._similarity}
        new = {"is_new": self._is_new, "new_share": np.array(self._new_share)}
        save_arrays(path, {**sparse, **new})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        history, similarity = (sparse_of(arrays, name) for name in ("history", "similarity"))
        return cls(history, similarity, arrays["is_new"], float(arrays["new_share"]))

    def _best(self, scores: csr_matrix, k: int, owned: csr_matrix | None) -> IntArray:
        """The best *k* of each row of *scores*, some of its last places for new items."""
        best = top_of_rows(scores, k, owned)
        places = int(k * self._new_share)
        if places == 0 or not self._is_new.any():
            return best
        of_new = np.where(self._is_new[scores.indices], scores.data, 0)
        only_new = csr_matrix((of_new, scores.indices, scores.indptr), scores.shape, copy=True)
        only_new.eliminate_zeros()
        new = top_of_rows(only_new, places, owned)
        for row, (ranked, reserved) in enumerate(zip(best, new, strict=True)):
            extra = reserved[(reserved != NO_ITEM) & ~np.isin(reserved, ranked)]
            if len(extra):  # all of them score less than the last of a row that is full
                others = np.flatnonzero(~np.isin(ranked, reserved))
                best[row] = np.r_[np.delete(ranked, others[-len(extra) :]), extra]
        return best

    @classmethod
    def _fit_alike(
        cls, past: Past, descriptions: IntArray, nearest: Nearest, settings: AlikeSettings
    ) -> Self:
        """The model of items whose number in *descriptions* says how they are described."""
        is_new = new_items(past, settings.new_item_days)
        described, seen = descriptions >= 0, past.interactions.seen_items
        history = faded_history(past.interactions, settings.half_life_days)
        popularity = 1 + np.asarray(history.sum(axis=0), dtype=np.float32).ravel()
        owned = np.flatnonzero(described & seen).astype(np.int32)
        catalogue = _Catalogue(descriptions, owned, popularity)
        to_old, to_new = (
            catalogue.nearest_of(
                np.flatnonzero(described & group).astype(np.int32), nearest, settings.neighbours
            )
            for group in (seen & ~is_new, is_new)
        )
        similarity = csr_matrix(to_old + to_new)
        similarity.data *= popularity[similarity.indices] ** settings.popularity_power
        similarity.sort_indices()
        return cls(history, similarity, is_new, settings.new_item_share)


@dataclass(frozen=True)
class _Catalogue:
    """Items that share descriptions, so that each two descriptions are compared once."""

    descriptions: IntArray  # of each item; below 0 without one
    owned: IntArray  # the items to find neighbours of
    popularity: FloatArray  # of each item: who comes first among those described the same

    def nearest_of(self, items: IntArray, nearest: Nearest, k: int) -> csr_matrix:
        """items × items: from each owned item to the *k* of *items* described most like it."""
        n_items = len(self.descriptions)
        queries, row_of_owned = np.unique(self.descriptions[self.owned], return_inverse=True)
        targets, members = self._members(items, k + 1)
        if len(queries) == 0 or len(targets) == 0:
            return csr_matrix((n_items, n_items), dtype=np.float32)
        near, how_near = nearest(queries, targets, k + 1)
        by_description = _expand(near, how_near, members, k + 1)
        rows = by_description[row_of_owned]  # keeps the order within a row: nearest first
        return _without_self(rows, self.owned, n_items, k)

    def _members(self, items: IntArray, limit: int) -> tuple[IntArray, csr_matrix]:
        """The descriptions of *items*, and the first *limit* items of each, popular ones first."""
        order = np.lexsort((items, -self.popularity[items], self.descriptions[items]))
        ordered = items[order]
        targets, starts, counts = np.unique(
            self.descriptions[ordered], return_index=True, return_counts=True
        )
        kept = np.arange(len(ordered)) - np.repeat(starts, counts) < limit
        indptr = np.r_[0, np.cumsum(np.minimum(counts, limit))]
        columns = ordered[kept]
        shape = (len(targets), len(self.descriptions))
        return targets, csr_matrix((np.ones(len(columns), np.float32), columns, indptr), shape)


def new_items(past: Past, days: float) -> BoolArray:
    """For each item, whether it is on sale and has no event, or is younger than *days*.

    What was created at the cutoff or later was not there yet; no `created_at` tells nothing.
    """
    interactions, items = past.interactions, past.items
    age = np.zeros(interactions.n_items, dtype=np.float32)
    np.maximum.at(age, interactions.items, interactions.age_days)
    is_new = (age < days) | ~interactions.seen_items
    if "created_at" in items.column_names and past.cutoff is not None:
        created = _days_before(items["created_at"], past.cutoff)
        known = ~np.isnan(created)
        young = (created > 0) & ((created < days) | ~interactions.seen_items)
        is_new = np.where(known, young, is_new)
    if "available" in items.column_names:
        is_new &= items["available"].fill_null(True).to_numpy(zero_copy_only=False).astype(bool)
    return np.asarray(is_new, dtype=bool)


def _days_before(moments: pa.ChunkedArray, cutoff: datetime) -> FloatArray:
    """Days from each of *moments* to *cutoff*; NaN where there is none."""
    stamps = moments.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    age = np.datetime64(cutoff, "us") - stamps.astype("datetime64[us]")
    return np.asarray(age / np.timedelta64(1, "D"), dtype=np.float32)


def _expand(near: IntArray, how_near: FloatArray, members: csr_matrix, limit: int) -> csr_matrix:
    """rows of *near* × items: the items of the nearest descriptions in order, at most *limit*."""
    at = np.where(near == NO_ITEM, 0, near)
    sizes = np.where(near == NO_ITEM, 0, np.diff(members.indptr)[at])
    before = np.cumsum(sizes, axis=1) - sizes
    sizes = np.clip(limit - before, 0, sizes).ravel()
    ends = np.cumsum(sizes)
    entry = np.arange(ends[-1]) + np.repeat(members.indptr[at.ravel()] - (ends - sizes), sizes)
    indptr = np.r_[0, ends.reshape(near.shape)[:, -1]]
    values = np.repeat(how_near.ravel(), sizes).astype(np.float32)
    return csr_matrix((values, members.indices[entry], indptr), (len(near), members.shape[1]))


def _without_self(rows: csr_matrix, owners: IntArray, n_items: int, k: int) -> csr_matrix:
    """items × items: *rows* of the *owners* without themselves, the first *k* of each."""
    sizes = np.diff(rows.indptr)
    owner = np.repeat(owners, sizes)
    others = rows.indices != owner
    rank = np.cumsum(others)
    rank -= np.repeat(np.r_[0, rank][rows.indptr[:-1]], sizes)
    kept = others & (rank <= k)
    shape = (n_items, n_items)
    return csr_matrix((rows.data[kept], (owner[kept], rows.indices[kept])), shape, np.float32)
