"""Items that read like the user's own, new ones among them."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix, random_array

from pipelines.candidates.alike import new_items
from pipelines.candidates.content import Content, ContentSettings, nearest_rows
from pipelines.candidates.embeddings import nearest_vectors
from pipelines.candidates.generator import NO_ITEM, Past
from pipelines.candidates.texts import item_texts
from tests.pipelines.candidates.boards import interactions_of

USER = np.array([0], dtype=np.int32)
TITLES = ("Green tea, 100 g", "Rye bread", "Green tea, 200 g", "Black tea", "Soap")
CUTOFF = datetime(2024, 5, 6)


def past_of(titles, events, cutoff=CUTOFF, **columns):
    """A catalogue of *titles* and *events* (user, item, age in days) before *cutoff*."""
    n_users = 1 + max(user for user, _, _ in events)
    items = pa.table({"title": pa.array(titles, pa.string()), **columns})
    segments = np.zeros(n_users, dtype=np.int32)
    return Past(interactions_of(events, n_users, len(titles)), items, segments, cutoff=cutoff)


def proposed(past, k=3, **settings):
    """What *past* proposes to its first user, own items left out."""
    model = Content.fit(past, ContentSettings(**settings))
    return model.candidates(USER, k, past.interactions.matrix[USER])[0].tolist()


def test_a_new_item_is_proposed_to_who_had_its_like():
    """Two items that nobody had share words with the user's tea; they say so, soap does not."""
    past = past_of(TITLES, [(0, 0, 9.0), (0, 1, 9.0), (1, 4, 9.0)])
    model = Content.fit(past, ContentSettings(new_item_share=0.0))
    candidates = model.candidates(USER, 5, past.interactions.matrix[USER])[0]
    assert candidates.tolist() == [2, 3, NO_ITEM, NO_ITEM, NO_ITEM]
    nearest = model.nearest_own_items(np.zeros(3, dtype=np.int32), np.array([2, 3, 4]))
    assert nearest.tolist() == [0, 0, NO_ITEM]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, [1, 2, 3, 4]), (0.25, [1, 2, 3, 5]), (0.5, [1, 2, 5, 6])]
)
def test_places_are_kept_for_new_items(share, expected):
    """Popular items of the same words fill the list but for the share; the order stays by score."""
    events = [(0, 0, 90.0)]
    events += [(user, item, 90.0) for item in range(1, 5) for user in range(1, 7 - item)]
    past = past_of(["Green tea"] * 7, events)
    assert proposed(past, k=4, new_item_share=share) == expected


def test_without_a_popularity_power_equal_texts_come_by_number():
    """The power alone tells apart what reads the same, within the neighbours that are kept."""
    events = [(0, 0, 90.0), (1, 1, 90.0), (1, 2, 90.0), (2, 2, 90.0)]
    past = past_of(["Green tea"] * 4, events)
    assert proposed(past, popularity_power=0.0, new_item_share=0.0) == [1, 2, 3]
    assert proposed(past, popularity_power=1.0, new_item_share=0.0) == [2, 1, 3]
    assert proposed(past, neighbours=1, new_item_share=0.0) == [2, 3, NO_ITEM]


def test_an_item_is_no_neighbour_of_itself():
    """Where repeats are allowed, an own item comes only for another own item's sake."""
    past = past_of(["Green tea", "Soap", "Green soap"], [(0, 0, 9.0), (0, 1, 9.0)])
    model = Content.fit(past, ContentSettings(new_item_share=0.0))
    assert model.candidates(USER, 3, None)[0].tolist() == [2, NO_ITEM, NO_ITEM]


def test_all_fields_are_read_and_any_may_be_missing():
    """Tags are joined, nulls are left out, and a column that is not there is no error."""
    items = pa.table(
        {
            "title": ["Tea", None, "Soap"],
            "tags": pa.array([["green", None], [], None], pa.list_(pa.string())),
            "text": pa.array(["for two", None, None], pa.string()),
        }
    )
    fields = ("title", "category", "tags", "text")
    assert item_texts(items, fields) == ["Tea green for two", "", "Soap"]
    assert item_texts(items, ("category",)) == ["", "", ""]


@pytest.mark.parametrize("titles", [["", "", ""], ["–", "!", "…"], [None, None, None]])
def test_a_catalogue_without_words_has_no_neighbours(titles):
    """Texts that say nothing are alike in nothing."""
    assert proposed(past_of(titles, [(0, 0, 1.0)])) == [NO_ITEM] * 3


def test_words_of_too_many_texts_do_not_count():
    """A word that more texts have than max_texts leads to nothing."""
    past = past_of(["Brand tea", "Brand soap", "Brand rum", "Tea pot"], [(0, 0, 1.0)])
    assert proposed(past, max_texts=2) == [3, NO_ITEM, NO_ITEM]
    assert proposed(past, max_texts=3, new_item_share=0.0) == [3, 1, 2]


def test_new_is_what_is_on_sale_and_young_or_never_had():
    """By created_at where it is known, else by the first event; never what came after."""
    created = ["2024-05-01", "2024-01-01", "2024-01-01", "2024-05-07", None, None, "2024-05-01"]
    moments = [text and datetime.fromisoformat(text) for text in created]
    events = [(0, 0, 3.0), (0, 1, 3.0), (0, 4, 50.0), (0, 4, 1.0), (0, 5, 3.0)]
    past = past_of(
        ["tea"] * 7,
        events,
        created_at=pa.array(moments, pa.timestamp("us")),
        available=[True, True, None, True, True, True, False],
    )
    assert new_items(past, 28.0).tolist() == [True, False, True, False, False, True, False]
    assert proposed(past, k=7) == [2, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM]


def test_what_the_catalogue_lists_twice_or_long_is_still_the_nearest():
    """Blocks, ties and padding agree with all products computed at once, sparse and dense."""
    seed = np.random.default_rng().integers(10**6)
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    queries, targets = (
        csr_matrix(random_array((rows, 30), density=0.2, rng=dice, dtype=np.float32))
        for rows in (1200, 90)
    )
    products = (queries @ targets.T).toarray()
    order = np.argsort(-products, axis=1, kind="stable")[:, :40]
    best = np.take_along_axis(products, order, axis=1)
    for positions, found in (
        nearest_rows(queries, targets, 40),
        nearest_vectors(queries.toarray(), targets.toarray(), 40, threads=2),
    ):
        np.testing.assert_allclose(found, best, atol=1e-5)
        at = np.maximum(positions, 0)
        named = np.where(positions == NO_ITEM, 0, np.take_along_axis(products, at, axis=1))
        np.testing.assert_allclose(named, best, atol=1e-5)
        np.testing.assert_array_equal(positions == NO_ITEM, best == 0)
