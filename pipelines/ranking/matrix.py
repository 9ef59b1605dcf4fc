"""The ranker's input: one row a pair, one column a generator score, rank, cross or feature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.candidates.generate import Candidates
from pipelines.interactions import FloatArray
from pipelines.ranking.feature_columns import FeatureColumns

# What the generators say together, whichever they are; column → description.
CROSSES = {
    "cross.n_generators": "Generators that propose the item",
    "cross.best_rank": "Best rank that a generator gives the item",
}


def column_names(generators: Sequence[str], features: FeatureColumns) -> list[str]:
    """Names of the matrix's columns, in order."""
    scores = [f"score.{name}" for name in generators]
    ranks = [f"rank.{name}" for name in generators]
    return [*scores, *ranks, *CROSSES, *features.names]


def build_matrix(candidates: Candidates, features: FeatureColumns) -> FloatArray:
    """float32 (pairs × columns) in the order of `column_names`; NaN where nothing is known."""
    found = [*candidates.scores.values(), *candidates.ranks.values(), *_cross(candidates)]
    shape = (len(candidates.users), len(found) + len(features.names))
    matrix = np.empty(shape, dtype=np.float32)
    for column, values in enumerate(found):
        matrix[:, column] = values
    features.fill(matrix, candidates, first_column=len(found))
    return matrix


def _cross(candidates: Candidates) -> tuple[FloatArray, FloatArray]:
    """Number of generators that propose each pair, and the best of their ranks, else NaN."""
    n_generators = np.zeros(len(candidates.users), dtype=np.float32)
    best = np.full(len(candidates.users), np.nan, dtype=np.float32)
    for ranks in candidates.ranks.values():
        n_generators += ~np.isnan(ranks)
        best = np.fmin(best, ranks)
    return n_generators, best
