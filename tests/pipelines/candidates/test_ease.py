"""EASE against its closed form."""

import numpy as np
import pytest

from pipelines.candidates.ease import Ease, EaseSettings
from pipelines.candidates.generator import GeneratorError
from tests.pipelines.candidates.boards import checkerboard, interactions_of, past_of

N_USERS, N_ITEMS = 30, 12


@pytest.fixture
def board():
    """Events of a random matrix whose seed is printed."""
    seed = int(np.random.default_rng().integers(10**6))
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    pairs = np.argwhere(dice.random((N_USERS, N_ITEMS)) < 0.3).tolist()
    return interactions_of([(user, item, 1.0) for user, item in [*pairs, *pairs[:20]]], 30, 12)


def scores_of(model):
    """users × items, dense."""
    users, items = np.divmod(np.arange(N_USERS * N_ITEMS, dtype=np.int32), N_ITEMS)
    return model.score(users, items).reshape(N_USERS, N_ITEMS)


def closed_form(had, regularization):
    """B = I − P · diag(P)⁻¹ of the 0/1 matrix *had*, as written in the paper (Steck 2019)."""
    gram = had.T @ had
    inverse = np.linalg.inv(gram + regularization * np.diag(gram).mean() * np.eye(len(gram)))
    return np.eye(len(gram)) - inverse / np.diag(inverse)


@pytest.mark.parametrize("regularization", [0.1, 1.0, 8.0])
def test_scores_are_those_of_the_closed_form(board, regularization):
    """With all items and all weights kept, scores are X · B; how often a pair occurs is no matter.

    The regularization is in means of the diagonal.
    """
    had = (board.matrix.toarray() > 0).astype(np.float64)
    model = Ease.fit(past_of(board), EaseSettings(regularization=regularization))
    expected = had @ closed_form(had, regularization)
    np.testing.assert_allclose(scores_of(model), expected, atol=1e-4)


def test_only_the_most_popular_items_are_solved_for(board):
    """The others score nothing; those inside score as if there were no others."""
    had = (board.matrix.toarray() > 0).astype(np.float64)
    inside = np.sort(np.argsort(-had.sum(axis=0), kind="stable")[:5])
    model = Ease.fit(past_of(board), EaseSettings(max_items=5, regularization=1.0))
    expected = np.zeros((N_USERS, N_ITEMS))
    expected[:, inside] = had[:, inside] @ closed_form(had[:, inside], 1.0)
    np.testing.assert_allclose(scores_of(model), expected, atol=1e-4)


def test_an_item_keeps_its_largest_weights(board):
    """The weights farthest from zero stay, negative ones too; the rest count nothing."""
    had = (board.matrix.toarray() > 0).astype(np.float64)
    weights = closed_form(had, 1.0)
    limits = np.sort(np.abs(weights), axis=1)[:, -3]
    weights[np.abs(weights) < limits[:, None]] = 0
    model = Ease.fit(past_of(board), EaseSettings(neighbours=3, regularization=1.0))
    np.testing.assert_allclose(scores_of(model), had @ weights, atol=1e-4)


def test_more_regularization_makes_smaller_weights():
    """On the checkerboard the score of the missing square falls as the diagonal grows."""
    numbers = np.arange(10, dtype=np.int32)
    scores = [
        Ease.fit(past_of(checkerboard()), EaseSettings(regularization=strength)).score(
            numbers, numbers
        )
        for strength in (0.1, 1.0, 10.0)
    ]
    assert (np.diff(np.stack(scores), axis=0) < 0).all()


def test_a_matrix_that_cannot_be_solved_is_an_error_that_says_what_to_raise():
    """Items that always come together, and no regularization to speak of, have no solution."""
    events = [(user, item, 1.0) for user in range(3) for item in range(60)]
    with pytest.raises(GeneratorError, match="singular; raise regularization"):
        Ease.fit(past_of(interactions_of(events, 3, 60)), EaseSettings(regularization=1e-30))
