"""What lists are like: every figure by hand, and nothing divided by zero."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.character import (
    coverage,
    exposure_gini,
    intra_list_diversity,
    novelty,
    popularity,
    popularity_lift,
    popularity_miscalibration,
    serendipity,
)

# Two short lists of four items in two categories; items 0 … 3 were had by 8, 4, 2 and 0 users.
LISTS = np.array([[0, 1, NO_ITEM], [1, 2, 3]], dtype=np.int32)
OWNERS = np.array([8, 4, 2, 0], dtype=np.int32)
CATEGORIES = np.array([0, 1, 1, 1], dtype=np.int32)
EMPTY = np.full((2, 3), NO_ITEM, dtype=np.int32)
HISTORY = csr_matrix(np.array([[1.0, 1, 0, 0], [0, 0, 2, 0]]))


def test_coverage_novelty_diversity_and_popularity_by_hand():
    """Two short lists whose figures fit on a napkin."""
    assert coverage(LISTS, 8) == 0.5
    # -log2 of 8/8, 4/8, 4/8, 2/8 and, for what nobody had, 1/8.
    assert novelty(LISTS, OWNERS, 8) == pytest.approx((0 + 1 + 1 + 2 + 3) / 5)
    assert intra_list_diversity(LISTS, CATEGORIES) == pytest.approx((1 + 0) / 2)
    assert popularity(LISTS, OWNERS, 8) == pytest.approx((8 + 4 + 4 + 2 + 0) / 5 / 8)


def test_gini_is_zero_for_equal_places_and_near_one_for_a_single_item():
    """Four items once each are alike; of four items one with every place leaves 3/4."""
    sold = np.ones(4, dtype=bool)
    alike = np.array([[0, 1], [2, 3]], dtype=np.int32)
    single = np.array([[2, NO_ITEM], [2, NO_ITEM]], dtype=np.int32)
    assert exposure_gini(alike, sold) == pytest.approx(0)
    assert exposure_gini(single, sold) == pytest.approx(3 / 4)
    # 0, 1, 1, 2 places: mean absolute difference 2 × (0·1 + 1·2 + 1·3 + 2·4) / (4 × 4) - 5/4.
    mixed = np.array([[1, 2], [3, 3]], dtype=np.int32)
    assert exposure_gini(mixed, sold) == pytest.approx(2 * 13 / 16 - 5 / 4)


def test_serendipity_counts_hits_that_popularity_would_not_give():
    """Of two hits one is in the primitive list too; the second list has no hit."""
    hits = np.array([[1, 1, 0], [0, 0, 0]], dtype=bool)
    primitive = np.array([[0, 3, 2], [0, 1, 2]], dtype=np.int32)
    assert serendipity(LISTS, hits, primitive) == pytest.approx((1 / 2 + 0) / 2)
    assert serendipity(primitive, hits, primitive) == 0


def test_lift_compares_lists_with_histories():
    """Mean of the users' means: lists 6 and 2, histories 6 and 2, so nothing is lifted."""
    assert popularity_lift(LISTS, HISTORY, OWNERS) == pytest.approx(0)
    popular = np.array([[0, NO_ITEM], [0, NO_ITEM]], dtype=np.int32)
    assert popularity_lift(popular, HISTORY, OWNERS) == pytest.approx(8 / 4 - 1)


def test_miscalibration_is_zero_for_equal_shares_and_one_for_strangers():
    """User 0 had one item of each group, user 1 only of group 1."""
    groups = np.array([0, 1, 1, 2], dtype=np.int32)
    equal = np.array([[0, 1], [1, 2]], dtype=np.int32)
    strange = np.array([[3, NO_ITEM], [0, NO_ITEM]], dtype=np.int32)
    assert popularity_miscalibration(equal, HISTORY, groups, 3) == pytest.approx(0)
    assert popularity_miscalibration(strange, HISTORY, groups, 3) == pytest.approx(1)
    # Halves of groups 0 and 1 against all of group 1, for both users' places.
    half = np.array([[1, 2], [1, 0]], dtype=np.int32)
    middle = 0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25)
    expected = (middle + math.log2(1 / 0.75)) / 2
    assert popularity_miscalibration(half, HISTORY, groups, 3) == pytest.approx(expected)


def test_empty_lists_have_no_figures():
    """Where nothing is listed the figures are zero or None, not errors and not NaN."""
    sold = np.ones(4, dtype=bool)
    hits = np.zeros(EMPTY.shape, dtype=bool)
    found = {
        "coverage": coverage(EMPTY, 4),
        "gini": exposure_gini(EMPTY, sold),
        "novelty": novelty(EMPTY, OWNERS, 2),
        "diversity": intra_list_diversity(EMPTY, CATEGORIES),
        "serendipity": serendipity(EMPTY, hits, EMPTY),
        "popularity": popularity(EMPTY, OWNERS, 2),
        "lift": popularity_lift(EMPTY, HISTORY, OWNERS),
        "miscalibration": popularity_miscalibration(EMPTY, HISTORY, CATEGORIES, 2),
    }
    assert found == {
        **dict.fromkeys(("coverage", "gini", "novelty", "diversity"), 0.0),
        **dict.fromkeys(("serendipity", "popularity"), 0.0),
        "lift": None,
        "miscalibration": None,
    }
