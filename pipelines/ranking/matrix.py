"""The ranker's input: one row a pair, one column a generator score, rank, cross or feature.

The last column is where an item stood when it was shown. It differs in training rows that come of
impressions; in all others, and in whatever is scored, every item stands at `NEUTRAL_POSITION`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.candidates.generate import Candidates
from pipelines.interactions import FloatArray
from pipelines.ranking.crosses import cross_columns, cross_names
from pipelines.ranking.feature_columns import FeatureColumns

POSITION = "shown.position"
# The first place: what is scored is compared as if each item were looked at for certain.
NEUTRAL_POSITION = 1.0


def column_names(generators: Sequence[str], features: FeatureColumns) -> list[str]:
    """Names of the matrix's columns, in order."""
    scores = [f"score.{name}" for name in generators]
    ranks = [f"rank.{name}" for name in generators]
    return [*scores, *ranks, *cross_names(generators), *features.names, POSITION]


def build_matrix(candidates: Candidates, features: FeatureColumns) -> FloatArray:
    """float32 (pairs × columns) in the order of `column_names`; NaN where nothing is known."""
    found = [*candidates.scores.values(), *candidates.ranks.values(), *cross_columns(candidates)]
    shape = (len(candidates.users), len(found) + len(features.names) + 1)
    matrix = np.empty(shape, dtype=np.float32)
    for column, values in enumerate(found):
        matrix[:, column] = values
    features.fill(matrix, candidates, first_column=len(found))
    matrix[:, -1] = NEUTRAL_POSITION
    return matrix
