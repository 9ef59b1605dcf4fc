"""Ranking metrics against their definitions in plain Python, and by hand."""

import math
import random

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation import metrics as metrics_module
from pipelines.evaluation.baselines import fill_up
from pipelines.evaluation.metrics import (
    average_precision,
    bootstrap_interval,
    bootstrap_intervals,
    find_hits,
    metrics_of_users,
    ndcg,
    paired_interval,
    recall,
    reciprocal_rank,
    summarise,
)

# Hits at places 1 and 3 of a truth of three, at place 2 of a truth of one, and none.
HITS = np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=bool)
SIZES = np.array([3, 1, 2], dtype=np.int32)


def by_definition(listed, truth, k):
    """Metrics of one list of items, None for a hole, as the textbooks have them."""
    gains = [item in truth and item is not None for item in listed[:k]]
    places = [place for place, gain in enumerate(gains, start=1) if gain]
    best = min(len(truth), k)
    ideal = sum(1 / math.log2(place + 1) for place in range(1, best + 1))
    return {
        f"recall@{k}": len(places) / len(truth),
        f"ndcg@{k}": sum(1 / math.log2(place + 1) for place in places) / ideal,
        f"map@{k}": sum((n + 1) / place for n, place in enumerate(places)) / best,
        f"mrr@{k}": 1 / places[0] if places else 0.0,
    }


def test_metrics_of_an_example_by_hand():
    """Three users whose figures fit on a napkin."""
    third = 1 / math.log2(4)
    ideal = 1 + 1 / math.log2(3) + third
    found = {
        "recall": recall(HITS, SIZES, 5),
        "ndcg": ndcg(HITS, SIZES, 5),
        "map": average_precision(HITS, SIZES, 5),
        "mrr": reciprocal_rank(HITS, 5),
    }
    expected = {
        "recall": [2 / 3, 1, 0],
        "ndcg": [(1 + third) / ideal, 1 / math.log2(3), 0],
        "map": [(1 + 2 / 3) / 3, 1 / 2, 0],
        "mrr": [1, 1 / 2, 0],
    }
    assert {name: values.tolist() for name, values in found.items()} == {
        name: pytest.approx(values) for name, values in expected.items()
    }


def test_the_ideal_list_is_cut_at_k():
    """Two hits in two places are perfect, however large the truth is."""
    hits = np.array([[1, 1, 0]], dtype=bool)
    sizes = np.array([9], dtype=np.int32)
    assert ndcg(hits, sizes, 2).tolist() == pytest.approx([1])
    assert average_precision(hits, sizes, 2).tolist() == pytest.approx([1])
    assert recall(hits, sizes, 2).tolist() == pytest.approx([2 / 9])


def test_metrics_follow_their_definitions():
    """Random lists with holes and truths of all sizes agree with plain Python at 5, 10 and 20."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    n_users, n_items = 40, 60
    lists = np.full((n_users, 20), NO_ITEM, dtype=np.int32)
    truths = []
    for user in range(n_users):
        n_listed = int(dice.integers(0, 21))
        lists[user, :n_listed] = dice.choice(n_items, n_listed, replace=False)
        truths.append(set(dice.choice(n_items, int(dice.integers(1, 30)), replace=False).tolist()))
    rows = np.repeat(np.arange(n_users), [len(truth) for truth in truths])
    columns = np.concatenate([sorted(truth) for truth in truths])
    truth = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_users, n_items))
    users = np.arange(n_users, dtype=np.int32)
    found = metrics_of_users(find_hits(lists, users, truth), np.diff(truth.indptr))
    for user in range(n_users):
        listed = [None if item == NO_ITEM else item for item in lists[user].tolist()]
        expected = {}
        for k in (5, 10, 20):
            expected |= by_definition(listed, truths[user], k)
        assert {name: values[user] for name, values in found.items()} == pytest.approx(expected)


def test_a_hole_is_no_hit_on_item_zero():
    """A list that ran out of items does not hit item number 0."""
    truth = csr_matrix(np.array([[1.0, 0.0]]))
    lists = np.array([[1, NO_ITEM], [NO_ITEM, NO_ITEM]], dtype=np.int32)
    assert not find_hits(lists, np.array([0, 0], dtype=np.int32), truth).any()


def test_an_interval_contains_the_mean_and_comes_again():
    """The same seed gives the same interval, a wider confidence a wider one."""
    values = np.random.default_rng(1).random(200)
    low, high = bootstrap_interval(values, 500, 0.95, seed=3)
    assert low < values.mean() < high
    assert (low, high) == bootstrap_interval(values, 500, 0.95, seed=3)
    assert (low, high) != bootstrap_interval(values, 500, 0.95, seed=4)
    wide_low, wide_high = bootstrap_interval(values, 500, 0.99, seed=3)
    assert wide_low < low < high < wide_high


def test_an_interval_is_as_wide_as_theory_says():
    """For many users it is close to the mean ± 1.96 standard errors."""
    values = np.random.default_rng(2).random(5000)
    low, high = bootstrap_interval(values, 1000, 0.95, seed=0)
    error = 1.96 * values.std() / math.sqrt(5000)
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), rel=0.005)


def test_columns_share_their_draws_whatever_the_size_of_a_block(monkeypatch):
    """Each column has the interval that it has alone, in one block of draws or in many."""
    columns = np.random.default_rng(4).random((50, 3))
    alone = [bootstrap_interval(columns[:, k], 200, 0.9, seed=5) for k in range(3)]
    together = bootstrap_intervals(columns, 200, 0.9, seed=5)
    monkeypatch.setattr(metrics_module, "BLOCK_CELLS", 7 * 50)
    in_blocks = bootstrap_intervals(columns, 200, 0.9, seed=5)
    expected = [pytest.approx(interval) for interval in alone]
    assert (together, in_blocks) == (expected, expected)


def test_a_pair_is_drawn_together():
    """Users differ a lot, both models hardly: the difference is sure, the means are not."""
    users = np.random.default_rng(6).random(300)
    low, high = paired_interval(users + 0.01, users, 500, 0.95, seed=1)
    assert (low, high) == pytest.approx((0.01, 0.01))
    wide_low, wide_high = bootstrap_interval(users, 500, 0.95, seed=1)
    assert wide_high - wide_low > 0.05
    assert paired_interval(users, users, 500, 0.95, seed=1) == (0.0, 0.0)


@pytest.mark.parametrize(("a", "b"), [([1.0], [1.0, 2.0]), ([], [])])
def test_a_pair_needs_the_same_users(a, b):
    """Lists of values that cannot belong to the same users are refused."""
    with pytest.raises(ValueError, match="expected one of each for every common user"):
        paired_interval(np.array(a), np.array(b), 100, 0.95, seed=0)


def test_a_summary_puts_intervals_beside_means():
    """Each metric of each model has its mean and `<metric>_interval`, rounded to six digits."""
    half, one = np.array([0.5, 0.5]), np.array([1.0, 1.0])
    found = summarise({"als": {"ndcg@5": half}, "ranker": {"ndcg@5": one}}, 100, 0.95, 0)
    assert found == {
        "als": {"ndcg@5": 0.5, "ndcg@5_interval": [0.5, 0.5]},
        "ranker": {"ndcg@5": 1.0, "ndcg@5_interval": [1.0, 1.0]},
    }


def test_fill_up_adds_others_without_doubles():
    """Holes at the end are filled in order; full lists and what is listed already stay."""
    lists = np.array([[4, 2, -1, -1], [1, 2, 3, 4], [-1, -1, -1, -1]], dtype=np.int32)
    others = np.array([[2, 7, 4, 9], [9, 8, 7, 6], [5, 6, -1, -1]], dtype=np.int32)
    assert fill_up(lists, others).tolist() == [[4, 2, 7, 9], [1, 2, 3, 4], [5, 6, -1, -1]]
