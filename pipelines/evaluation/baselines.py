"""What every generator lists alone, taken from the candidates where it named enough of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.candidates.generate import Candidates, CandidateSource
from pipelines.candidates.generator import NO_ITEM, Generator
from pipelines.evaluation.metrics import MAX_CUTOFF
from pipelines.evaluation.results import RIVALS
from pipelines.evaluation.window import Window
from pipelines.interactions import FloatArray, IntArray


@dataclass(frozen=True)
class NotingSource(CandidateSource):
    """Notes the first items of every generator while candidates are made of them.

    Asking a generator a second time would cost as much as the candidates did.
    """

    noted: dict[str, list[IntArray]] = field(default_factory=dict)

    def of_users(self, users: IntArray) -> Candidates:
        candidates = super().of_users(users)
        for name, ranks in candidates.ranks.items():
            if self.surface.generators[name] >= MAX_CUTOFF:
                first = _first_items(candidates, ranks, users)
                self.noted.setdefault(name, []).append(first)
        return candidates


def list_baselines(
    window: Window, source: NotingSource, generators: Mapping[str, Generator]
) -> dict[str, IntArray]:
    """Each generator alone on the full catalogue; own items are filled with recent popularity.

    *source* has made the candidates of all users of *window*, in their order.
    """
    seen = None if source.surface.repeats else window.known.history[window.users]
    lists = {
        name: np.vstack(source.noted[name])
        if name in source.noted
        else generator.candidates(window.users, MAX_CUTOFF, seen)
        for name, generator in generators.items()
    }
    own, popular = RIVALS
    return {**lists, own: fill_up(lists[own], lists[popular])}


def fill_up(lists: IntArray, others: IntArray) -> IntArray:
    """*lists* with their holes at the end filled from *others*, without doubles."""
    filled = lists.copy()
    for row in np.flatnonzero((lists == NO_ITEM).any(axis=1)):
        own = lists[row][lists[row] != NO_ITEM]
        extra = others[row][~np.isin(others[row], own)]
        merged = np.concatenate([own, extra])[: lists.shape[1]]
        filled[row, : len(merged)] = merged
    return filled


def _first_items(candidates: Candidates, ranks: FloatArray, users: IntArray) -> IntArray:
    """The items at the ranks 1 to `MAX_CUTOFF`, one row for each of *users* (ascending)."""
    lists = np.full((len(users), MAX_CUTOFF), NO_ITEM, dtype=np.int32)
    first = ranks <= MAX_CUTOFF
    rows = np.searchsorted(users, candidates.users[first])
    lists[rows, ranks[first].astype(np.int64) - 1] = candidates.items[first]
    return lists
