"""The union of what the generators propose, with every generator's score and rank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.fit import load_generator, load_history
from pipelines.candidates.generator import NO_ITEM, Generator
from pipelines.interactions import FloatArray, IntArray
from pipelines.runs import Run
from pipelines.surfaces import SurfaceSettings

BLOCK_USERS = 1000  # bounds the memory of candidates and their features


@dataclass(frozen=True)
class Candidates:
    """Pairs to rank, sorted by user, then item; all arrays have one row a pair."""

    users: IntArray
    items: IntArray
    scores: dict[str, FloatArray]  # generator → its score of the pair
    ranks: dict[str, FloatArray]  # generator → its rank of the item, NaN if not proposed

    def take(self, keep: np.ndarray) -> Candidates:
        """The pairs that *keep* (a mask or positions) selects."""
        return Candidates(
            users=self.users[keep],
            items=self.items[keep],
            scores={name: values[keep] for name, values in self.scores.items()},
            ranks={name: values[keep] for name, values in self.ranks.items()},
        )


@dataclass(frozen=True)
class CandidateSource:
    """The fitted generators of one surface at one cutoff."""

    generators: dict[str, Generator]
    surface: SurfaceSettings
    history: csr_matrix  # users × items with an event before the cutoff

    def blocks(self, users: IntArray) -> Iterator[Candidates]:
        """Candidates of *users*, `BLOCK_USERS` at a time."""
        for start in range(0, len(users), BLOCK_USERS):
            yield self.of_users(users[start : start + BLOCK_USERS])

    def of_users(self, users: IntArray) -> Candidates:
        """The union of all proposals for *users* (ascending numbers)."""
        seen = None if self.surface.repeats else self.history[users]
        proposals = {
            name: self.generators[name].candidates(users, k, seen)
            for name, k in sorted(self.surface.generators.items())
        }
        width = np.int64(self.history.shape[1])
        keys = {name: _keys(users, items, width) for name, items in proposals.items()}
        union = _sorted_union([key[key >= 0] for key in keys.values()])
        pair_users = (union // width).astype(np.int32)
        pair_items = (union % width).astype(np.int32)
        return Candidates(
            users=pair_users,
            items=pair_items,
            scores={n: self.generators[n].score(pair_users, pair_items) for n in proposals},
            ranks={name: _ranks(key, union) for name, key in keys.items()},
        )


def open_candidates(run: Run, surface: SurfaceSettings, cutoff: datetime) -> CandidateSource:
    """Loads the generators that *surface* uses, as fitted at *cutoff*."""
    generators = {name: load_generator(run, cutoff, name) for name in sorted(surface.generators)}
    return CandidateSource(generators, surface, load_history(run, cutoff))


def _keys(users: IntArray, items: IntArray, width: np.int64) -> np.ndarray:
    """One number a pair, (users, k); -1 where there is no proposal."""
    return np.where(items == NO_ITEM, -1, users.astype(np.int64)[:, None] * width + items)


def _sorted_union(keys: list[np.ndarray]) -> np.ndarray:
    """The different numbers of *keys*, ascending; `np.unique` hashes them all before it sorts."""
    merged = np.sort(np.concatenate(keys))
    return merged[np.diff(merged, prepend=-1) > 0]


def _ranks(keys: np.ndarray, union: np.ndarray) -> FloatArray:
    ranks = np.full(len(union), np.nan, dtype=np.float32)
    if len(union) == 0:
        return ranks
    proposed = keys >= 0
    place = np.broadcast_to(np.arange(1, keys.shape[1] + 1, dtype=np.float32), keys.shape)
    ranks[np.searchsorted(union, keys[proposed])] = place[proposed]
    return ranks
