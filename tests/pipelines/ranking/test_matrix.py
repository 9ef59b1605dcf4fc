"""What the generators say together, beside what each of them says."""

import numpy as np

from pipelines.candidates.generate import Candidates
from pipelines.ranking.feature_columns import FeatureColumns
from pipelines.ranking.matrix import build_matrix, column_names


def test_crosses_count_and_rank_the_proposals():
    """A pair of two generators, of one, and of none: how many, and the best rank."""
    nan = np.nan
    ranks = {"als": [3, nan, nan], "item_item": [1, 7, nan]}
    candidates = Candidates(
        users=np.zeros(3, dtype=np.int32),
        items=np.arange(3, dtype=np.int32),
        scores={name: np.full(3, 0.5, dtype=np.float32) for name in ranks},
        ranks={name: np.array(values, dtype=np.float32) for name, values in ranks.items()},
    )
    features = FeatureColumns([], {})
    names = column_names(list(ranks), features)
    assert names == [
        "score.als",
        "score.item_item",
        "rank.als",
        "rank.item_item",
        "cross.n_generators",
        "cross.best_rank",
    ]
    expected = [[0.5, 0.5, 3, 1, 2, 1], [0.5, 0.5, nan, 7, 1, 7], [0.5, 0.5, nan, nan, 0, nan]]
    np.testing.assert_array_equal(build_matrix(candidates, features), expected)
