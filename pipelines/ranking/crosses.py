"""What the generators say together, whichever they are: agreement, best rank, share of the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.candidates.generate import Candidates
from pipelines.interactions import FloatArray

# Of reciprocal rank fusion (Cormack et al. 2009): how little the first ranks stand out.
FUSION = 60.0

DESCRIPTIONS = {
    "cross.n_generators": "Generators that propose the item",
    "cross.best_rank": "Best rank that a generator gives the item",
    "cross.fused_rank": "Reciprocal ranks of all generators, summed",
}


def cross_names(generators: Sequence[str]) -> list[str]:
    """Names of the columns of `cross_columns`, in order."""
    return [*DESCRIPTIONS, *(f"share.{name}" for name in generators)]


def cross_columns(candidates: Candidates) -> list[FloatArray]:
    """One column a name of `cross_names`; pairs must be grouped by user.

    A share is the pair's score over the user's best: what a score means differs between users.
    """
    return [*_agreement(candidates), *(_share(candidates, s) for s in candidates.scores.values())]


def _agreement(candidates: Candidates) -> tuple[FloatArray, FloatArray, FloatArray]:
    n_generators = np.zeros(len(candidates.users), dtype=np.float32)
    best = np.full(len(candidates.users), np.nan, dtype=np.float32)
    fused = np.zeros(len(candidates.users), dtype=np.float32)
    for ranks in candidates.ranks.values():
        n_generators += ~np.isnan(ranks)
        best = np.fmin(best, ranks)
        fused += np.nan_to_num(1 / (FUSION + ranks))
    return n_generators, best, fused


def _share(candidates: Candidates, scores: FloatArray) -> FloatArray:
    if len(scores) == 0:
        return scores
    starts = np.flatnonzero(np.r_[True, np.diff(candidates.users) > 0])
    sizes = np.diff(np.r_[starts, len(scores)])
    best = np.maximum.reduceat(np.nan_to_num(scores), starts)
    return np.asarray(scores / np.maximum(np.repeat(best, sizes), 1e-9), dtype=np.float32)
