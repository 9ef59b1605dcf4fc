"""Reasons are true, name what they speak of, and are whole sentences."""

import numpy as np
import pytest

from pipelines.candidates.generator import NO_ITEM, Explaining
from pipelines.candidates.known import GENERATORS
from pipelines.lists.reasons import (
    REASON_CODES,
    name_reason_items,
    names_segment,
    reason_code,
    reason_codes,
    settle_codes,
    without_namesakes,
)
from pipelines.lists.settings import ReasonSettings
from settings import SettingsError, load_settings
from tests.pipelines.candidates.boards import checkerboard

USERS = np.zeros(5, dtype=np.int32)


def test_what_the_user_had_explains_before_any_generator():
    """Bought often, bought, looked at, then the generator that ranked the item best."""
    history = checkerboard().matrix
    purchases = checkerboard().purchases.copy()
    purchases[0, 2] = 3.0
    purchases[0, 6] = 0.0  # views alone
    generators = ["als", "item_item", "own_most_frequent", "recent_popularity"]
    codes = reason_codes(
        np.zeros(6, dtype=np.int32),
        np.array([2, 4, 6, 1, 3, 7], dtype=np.int32),
        np.array([0, 0, 0, 0, 1, 3], dtype=np.uint8),
        generators,
        history,
        purchases,
    )
    assert [REASON_CODES[code] for code in codes] == [
        "bought_often",
        "bought_before",
        "seen_before",
        "similar_baskets",
        "goes_with",
        "popular_now",
    ]


class Nearest:
    """Knows the neighbour of item 1 alone."""

    def nearest_own_items(self, users, items):
        return np.where(items == 1, 8, NO_ITEM).astype(np.int32)

    candidates = score = save = None


def test_items_are_named_by_the_generator_that_ranks_the_pair_best():
    """Only wanted pairs whose reason is a generator's that can say; others are not opened."""
    opened = []

    def open_generator(name):
        opened.append(name)
        return Nearest()

    generators = ["als", "item_item", "recent_popularity", "user_knn"]
    sources = np.array([1, 1, 1, 2, 0], dtype=np.uint8)
    codes = np.array([reason_code(GENERATORS[generators[source]].reason) for source in sources])
    codes[0] = reason_code("bought_before")
    items = np.array([1, 1, 1, 1, 2], dtype=np.int32)
    wanted = np.array([True, True, False, True, True])
    found = name_reason_items(codes, sources, USERS, items, wanted, generators, open_generator)
    assert found.tolist() == [NO_ITEM, 8, NO_ITEM, NO_ITEM, NO_ITEM]
    assert opened == ["als", "item_item"]


def settled(names, items, segments, **templates):
    """Codes of *names* after settling, for pairs with such reason items and segments."""
    codes = np.array([reason_code(name) for name in names], dtype=np.uint8)
    arrays = (np.array(items, dtype=np.int32), np.array(segments, dtype=bool))
    found = settle_codes(codes, *arrays, ReasonSettings(**templates))
    return [REASON_CODES[code] for code in found]


def test_a_sentence_never_names_what_is_not_there():
    """Without an item or a segment to name, another code takes the place of half a sentence."""
    names = ["goes_with", "goes_with", "comes_next", "popular_in_segment", "popular"]
    items, segments = [8, -1, -1, -1, -1], [True, True, True, False, False]
    assert settled(names, items, segments) == [
        *("goes_with", "similar_baskets", "similar_baskets"),
        *("popular_in_segment", "popular"),
    ]
    assert settled(
        names,
        items,
        segments,
        goes_with="Goes with your basket",
        similar_baskets="Because of {item}",
        popular_in_segment="Popular with {segment}",
    ) == ["goes_with", "goes_with", "for_you", "popular_now", "popular"]


def test_segments_are_looked_up_only_for_a_template_that_names_them():
    """The default sentences name none."""
    assert not names_segment(ReasonSettings())
    assert names_segment(ReasonSettings(popular_in_segment="Popular with {segment}"))


def test_every_generator_that_names_items_has_a_sentence_that_may():
    """`{item}` is allowed for each code of a generator that can fill it, and for no other."""
    named = {kind.reason for kind in GENERATORS.values() if issubclass(kind, Explaining)}
    for code in REASON_CODES:
        if code in named:
            assert getattr(ReasonSettings(**{code: "See {item}"}), code) == "See {item}"
        else:
            with pytest.raises(ValueError, match=r"unknown \{item\}"):
                ReasonSettings(**{code: "See {item}"})


def test_generators_fit_into_the_bits_of_a_list():
    """Proposers are 32 bits, so no more generators may be known."""
    assert len(GENERATORS) <= 32


def test_a_segment_is_named_only_where_there_is_one(tmp_path):
    """The error says what the template may name instead."""
    path = tmp_path / "nightshelf.toml"
    path.write_text('[reasons]\npopular = "Loved by {segment}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"unknown \{segment\}; known: \{category\}"):
        load_settings(path, {}).read(ReasonSettings)


def test_no_item_is_explained_by_its_own_title():
    """Another size of the same thing is no reason for it; no reason item stays none."""
    title = np.array([7, 7, 8], dtype=np.int32)
    items = np.array([0, 0, 2, 2], dtype=np.int32)
    named = np.array([1, 2, NO_ITEM, 0], dtype=np.int32)
    assert without_namesakes(named, items, title).tolist() == [NO_ITEM, 2, NO_ITEM, 0]
