"""What the generators say together, beside what each of them says."""

import numpy as np

from pipelines.candidates.generate import Candidates
from pipelines.ranking.crosses import cross_columns
from pipelines.ranking.feature_columns import FeatureColumns
from pipelines.ranking.matrix import NEUTRAL_POSITION, POSITION, build_matrix, column_names


def test_crosses_count_rank_and_compare_the_proposals():
    """A pair of two generators, of one, of none: how many, the best rank, shares of the best."""
    nan = np.nan
    ranks = {"als": [3, nan, nan], "item_item": [1, 7, nan]}
    candidates = Candidates(
        users=np.zeros(3, dtype=np.int32),
        items=np.arange(3, dtype=np.int32),
        scores={name: np.array([0.5, 0.25, 0], dtype=np.float32) for name in ranks},
        ranks={name: np.array(values, dtype=np.float32) for name, values in ranks.items()},
    )
    features = FeatureColumns([], {})
    names = column_names(list(ranks), features)
    assert names == [
        *("score.als", "score.item_item", "rank.als", "rank.item_item"),
        *("cross.n_generators", "cross.best_rank", "cross.fused_rank"),
        *("share.als", "share.item_item", POSITION),
    ]
    assert NEUTRAL_POSITION == 1
    expected = [
        [0.5, 0.5, 3, 1, 2, 1, 1 / 63 + 1 / 61, 1, 1, 1],
        [0.25, 0.25, nan, 7, 1, 7, 1 / 67, 0.5, 0.5, 1],
        [0, 0, nan, nan, 0, nan, 0, 0, 0, 1],
    ]
    np.testing.assert_allclose(build_matrix(candidates, features), expected, rtol=1e-6)


def test_a_share_is_of_the_best_of_the_same_user():
    """Each user's own best score is 1, and a user without a score has 0 everywhere."""
    scores = np.array([2, 4, 10, 0, 0], dtype=np.float32)
    candidates = Candidates(
        users=np.array([0, 0, 1, 5, 5], dtype=np.int32),
        items=np.arange(5, dtype=np.int32),
        scores={"als": scores},
        ranks={"als": np.full(5, np.nan, dtype=np.float32)},
    )
    assert cross_columns(candidates)[-1].tolist() == [0.5, 1.0, 1.0, 0.0, 0.0]
