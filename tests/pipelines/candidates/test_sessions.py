"""What is had together, and what comes next."""

import numpy as np
import pytest

from pipelines.candidates.generator import NO_ITEM
from pipelines.candidates.sessions import (
    BoughtTogether,
    BoughtTogetherSettings,
    NextItem,
    NextItemSettings,
)
from tests.pipelines.candidates.boards import interactions_of, past_of

N = 6
NEVER = 1e9  # days in which an event loses half its weight: it stays what it is


def scores(kind, settings, events, user):
    """The scores of all items for *user*, of the *kind* of generator fitted on *events*."""
    n_users = 1 + max(user for user, _, _ in events)
    model = kind.fit(past_of(interactions_of(events, n_users, N)), settings)
    return model.score(np.full(N, user, dtype=np.int32), np.arange(N, dtype=np.int32))


def together(events, user, **settings):
    defaults = {"half_life_days": NEVER}
    return scores(BoughtTogether, BoughtTogetherSettings(**{**defaults, **settings}), events, user)


def after(events, user, **settings):
    defaults = {"half_life_days": NEVER, "reach": 1, "min_count": 0.0}
    return scores(NextItem, NextItemSettings(**{**defaults, **settings}), events, user)


def test_companions_are_items_of_one_session_not_of_one_user():
    """Items of the same day go together, by cosine over days; those of another day do not."""
    events = [(0, 0, 9.2), (0, 1, 9.1), (0, 2, 5.0), (1, 0, 7.2), (1, 3, 7.1), (2, 0, 1.0)]
    # Item 0 is in three baskets, with item 1 in one of one and with item 3 in one of one.
    once = np.log1p(1) / np.sqrt(3)
    np.testing.assert_allclose(together(events, 2), [0, once, 0, once, 0, 0], rtol=1e-5)


def test_a_companion_counts_once_a_session():
    """An item twice in a basket is there once."""
    twice = [(0, 0, 9.3), (0, 0, 9.2), (0, 1, 9.1), (1, 0, 1.0)]
    expected = np.log1p(1) / np.sqrt(2)
    np.testing.assert_allclose(together(twice, 1), [0, expected, 0, 0, 0, 0], rtol=1e-5)


def test_an_item_keeps_its_nearest_companions():
    """With one neighbour, only the one that shares most sessions is left."""
    events = [(0, 0, 9.2), (0, 1, 9.1), (0, 0, 8.2), (0, 1, 8.1), (0, 2, 8.0), (1, 0, 1.0)]
    found = together(events, 1, neighbours=1)
    assert (found > 0).tolist() == [False, True, False, False, False, False]


@pytest.mark.parametrize("score", [together, after])
def test_what_one_had_lately_speaks_louder(score):
    """Halved every so many days: the companion of a newer item gets more than that of an older."""
    pairs = [(0, 0, 30.2), (0, 1, 30.1), (1, 2, 30.2), (1, 3, 30.1)]
    found = score([*pairs, (2, 0, 20.0), (2, 2, 10.0)], 2, half_life_days=10.0)
    assert found[3] / found[1] == pytest.approx(np.log1p(0.5) / np.log1p(0.25))


def test_sessions_that_are_not_known_go_with_nothing():
    """Events without a session, which may be years apart, make no companions."""
    board = interactions_of([(0, 0, 1.2), (0, 1, 1.1)], 1, N)
    board.sessions[:] = -1
    model = BoughtTogether.fit(past_of(board), BoughtTogetherSettings())
    user = np.zeros(1, dtype=np.int32)
    assert model.candidates(user, 2, board.matrix).tolist() == [[NO_ITEM, NO_ITEM]]


def test_a_transition_has_a_direction():
    """Who had the first is led on to the second, but not the other way round."""
    events = [(0, 0, 9.0), (0, 1, 8.0), (1, 0, 1.0), (2, 1, 1.0)]
    # Both items have two events: the transition is divided by √2 · √2.
    np.testing.assert_allclose(after(events, 1), [0, np.log1p(1) / 2, 0, 0, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(after(events, 2), np.zeros(N))


def test_what_came_later_counts_by_its_distance():
    """The event d places later counts 1/d, up to the reach."""
    events = [(0, 0, 9.0), (0, 1, 8.0), (0, 2, 7.0), (0, 3, 6.0), (1, 0, 1.0)]
    root = np.sqrt(2)  # of the two events of item 0; the others have one
    expected = np.log1p(1) / root * np.array([0, 1, 1 / 2, 0, 0, 0])
    np.testing.assert_allclose(after(events, 1, reach=2), expected, rtol=1e-5)


def test_one_user_is_not_followed_by_the_next():
    """Neighbouring events of two users are no transition, and the same item again is none."""
    events = [(0, 0, 9.0), (1, 1, 8.0), (2, 2, 7.0), (2, 2, 6.0), (3, 0, 1.0), (4, 2, 1.0)]
    np.testing.assert_allclose(after(events, 3), np.zeros(N))
    np.testing.assert_allclose(after(events, 4), np.zeros(N))


def test_weak_transitions_are_dropped():
    """What happened less often than min_count leads nowhere."""
    events = [(0, 0, 9.0), (0, 1, 8.0), (1, 0, 9.0), (1, 1, 8.0), (2, 0, 9.0), (2, 2, 8.0)]
    found = after([*events, (3, 0, 1.0)], 3, min_count=2.0)
    assert (found > 0).tolist() == [False, True, False, False, False, False]
