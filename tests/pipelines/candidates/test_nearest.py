"""The own item that explains a candidate, against plain loops."""

import random

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from pipelines.candidates.generator import NO_ITEM
from pipelines.candidates.nearest import LEAST_COSINE, nearest_by_cosine, strongest_shared


@pytest.fixture
def dice():
    """Random numbers whose seed is printed."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


def sparse(dice, n_rows, n_columns):
    """A third of the cells full, columns sorted."""
    cells = random_array((n_rows, n_columns), density=0.3, rng=dice, dtype=np.float32)
    return csr_matrix(cells).sorted_indices()


def first_best(strengths):
    """The place of the largest value above zero, the first of equals."""
    return int(np.argmax(strengths)) if strengths.max(initial=0) > 0 else NO_ITEM


def test_the_strongest_shared_column_is_found(dice):
    """The largest product of two rows, with and without an excluded column."""
    first, second = sparse(dice, 6, 15), sparse(dice, 8, 15)
    rows, others = (dice.integers(0, n, 60).astype(np.int32) for n in (6, 8))
    but = dice.integers(0, 15, 60).astype(np.int32)
    products = first.toarray()[rows] * second.toarray()[others]
    assert strongest_shared(first, rows, second, others).tolist() == [
        first_best(row) for row in products
    ]
    products[np.arange(60), but] = 0
    assert strongest_shared(first, rows, second, others, but=but).tolist() == [
        first_best(row) for row in products
    ]


def test_the_item_with_the_largest_weighed_cosine_is_found(dice):
    """Own items alike enough count by weight; the candidate itself and chance do not."""
    vectors = dice.normal(size=(15, 4)).astype(np.float32)
    scale = dice.random(4).astype(np.float32)
    own = sparse(dice, 6, 15)
    users, items = (dice.integers(0, n, 60).astype(np.int32) for n in (6, 15))
    scaled = vectors * np.sqrt(scale)
    cosine = scaled @ scaled.T
    cosine /= np.outer(*2 * [np.linalg.norm(scaled, axis=1)])
    np.fill_diagonal(cosine, 0)
    cosine = np.round(cosine, 3)
    cosine[cosine < LEAST_COSINE] = 0
    expected = [
        first_best(own.toarray()[user] * cosine[item])
        for user, item in zip(users, items, strict=True)
    ]
    assert nearest_by_cosine(vectors, scale, own, users, items).tolist() == expected


def test_items_without_a_vector_are_like_none():
    """A vector of zeros, as of an item without an event, explains nothing and is not explained."""
    vectors = np.array([[0, 0], [1, 0], [1, 0.1]], dtype=np.float32)
    own = csr_matrix(np.array([[1, 0, 1]], dtype=np.float32))
    items = np.arange(3, dtype=np.int32)
    found = nearest_by_cosine(vectors, np.ones(2, np.float32), own, np.zeros_like(items), items)
    assert found.tolist() == [NO_ITEM, 2, NO_ITEM]
