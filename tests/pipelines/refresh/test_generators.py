"""Generators that are asked again for a few users: as fitted where nothing is new, else fresh."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.candidates.als import Als, AlsSettings
from pipelines.candidates.generator import NO_ITEM, Explaining, Fresh
from pipelines.candidates.known import GENERATORS
from pipelines.refresh.generators import refresh_generator
from tests.pipelines.candidates.boards import N, interactions_of, past_of
from tests.pipelines.candidates.test_generators import ALS, PARITY, SETTINGS, checkerboard, fit

SOME = np.array([1, 4, 7], dtype=np.int32)  # users of the board that are asked again
HERE = np.arange(len(SOME), dtype=np.int32)


def only(board, users):
    """The events of *users* alone, who get the numbers 0, 1 …."""
    mine = np.isin(board.users, users)
    columns = ("users", "items", "weights", "is_purchase", "age_days", "sessions")
    kept = {name: getattr(board, name)[mine] for name in columns}
    kept["users"] = np.searchsorted(users, kept["users"]).astype(np.int32)
    return replace(board, **kept, n_users=len(users))


@pytest.mark.parametrize("name", sorted(GENERATORS))
@pytest.mark.parametrize("repeats", [True, False])
def test_nothing_new_gives_what_was_fitted(name, repeats):
    """Candidates, scores and reasons of three users, to the last bit, with numbers of their own."""
    board = checkerboard()
    model = fit(name, board)
    past = past_of(only(board, SOME))
    fresh = Fresh(past, SOME, np.zeros(len(SOME), dtype=bool))
    anew = refresh_generator(model, fresh, getattr(SETTINGS, name))
    seen = None if repeats else board.matrix[SOME]
    assert (anew.candidates(HERE, 6, seen) == model.candidates(SOME, 6, seen)).all()
    pairs = np.repeat(HERE, N), np.tile(np.arange(N, dtype=np.int32), len(SOME))
    there = np.repeat(SOME, N), pairs[1]
    assert np.array_equal(anew.score(*pairs), model.score(*there), equal_nan=True)
    if issubclass(GENERATORS[name], Explaining):
        assert (anew.nearest_own_items(*pairs) == model.nearest_own_items(*there)).all()


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_somebody_new_is_served_as_far_as_it_goes(name):
    """A user that no model knows: what own events and popularity say, and nothing by accident."""
    model = fit(name, checkerboard())
    own = interactions_of([(0, item, 1.0) for item in (2, 4)], 1, N)
    fresh = Fresh(past_of(own), np.array([-1], dtype=np.int32), np.ones(1, dtype=bool))
    anew = refresh_generator(model, fresh, getattr(SETTINGS, name))
    found = anew.candidates(np.zeros(1, dtype=np.int32), 4, own.matrix)[0]
    items = set(found[found != NO_ITEM].tolist())
    if name in ("own_most_frequent", "due_again", "bpr", "user_knn", "segment_popularity"):
        assert items == set()  # all of the own were seen; the others do not know the user
    elif name in ("recent_popularity", "trending", "week_popularity", "forecast_popularity"):
        assert len(items) == 4
    else:  # others of the colour come first
        assert found[0] % 2 == 0
        assert not items & {2, 4}


def test_a_changed_user_gets_the_factors_that_solve_for_the_items():
    """Hu et al. 2008, equation 4, written out: the items' factors stay, the user's are solved."""
    board = checkerboard()
    settings = AlsSettings(factors=3, regularization=0.5, iterations=3)
    model = Als.fit(past_of(board, PARITY), settings)
    own = interactions_of([(0, item, 1.0) for item in (0, 2, 3, 3)], 1, N)
    fresh = Fresh(past_of(own), np.array([4], dtype=np.int32), np.ones(1, dtype=bool))
    factors, items = model.refreshed(fresh, settings).vectors
    confidence = np.zeros(N)
    confidence[[0, 2, 3]] = settings.confidence * np.array([1, 1, 2]) ** settings.count_power
    wanted = (confidence > 0).astype(float)
    weights = np.where(confidence > 0, confidence, 1.0)
    left = items.T @ np.diag(weights) @ items + settings.regularization * np.eye(3)
    solved = np.linalg.solve(left, items.T @ (weights * wanted))
    assert np.allclose(factors[0], solved, atol=1e-4)
    assert (items == model.vectors[1]).all()


def test_a_fit_that_converged_hardly_moves_when_it_is_solved_again():
    """The half step that a fit ends before: it changes no direction of a user's factors."""
    board = checkerboard()
    model = Als.fit(past_of(board, PARITY), ALS)
    everybody = np.arange(N, dtype=np.int32)
    fresh = Fresh(past_of(board), everybody, np.ones(N, dtype=bool))
    before, after = model.vectors[0], model.refreshed(fresh, ALS).vectors[0]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    assert ((before * after).sum(axis=1) / lengths > 0.999).all()
