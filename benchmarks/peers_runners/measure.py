"""Lists of any library measured in the same way, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.peers_runners.job import LIST_LENGTH, NO_ITEM, Answer, IntArray
from benchmarks.peers_runners.pairs import Split
from pipelines.evaluation.metrics import find_hits, ndcg, recall
from settings.errors import NightshelfError


class ListsError(NightshelfError):
    """Lists that cannot be compared with those of others."""


@dataclass(frozen=True)
class Figures:
    """Quality and cost of one model."""

    library: str
    kind: str
    recall: float  # at 20
    ndcg: float  # at 20
    fit_seconds: float
    lists_per_second: float
    peak_mib: float

    @property
    def name(self) -> str:
        return f"{self.library}/{self.kind}"

    def as_dict(self) -> dict[str, float]:
        return {
            "recall@20": round(self.recall, 4),
            "ndcg@20": round(self.ndcg, 4),
            "fit_seconds": round(self.fit_seconds, 2),
            "lists_per_second": round(self.lists_per_second, 1),
            "peak_mib": round(self.peak_mib),
        }


def measure(library: str, kind: str, answer: Answer, split: Split) -> Figures:
    """Means over the users with a test item; recall divides by the full size of their truth.

    Raises `ListsError` when the lists are not what every library was asked for.
    """
    users = split.users
    check_lists(f"{library}/{kind}", answer.lists, split)
    hits = find_hits(answer.lists, users, split.test)
    sizes = np.diff(split.test.indptr)[users]
    return Figures(
        library=library,
        kind=kind,
        recall=float(recall(hits, sizes, LIST_LENGTH).mean()),
        ndcg=float(ndcg(hits, sizes, LIST_LENGTH).mean()),
        fit_seconds=answer.fit_seconds,
        lists_per_second=len(users) / answer.recommend_seconds,
        peak_mib=answer.peak_mib,
    )


def check_lists(name: str, lists: IntArray, split: Split) -> None:
    """Raises `ListsError` for a wrong shape, an item twice in a list, or one of the train part."""
    users = split.users
    if lists.shape != (len(users), LIST_LENGTH):
        raise ListsError(f"{name}: lists of shape {lists.shape}, not {(len(users), LIST_LENGTH)}")
    ordered = np.sort(lists, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NO_ITEM)
    if twice.any():
        user = users[twice.any(axis=1).argmax()]
        raise ListsError(f"{name}: an item stands twice in the list of user {user}")
    old = find_hits(lists, users, split.train)
    if old.any():
        user = users[old.any(axis=1).argmax()]
        raise ListsError(f"{name}: the list of user {user} has an item of its train part")


def ratios(figures: Sequence[Figures], ours: str) -> dict[str, dict[str, float]]:
    """For each peer's model, ours of the same kind divided by it, figure by figure.

    Above 1 is better for quality and lists per second, below 1 for seconds and memory.
    """
    mine = {figure.kind: figure.as_dict() for figure in figures if figure.library == ours}
    return {
        figure.name: {
            key: round(mine[figure.kind][key] / value, 3)
            for key, value in figure.as_dict().items()
            if value
        }
        for figure in figures
        if figure.library != ours and figure.kind in mine
    }


def best_ratios(figures: Sequence[Figures], ours: str) -> dict[str, dict[str, float]]:
    """For each peer, our model with the highest NDCG divided by the peer's: recall and NDCG."""
    best: dict[str, Figures] = {}
    for figure in sorted(figures, key=lambda figure: figure.ndcg):
        best[figure.library] = figure
    mine = best.pop(ours, None)
    return {
        library: {
            "recall@20": round(mine.recall / figure.recall, 3),
            "ndcg@20": round(mine.ndcg / figure.ndcg, 3),
        }
        for library, figure in best.items()
        if mine is not None and figure.ndcg > 0
    }


def print_table(figures: Sequence[Figures]) -> None:
    """One line a model."""
    print(f"{'model':24} {'recall@20':>9} {'ndcg@20':>8} {'fit s':>8} {'lists/s':>9} {'MiB':>6}")
    for figure in figures:
        print(
            f"{figure.name:24} {figure.recall:9.4f} {figure.ndcg:8.4f} {figure.fit_seconds:8.2f} "
            f"{figure.lists_per_second:9.0f} {figure.peak_mib:6.0f}"
        )
