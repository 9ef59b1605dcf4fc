"""Tuning one generator in memory, as a benchmark does."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pipelines.candidates.own_most_frequent import OwnMostFrequent, OwnMostFrequentSettings
from pipelines.candidates.popularity import PopularitySettings
from pipelines.candidates.settings import CandidateSettings
from pipelines.tuning.generators import judge_candidates, tune_generator
from tests.pipelines.candidates.boards import N, checkerboard, interactions_of, past_of

USERS = np.arange(N, dtype=np.int32)
FASHION = CandidateSettings(recent_popularity=PopularitySettings(window_days=100.0))


@pytest.fixture
def fashion():
    """What was popular long ago, items 0 and 1, is no more: now everybody wants 8 and 9."""
    old = [(user, item, 60.0 + user) for user in range(N) for item in (0, 1)]
    new = [(user, item, 1.0 + user / 10) for user in range(4) for item in (8, 9)]
    return past_of(interactions_of([*old, *new], N, N))


@pytest.fixture
def wanted():
    """Everybody wants 8 and 9, but user 3, who wants nothing."""
    truth = np.zeros((N, N), dtype=np.float32)
    truth[:, [8, 9]] = 1
    truth[3] = 0
    return csr_matrix(truth)


def test_a_better_window_is_found(fashion, wanted):
    """Popularity over all time lists the wrong items first; a short window is chosen."""
    chosen, trials = tune_generator(
        "recent_popularity", fashion, wanted, USERS, None, n_trials=6, seed=3, settings=FASHION
    )
    third_and_fourth = (1 / np.log2([4, 5])).sum() / (1 / np.log2([2, 3])).sum()
    assert (trials[0].values, round(trials[0].ndcg, 6), trials[0].recall) == (
        {"window_days": 100.0},
        round(third_and_fourth, 6),
        1.0,
    )
    assert max(trial.ndcg for trial in trials) == 1.0
    assert chosen.window_days < 60


def test_it_ends_with_the_budget(fashion, wanted):
    """Without time the defaults are judged and kept."""
    chosen, trials = tune_generator(
        "recent_popularity", fashion, wanted, USERS, None, budget_seconds=0, seed=3
    )
    assert (chosen, len(trials)) == (PopularitySettings(), 1)


def test_a_generator_without_a_space_keeps_its_settings(fashion, wanted):
    """Its one trial says how good it is, so that a blend can be compared with it."""
    chosen, trials = tune_generator(
        "week_popularity", fashion, wanted, USERS, None, n_trials=9, seed=3
    )
    assert (chosen, [trial.ndcg for trial in trials]) == (PopularitySettings(window_days=7.0), [1])


def test_what_was_seen_is_left_out():
    """Own items are the whole truth: found where repeats are allowed, else never."""
    board = checkerboard()
    recalls = []
    for seen in (None, board.matrix):
        _, trials = tune_generator(
            "own_most_frequent", past_of(board), board.matrix, USERS, seen, n_trials=1, seed=3
        )
        recalls.append(trials[0].recall)
    assert recalls == [1.0, 0.0]


def test_recall_is_of_k_candidates_and_ndcg_of_the_first_20():
    """Both are told of each user, in the order of the users."""
    events = [(user, item, 1.0) for user in range(2) for item in range(30)]
    past = past_of(interactions_of(events, 2, 30))
    truth = csr_matrix(np.ones((2, 30), dtype=np.float32))
    model = OwnMostFrequent.fit(past, OwnMostFrequentSettings())
    both = np.array([0, 1], dtype=np.int32)
    for k, recall in ((3, 0.1), (30, 1.0)):
        figures = judge_candidates(model, truth, both, None, k)
        np.testing.assert_allclose(figures.recall, [recall, recall])
        np.testing.assert_allclose(figures.ndcg, [1.0, 1.0])
