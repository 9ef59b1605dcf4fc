"""What every generator promises, on a checkerboard, and what each alone promises."""

import numpy as np
import pytest

from pipelines.candidates.als import Als, AlsSettings
from pipelines.candidates.arrays import load_arrays
from pipelines.candidates.bpr import BprSettings
from pipelines.candidates.ease import EaseSettings
from pipelines.candidates.generator import NO_ITEM, Explaining, GeneratorError
from pipelines.candidates.graph_filter import GraphFilterSettings
from pipelines.candidates.known import GENERATORS, fit_generator
from pipelines.candidates.own_most_frequent import OwnMostFrequent, OwnMostFrequentSettings
from pipelines.candidates.popularity import Popularity, PopularitySettings
from pipelines.candidates.settings import CandidateSettings
from tests.pipelines.candidates.boards import N, checkerboard, interactions_of, past_of

ALS = AlsSettings(factors=4, regularization=0.01, iterations=20)
PARITY = np.arange(N, dtype=np.int32) % 2
USERS = np.arange(N, dtype=np.int32)
SETTINGS = CandidateSettings(
    als=ALS,
    als_wide=ALS,
    bpr=BprSettings(factors=4, iterations=300),
    ease=EaseSettings(regularization=0.1),
    graph_filter=GraphFilterSettings(factors=2),
)
# What leads from own items to others like them; the rest knows own items or what is popular.
COLLABORATIVE = (
    *("als", "als_wide", "bpr", "ease", "graph_filter", "item_bm25", "item_item", "item_tfidf"),
    *("user_knn", "segment_popularity", "content", "embeddings"),
)

EXPLAINING = sorted(name for name, kind in GENERATORS.items() if issubclass(kind, Explaining))


def fit(name, board):
    """The generator *name* on *board*, users by parity in two segments."""
    return fit_generator(name, past_of(board, PARITY[: board.n_users]), SETTINGS)


@pytest.fixture(scope="module", params=sorted(GENERATORS))
def name(request):
    """Each generator in turn."""
    return request.param


@pytest.fixture(scope="module")
def board():
    """Where every user lacks one square of the own colour."""
    return checkerboard()


@pytest.fixture(scope="module")
def model(name, board):
    """The generator, fitted on the checkerboard."""
    return fit(name, board)


@pytest.fixture(params=[False, True], ids=["repeats", "only new"])
def seen(request, board):
    """None, or what each user has had."""
    return board.matrix if request.param else None


@pytest.mark.parametrize("k", [1, 3, N, N + 5])
def test_proposals_have_the_shape_that_was_asked_for(model, seen, k):
    """(users, k) item numbers, no item twice in a row, holes only at the end."""
    proposed = model.candidates(USERS, k, seen)
    assert (proposed.shape, proposed.dtype) == ((N, k), np.int32)
    for row in proposed:
        items = row[row != NO_ITEM]
        assert sorted(items) == sorted(set(items))
        assert (row[: len(items)] == items).all()
        assert ((items >= 0) & (items < N)).all()


def test_nothing_that_was_seen_comes_back(model, board):
    """With `seen` no user gets an item of the own history."""
    for user, row in enumerate(model.candidates(USERS, N, board.matrix)):
        owned = set(board.matrix[user].indices)
        assert owned & set(row) == set()


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_best_k_come_first(model, seen, k):
    """Scores fall along a row, and nothing that was left out scores higher than the last."""
    proposed = model.candidates(USERS, k, seen)
    for user, row in enumerate(proposed):
        items = row[row != NO_ITEM]
        everything = np.setdiff1d(USERS, [] if seen is None else seen[user].indices)
        left_out = np.setdiff1d(everything, items).astype(np.int32)
        scores = model.score(np.full(len(items), user, dtype=np.int32), items)
        others = model.score(np.full(len(left_out), user, dtype=np.int32), left_out)
        assert (np.diff(scores) <= 1e-5).all()
        bound = scores[-1] if len(items) == k else 0.0
        assert (np.nan_to_num(others) <= bound + 1e-5).all()


def test_a_block_of_users_is_proposed_like_each_alone(model, board):
    """Rows of *seen* belong to the users that were asked for, in their order."""
    some = np.array([7, 2, 5], dtype=np.int32)
    together = model.candidates(some, 4, board.matrix[some])
    alone = [
        model.candidates(some[i : i + 1], 4, board.matrix[some[i : i + 1]])[0] for i in range(3)
    ]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_a_saved_model_is_the_same_model(name, model, board, seen, tmp_path):
    """Loaded back it proposes and scores what it did before."""
    model.save(tmp_path / "model.npz")
    loaded = type(model).load(tmp_path / "model.npz")
    np.testing.assert_array_equal(
        loaded.candidates(USERS, 5, seen), model.candidates(USERS, 5, seen)
    )
    pairs = (np.repeat(USERS, N), np.tile(USERS, N))
    np.testing.assert_array_equal(loaded.score(*pairs), model.score(*pairs))


def test_the_same_seed_gives_the_same_arrays(name, board, tmp_path):
    """Two fits save equal arrays, bit by bit."""
    for number in range(2):
        fit(name, board).save(tmp_path / f"{number}.npz")
    first, second = (load_arrays(tmp_path / f"{number}.npz") for number in range(2))
    assert first.keys() == second.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])


@pytest.mark.parametrize("name", COLLABORATIVE, indirect=False)
def test_the_missing_square_is_found(name, board):
    """Who has all items of a colour but one gets that one first."""
    proposed = fit(name, board).candidates(USERS, 1, board.matrix)
    np.testing.assert_array_equal(proposed[:, 0], USERS)


@pytest.mark.parametrize("name", sorted(GENERATORS), indirect=False)
def test_users_without_history_get_no_more_than_popularity(name):
    """A user without an event gets what is popular, or nothing; never a made-up order."""
    board = interactions_of([(0, 1, 2.0), (0, 2, 1.0), (1, 2, 1.0)], N, N)
    proposed = fit(name, board).candidates(np.array([8], dtype=np.int32), 3, None)
    expected = {
        "forecast_popularity": [2, 1, NO_ITEM],
        "recent_popularity": [2, 1, NO_ITEM],
        "segment_popularity": [1, 2, NO_ITEM],  # of user 0 alone, who is even too
        "trending": [2, 1, NO_ITEM],
        "week_popularity": [2, 1, NO_ITEM],
    }
    if name in ("als", "als_wide", "bpr"):  # a zero vector likes nothing: all scores are zero
        scores = fit(name, board).score(np.full(3, 8, dtype=np.int32), proposed[0])
        np.testing.assert_allclose(scores, 0, atol=1e-6)
    else:
        assert proposed[0].tolist() == expected.get(name, [NO_ITEM] * 3)


def test_own_items_come_by_count_then_recency_then_number():
    """Three purchases beat two newer ones; of equal counts the newer, then the lower number."""
    events = [
        *[(0, 3, age) for age in (30.0, 29.0, 28.0)],
        *[(0, 5, age) for age in (20.0, 9.0)],
        *[(0, 1, age) for age in (25.0, 2.0)],
        (0, 7, 1.0),
        (0, 6, 1.0),
        (0, 2, 5.0),
        (1, 8, 1.0),
    ]
    model = OwnMostFrequent.fit(past_of(interactions_of(events, 2, N)), OwnMostFrequentSettings())
    proposed = model.candidates(np.array([0, 1], dtype=np.int32), 7, None)
    assert proposed.tolist() == [[3, 1, 5, 6, 7, 2, NO_ITEM], [8] + [NO_ITEM] * 6]


def test_own_items_of_long_ago_do_not_count():
    """Events before the window neither count nor make an item the user's own."""
    events = [(0, 1, 40.0), (0, 1, 39.0), (0, 2, 3.0)]
    model = OwnMostFrequent.fit(
        past_of(interactions_of(events, 1, N)), OwnMostFrequentSettings(window_days=30)
    )
    assert model.candidates(np.array([0], dtype=np.int32), 3, None).tolist() == [[2, -1, -1]]


def test_recent_popularity_counts_events_of_the_window():
    """Older events do not count; equally popular items come by number."""
    events = [(0, 4, 99.0), (1, 4, 98.0), (0, 9, 3.0), (1, 9, 2.0), (2, 5, 1.0), (3, 3, 1.0)]
    model = Popularity.fit(
        past_of(interactions_of(events, N, N)), PopularitySettings(window_days=28)
    )
    assert model.candidates(np.array([6], dtype=np.int32), 4, None).tolist() == [[9, 3, 5, -1]]


@pytest.mark.parametrize("name", EXPLAINING, indirect=False)
def test_the_nearest_own_item_explains_a_candidate(name, board, tmp_path):
    """What is named as reason is another item of the user's own; so of the candidate's colour.

    An item of the other colour has no neighbour there, though vectors may lie near by chance.
    A saved model names the same ones.
    """
    model = fit(name, board)
    users, items = np.repeat(USERS, N), np.tile(USERS, N)
    nearest = model.nearest_own_items(users, items)
    for user, item, reason in zip(users, items, nearest, strict=True):
        own = set(board.matrix[user].indices.tolist()) - {item}
        if user % 2 == item % 2:
            # Nothing comes before the first item of everybody.
            assert reason in (own | {NO_ITEM} if name == "next_item" else own)
        else:
            assert reason in (own | {NO_ITEM} if name.startswith(("als", "bpr")) else {NO_ITEM})
    model.save(tmp_path / "model.npz")
    loaded = type(model).load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.nearest_own_items(users, items), nearest)


@pytest.mark.parametrize("name", EXPLAINING, indirect=False)
def test_pairs_are_explained_one_by_one_as_together(name, board):
    """The order and the number of pairs decide nothing, and no pairs are no error."""
    model = fit(name, board)
    users, items = np.repeat(USERS, N)[::-1].copy(), np.tile(USERS, N)[::-1].copy()
    together = model.nearest_own_items(users, items)
    alone = [model.nearest_own_items(users[k : k + 1], items[k : k + 1])[0] for k in range(N * N)]
    assert together.tolist() == alone
    assert model.nearest_own_items(users[:0], items[:0]).tolist() == []


def test_what_leads_to_an_item_can_explain_it():
    """Every generator that finds the missing square says by which item, but for popularity."""
    assert set(COLLABORATIVE) - set(EXPLAINING) == {"segment_popularity"}


def test_als_refuses_factors_that_are_not_finite(board):
    """Weights beyond floats are an error that says which setting to lower."""
    settings = AlsSettings(factors=2, confidence=3e38, count_power=1.0)
    with pytest.raises(GeneratorError, match=r"factors are not finite.*lower confidence"):
        Als.fit(past_of(board), settings)


def test_als_never_proposes_what_nobody_had():
    """Items without an event keep no random start: their score is zero for everyone."""
    board = interactions_of([(u, i, 1.0) for u in range(4) for i in range(3)], 4, 6)
    model = Als.fit(past_of(board), ALS)
    users, items = np.repeat(np.arange(4), 3), np.tile(np.arange(3, 6), 4)
    assert model.score(users.astype(np.int32), items.astype(np.int32)).tolist() == [0.0] * 12
