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
        keys = self._propose(users, seen)
        union = _sorted_union([key[key >= 0] for key in keys.values()])
        return self._describe(union, keys)

    def of_pairs(self, users: IntArray, items: IntArray) -> Candidates:
        """The pairs (users[i], items[i]), sorted by user, then item, whether proposed or not.

        Repeats are proposed whatever the surface says: they were shown.
        """
        union = users.astype(np.int64) * self.history.shape[1] + items
        asked = np.unique(users)
        blocks = [
            self._describe(union[start:end], self._propose(block, None))
            for start, end, block in _user_blocks(users, asked)
        ]
        return concatenate(blocks)

    def _propose(self, users: IntArray, seen: csr_matrix | None) -> dict[str, np.ndarray]:
        """Of each generator one number a proposed pair, (users, k); -1 where there is none."""
        width = np.int64(self.history.shape[1])
        return {
            name: _keys(users, self.generators[name].candidates(users, k, seen), width)
            for name, k in sorted(self.surface.generators.items())
        }

    def _describe(self, union: np.ndarray, keys: dict[str, np.ndarray]) -> Candidates:
        """Scores and ranks of the pairs *union* (numbers as of `_propose`, ascending)."""
        width = np.int64(self.history.shape[1])
        pair_users = (union // width).astype(np.int32)
        pair_items = (union % width).astype(np.int32)
        return Candidates(
            users=pair_users,
            items=pair_items,
            scores={n: self.generators[n].score(pair_users, pair_items) for n in keys},
            ranks={name: _ranks(key, union) for name, key in keys.items()},
        )


def concatenate(parts: list[Candidates]) -> Candidates:
    """The pairs of all *parts*, which are of one source."""
    return Candidates(
        users=np.concatenate([part.users for part in parts]),
        items=np.concatenate([part.items for part in parts]),
        scores={n: np.concatenate([part.scores[n] for part in parts]) for n in parts[0].scores},
        ranks={n: np.concatenate([part.ranks[n] for part in parts]) for n in parts[0].ranks},
    )


def open_candidates(run: Run, surface: SurfaceSettings, cutoff: datetime) -> CandidateSource:
    """Loads the generators that *surface* uses, as fitted at *cutoff*."""
    generators = {name: load_generator(run, cutoff, name) for name in sorted(surface.generators)}
    return CandidateSource(generators, surface, load_history(run, cutoff))


def _user_blocks(users: IntArray, asked: IntArray) -> Iterator[tuple[int, int, IntArray]]:
    """Blocks of *asked*, each with the range of the rows of *users* (ascending) that are its."""
    for start in range(0, len(asked), BLOCK_USERS):
        block = asked[start : start + BLOCK_USERS]
        yield (
            int(np.searchsorted(users, block[0], side="left")),
            int(np.searchsorted(users, block[-1], side="right")),
            block,
        )


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
    proposed = (keys >= 0) & np.isin(keys, union)
    place = np.broadcast_to(np.arange(1, keys.shape[1] + 1, dtype=np.float32), keys.shape)
    ranks[np.searchsorted(union, keys[proposed])] = place[proposed]
    return ranks
