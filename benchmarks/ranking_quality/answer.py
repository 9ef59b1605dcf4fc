"""What came of a problem: a table for people and a line for programs."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.ranking_quality.problem import Figures, Problem
from pipelines.evaluation.metrics import find_hits, ndcg, recall
from pipelines.interactions import IntArray

BLEND = "blend"
OURS, THEIRS = "here", "published"


@dataclass(frozen=True)
class Answer:
    """Figures of every model on the test part, and what they cost."""

    name: str
    depth: int  # the table is cut here
    users: int
    figures: Mapping[str, Mapping[int, tuple[float, float]]]  # model → depth → recall, NDCG
    published: Mapping[str, Figures]
    n_candidates: float
    union_recall: float
    seconds: float

    def table(self) -> str:
        """A line a model, the best NDCG first, the blend on top."""
        rows: list[tuple[str, str, float | None, float | None]] = [
            (model, OURS, *found[self.depth]) for model, found in self.figures.items()
        ]
        rows += [(model, THEIRS, *found) for model, found in self.published.items()]
        rows.sort(key=lambda row: (row[0] != BLEND, -(row[3] or row[2] or 0)))
        lines = [f"{'model':24} {'':9} recall@{self.depth}  NDCG@{self.depth}"]
        for model, origin, *found in rows:
            cells = ["     –" if value is None else f"{value:.4f}" for value in found]
            lines.append(f"{model:24} {origin:9}    {cells[0]}   {cells[1]}")
        return "\n".join(
            [
                *lines,
                f"{self.users:,} users; {self.n_candidates:.0f} candidates each hold "
                f"{self.union_recall:.4f} of the truth, the ceiling of any order of them; "
                f"{self.seconds:.0f} s, peak {_peak_mb()} MB",
            ]
        )

    def line(self) -> str:
        """One JSON object."""
        blend = self.figures[BLEND]
        return json.dumps(
            {
                "benchmark": "ranking_quality",
                "dataset": self.name,
                **{f"recall@{k}": round(found[0], 4) for k, found in blend.items()},
                **{f"ndcg@{k}": round(found[1], 4) for k, found in blend.items()},
                "candidates": round(self.n_candidates, 1),
                "candidate_recall": round(self.union_recall, 4),
                "seconds": round(self.seconds, 1),
                "peak_mb": _peak_mb(),
                "models": {
                    name: [round(value, 4) for value in found[self.depth]]
                    for name, found in self.figures.items()
                },
            }
        )


def measure(
    problem: Problem, lists: Mapping[str, IntArray], users: IntArray, truth: csr_matrix
) -> dict[str, dict[int, tuple[float, float]]]:
    """Recall and NDCG of every model's lists, at the problem's depth and at 20."""
    sizes = np.diff(truth.indptr)[users].astype(np.int32)
    figures: dict[str, dict[int, tuple[float, float]]] = {}
    for model, items in lists.items():
        hits = find_hits(items, users, truth)
        figures[model] = {
            k: (float(recall(hits, sizes, k).mean()), float(ndcg(hits, sizes, k).mean()))
            for k in sorted({problem.depth, 20})
        }
    return figures


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
