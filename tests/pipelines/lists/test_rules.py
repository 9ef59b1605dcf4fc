"""Rules of what may be shown: each alone, all together against a loop, and from the settings."""

import random
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from pipelines.index import Index
from pipelines.lists.rules import Rules, load_rules
from pipelines.lists.settings import ListSettings, ReasonSettings
from pipelines.surfaces import SurfaceSettings
from settings import SettingsError, load_settings


def rules(n=6, **changes):
    """Rules for *n* items that allow everything but what *changes* say."""
    numbers = np.arange(n, dtype=np.int32)
    free = {
        "allowed": np.ones(n, dtype=bool),
        "title": numbers,
        "category": numbers,
        "max_per_category": None,
        "min_score": None,
    }
    return Rules(**{**free, **changes})


def select(chosen, items, users=None, scores=None):
    """Items that are shown, of one user's ranked *items* unless *users* say otherwise."""
    items = np.array(items, dtype=np.int32)
    users = np.zeros(len(items), np.int32) if users is None else np.array(users, np.int32)
    scores = np.linspace(1, 0, len(items)) if scores is None else np.array(scores)
    rows = chosen.select(users, items, scores.astype(np.float32))
    return items[rows].tolist()


def by_loop(chosen, users, items, scores):
    """The same rules, one row at a time."""
    shown = []
    for user in sorted(set(users.tolist())):
        titles, categories, first, later = set(), Counter(), [], []
        for row in np.flatnonzero(users == user):
            item = items[row]
            if not chosen.allowed[item] or scores[row] < chosen.min_score:
                continue
            if chosen.title[item] in titles:
                continue
            titles.add(chosen.title[item])
            full = categories[chosen.category[item]] >= chosen.max_per_category
            categories[chosen.category[item]] += 1
            (later if full else first).append(int(row))
        shown += first + later
    return shown


def test_without_rules_everything_is_shown():
    """Order and items stay as they were ranked."""
    assert select(rules(), [3, 1, 5]) == [3, 1, 5]


def test_items_that_are_not_allowed_are_dropped():
    """Unavailable and blocked items leave no gap."""
    allowed = np.array([1, 0, 1, 1, 0, 1], dtype=bool)
    assert select(rules(allowed=allowed), [4, 3, 1, 0]) == [3, 0]


def test_the_better_of_two_items_with_one_title_stays():
    """Each user's list has a title once; another user's list may have it too."""
    titles = np.array([0, 0, 1, 1, 2, 2])
    chosen = rules(title=titles)
    assert select(chosen, [1, 0, 3, 5, 2]) == [1, 3, 5]
    assert select(chosen, [1, 0, 0, 1], users=[7, 7, 8, 8]) == [1, 0]


def test_what_exceeds_a_category_moves_to_the_end():
    """Nothing is lost: the third of a shelf comes after everything else, in its order."""
    chosen = rules(category=np.array([0, 0, 0, 0, 1, 2]), max_per_category=2)
    assert select(chosen, [0, 1, 2, 3, 4, 5]) == [0, 1, 4, 5, 2, 3]


def test_items_below_the_minimum_score_are_dropped():
    """The bound itself is shown."""
    chosen = rules(min_score=0.5)
    assert select(chosen, [0, 1, 2], scores=[0.75, 0.5, 0.25]) == [0, 1]


def test_an_unavailable_item_does_not_use_up_its_title():
    """The double of a dropped item is shown in its place."""
    chosen = rules(allowed=np.array([0, 1, 1, 1, 1, 1], bool), title=np.array([0, 0, 2, 3, 4, 5]))
    assert select(chosen, [0, 1, 2]) == [1, 2]


def test_no_rows_are_no_error():
    """A shard without candidates has no lists."""
    assert select(rules(max_per_category=1, min_score=0.1), []) == []


def test_all_rules_together_do_what_a_loop_does():
    """Random catalogues, lists and bounds, compared row by row with plain Python."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    for _ in range(50):
        n_items, n_rows = int(dice.integers(1, 30)), int(dice.integers(0, 80))
        chosen = rules(
            n_items,
            allowed=dice.random(n_items) < 0.8,
            title=dice.integers(0, n_items, n_items),
            category=dice.integers(0, 4, n_items),
            max_per_category=int(dice.integers(1, 4)),
            min_score=float(dice.random() / 2),
        )
        users = np.sort(dice.integers(0, 5, n_rows)).astype(np.int32)
        items = dice.integers(0, n_items, n_rows).astype(np.int32)
        scores = dice.random(n_rows).astype(np.float32)
        expected = by_loop(chosen, users, items, scores)
        assert chosen.select(users, items, scores).tolist() == expected


def catalogue():
    """Four items: two of one title, one unavailable, one without a category."""
    items = {
        "item_id": ["a", "b", "c", "d"],
        "title": ["Tea", "Tea", "Jam", "Jam "],
        "category": ["x", "y", "x", None],
        "available": [True, True, False, True],
    }
    return Index(items=pa.table(items), users=pa.table({"user_id": ["u"]}))


@pytest.mark.parametrize(
    ("lists", "shown"),
    [
        (ListSettings(), [0, 3]),
        (ListSettings(unique_by="item"), [0, 1, 3]),
        (ListSettings(only_available=False), [0, 2, 3]),
    ],
)
def test_the_settings_decide_the_rules(lists, shown):
    """Uniqueness by title or item, and unavailable items, follow `[lists]`."""
    assert select(load_rules(catalogue(), lists, SurfaceSettings()), [0, 1, 2, 3]) == shown


def test_blocked_items_are_named_in_the_settings_file(tmp_path):
    """Ids listed in TOML are never shown; an id that no item has does no harm."""
    path = tmp_path / "nightshelf.toml"
    path.write_text('[lists]\nblocked_items = ["a", "zz"]\n', encoding="utf-8")
    lists = load_settings(path, {}).read(ListSettings)
    assert select(load_rules(catalogue(), lists, SurfaceSettings()), [0, 1, 2, 3]) == [1, 3]


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        ("Goes with {title}", r"unknown \{title\}; known: \{item\}, \{category\}"),
        ("Goes with {item", r"not a template"),
        ("", r"reasons\.goes_with = \"\""),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(tmp_path, template, cause):
    """A reason names the item or the category, nothing else."""
    path = tmp_path / "nightshelf.toml"
    path.write_text(f'[reasons]\ngoes_with = "{template}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=cause):
        load_settings(path, {}).read(ReasonSettings)
