"""What the users with a history like one's own had."""

import numpy as np

from pipelines.candidates.generator import NO_ITEM
from pipelines.candidates.user_knn import UserKnn, UserKnnSettings
from tests.pipelines.candidates.boards import interactions_of, past_of

N = 6
NEVER = 1e9  # days in which an event loses half its weight: it stays what it is
FIRST = np.zeros(1, dtype=np.int32)
# User 0 shares both own items with user 1, one of them with user 2, and none with user 3.
EVENTS = [
    *[(0, item, 9.0) for item in (0, 1)],
    *[(1, item, 9.0) for item in (0, 1, 2)],
    *[(2, item, 9.0) for item in (1, 3, 4)],
    *[(3, item, 9.0) for item in (4, 5)],
]


def fit(events=EVENTS, **settings):
    """The generator on *events*, which do not fade unless the settings say so."""
    settings = UserKnnSettings(**{"half_life_days": NEVER, **settings})
    return UserKnn.fit(past_of(interactions_of(events, 4, N)), settings)


def scores(model, user=0):
    items = np.arange(N, dtype=np.int32)
    return model.score(np.full(N, user, dtype=np.int32), items)


def test_a_score_is_the_sum_of_cosines_of_those_who_had_the_item():
    """Cosine with user 1 is 2 / (√2 · √3), with user 2 it is 1 / (√2 · √3); each had it once."""
    near, far = np.log1p(1) * np.array([2, 1]) / np.sqrt(6)
    expected = [near, near + far, near, far, far, 0]
    np.testing.assert_allclose(scores(fit()), expected, rtol=1e-5)
    seen = interactions_of(EVENTS, 4, N).matrix
    assert fit().candidates(FIRST, 4, seen[FIRST]).tolist() == [[2, 3, 4, NO_ITEM]]


def test_only_the_nearest_users_speak():
    """With one neighbour, what only the second nearest had is no candidate."""
    seen = interactions_of(EVENTS, 4, N).matrix
    proposed = fit(neighbours=1).candidates(FIRST, 3, seen[FIRST])
    assert proposed.tolist() == [[2, NO_ITEM, NO_ITEM]]


def test_nobody_is_the_own_neighbour():
    """Own items that no other user had get nothing."""
    assert scores(fit([(0, 0, 1.0), (0, 1, 1.0), (1, 1, 1.0)]))[0] == 0


def test_what_others_had_lately_counts_more():
    """Halved every so many days: of a neighbour's two items the newer one gains."""
    events = [(0, 0, 9.0), (1, 0, 9.0), (1, 1, 20.0), (1, 2, 10.0)]
    found = scores(fit(events, half_life_days=10.0))
    np.testing.assert_allclose(found[2] / found[1], np.log1p(0.5) / np.log1p(0.25), rtol=1e-5)


def test_the_reason_is_what_is_shared_with_the_loudest_voice():
    """User 1 speaks for item 2 and shares items 0 and 1; user 2 speaks for 3 and shares 1 alone."""
    items = np.array([2, 3, 5], dtype=np.int32)
    nearest = fit().nearest_own_items(np.zeros_like(items), items)
    assert nearest.tolist() == [0, 1, NO_ITEM]
