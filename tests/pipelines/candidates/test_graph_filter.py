"""The graph filter against its formula with whole matrices."""

import numpy as np
import pytest

from pipelines.candidates import generator, graph_filter
from pipelines.candidates.graph_filter import GraphFilter, GraphFilterSettings
from tests.pipelines.candidates.boards import interactions_of, past_of

N_USERS, N_ITEMS = 25, 14
USERS = np.arange(N_USERS, dtype=np.int32)
# The last item is nobody's, the last user has nothing.
EVERY_PAIR = np.divmod(np.arange(N_USERS * N_ITEMS, dtype=np.int32), N_ITEMS)


@pytest.fixture
def board():
    """Events of a random matrix whose seed is printed."""
    seed = int(np.random.default_rng().integers(10**6))
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    pairs = np.argwhere(dice.random((N_USERS - 1, N_ITEMS - 1)) < 0.35).tolist()
    pairs += [(user, user % (N_ITEMS - 1)) for user in range(N_USERS - 1)]
    return interactions_of([(user, item, 1.0) for user, item in pairs], N_USERS, N_ITEMS)


def power(degrees, exponent):
    """degrees ** -exponent; 0 where there is none."""
    return np.where(degrees > 0, np.maximum(degrees, 1e-30) ** -exponent, 0)


def dense_scores(board, settings):
    """users × items by the formula, with a whole singular value decomposition."""
    pairs = board.matrix.toarray().astype(np.float64) ** settings.count_power
    of_users, of_items = pairs.sum(axis=1), pairs.sum(axis=0)
    graph = pairs * power(of_users, settings.user_power)[:, None]
    graph = graph * power(of_items, settings.item_power)
    _, singular, vectors = np.linalg.svd(graph, full_matrices=False)
    passed = (singular / singular[0]) ** 2
    response = settings.detail * passed
    lead = slice(0, settings.factors)
    response[lead] = (passed[lead] + settings.low_pass) * np.exp(
        -settings.sharpening * passed[lead]
    )
    signals = pairs * power(of_items, settings.signal_power)
    return (signals @ vectors.T * response @ vectors) * of_items**settings.signal_power


@pytest.mark.parametrize(
    "settings",
    [
        GraphFilterSettings(factors=4),
        GraphFilterSettings(factors=4, low_pass=2.0, sharpening=0.0),
        GraphFilterSettings(factors=3, detail=0.0, signal_power=0.0, count_power=1.0),
        GraphFilterSettings(factors=10, user_power=0.5, item_power=0.5, detail=0.5),
    ],
    ids=["defaults", "lifted", "leading ones alone", "plain degrees"],
)
def test_scores_are_those_of_the_whole_matrices(board, settings):
    """Sparse products and a few leading vectors give what all of them together give."""
    model = GraphFilter.fit(past_of(board), settings)
    scores = model.score(*EVERY_PAIR).reshape(N_USERS, N_ITEMS)
    np.testing.assert_allclose(scores, dense_scores(board, settings), rtol=1e-3, atol=1e-3)


def test_blocks_of_bounded_memory_change_nothing(board, monkeypatch):
    """Users and pairs taken a few at a time are proposed and scored as all at once."""
    model = GraphFilter.fit(past_of(board), GraphFilterSettings(factors=4))
    whole = model.candidates(USERS, 5, board.matrix), model.score(*EVERY_PAIR)
    widths = []
    dense = GraphFilter._dense
    monkeypatch.setattr(generator, "BLOCK_CELLS", 3 * N_ITEMS + 1)
    monkeypatch.setattr(graph_filter, "_PAIRS", 7)
    monkeypatch.setattr(
        GraphFilter, "_dense", lambda self, users: widths.append(len(users)) or dense(self, users)
    )
    np.testing.assert_array_equal(model.candidates(USERS, 5, board.matrix), whole[0])
    np.testing.assert_allclose(model.score(*EVERY_PAIR), whole[1], rtol=1e-5)
    assert widths == [3] * 8 + [1]


def test_more_factors_than_the_matrix_has_are_as_many_as_it_has(board, tmp_path):
    """A small shop takes the default of 256 factors, and saves no more than there are."""
    GraphFilter.fit(past_of(board), GraphFilterSettings()).save(tmp_path / "model.npz")
    assert np.load(tmp_path / "model.npz")["vectors"].shape == (N_ITEMS, N_ITEMS - 1)
