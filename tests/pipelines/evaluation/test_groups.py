"""Groups of users and items, and figures within them."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.activity import Activity
from pipelines.evaluation.breakdown import by_activity, by_item_group
from pipelines.evaluation.groups import group_items, group_numbers, group_users
from pipelines.evaluation.metrics import find_hits
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.window import Known, Window

SETTINGS = EvaluationSettings(new_user_events=2, heavy_user_share=0.5, new_item_days=7)
# Items 0 and 3 hold 13 of 20 events; item 3 is a few days old, items 4 and 5 have no event.
ACTIVITY = Activity(
    events_of_user=np.array([1, 3, 4, 9, 30], dtype=np.int32),
    events_of_item=np.array([7, 5, 2, 6, 0, 0], dtype=np.int32),
    item_age_days=np.array([99, 50, 8, 6, 0, 0], dtype=np.float32),
)


def made_window(truth):
    """Five users, six items; the history does not matter here."""
    known = Known(
        history=csr_matrix((5, 6)),
        segments=np.array(["all"] * 5),
        categories=np.zeros(6, dtype=np.int32),
        events_of_user=ACTIVITY.events_of_user,
        item_groups=group_items(ACTIVITY, SETTINGS),
    )
    users = np.flatnonzero(np.any(truth, axis=1)).astype(np.int32)
    return Window("home", users, csr_matrix(np.array(truth, dtype=float)), known)


def test_users_by_events():
    """At most two events are new; of the four others the more active half is heavy."""
    found = [
        (group.name, group.meaning, np.flatnonzero(group.members).tolist())
        for group in group_users(ACTIVITY.events_of_user, SETTINGS)
    ]
    assert found == [
        ("new", "at most 2 events", [0]),
        ("light", "3 to 4 events", [1, 2]),
        ("heavy", "more than 4 events", [3, 4]),
    ]


def test_users_who_are_all_new():
    """Nobody is light or heavy, and the bounds still read."""
    groups = group_users(np.array([1, 2], dtype=np.int32), SETTINGS)
    assert [int(group.members.sum()) for group in groups] == [2, 0, 0]


def test_items_by_events_and_age():
    """Half of the events are on items 0 and 3; item 3 is young, so it is new all the same."""
    groups = group_items(ACTIVITY, SETTINGS)
    assert {group.name: np.flatnonzero(group.members).tolist() for group in groups} == {
        "new": [3, 4, 5],
        "tail": [1, 2],
        "head": [0],
    }
    assert [group.name for group in groups] == ["new", "tail", "head"]
    assert group_numbers(groups).tolist() == [2, 1, 1, 0, 0, 0]


def test_items_without_any_event():
    """A catalogue that nobody touched is new from end to end."""
    nothing = np.zeros(3, dtype=np.int32)
    groups = group_items(Activity(nothing, nothing, nothing.astype(np.float32)), SETTINGS)
    assert [int(group.members.sum()) for group in groups] == [3, 0, 0]


def test_figures_by_kind_of_item_count_only_the_truth_of_the_kind():
    """User 1 chose a head and a new item, user 3 a new one: each kind has its own users."""
    window = made_window([[0] * 6, [1, 0, 0, 1, 0, 0], [0] * 6, [0, 0, 0, 0, 1, 0], [0] * 6])
    lists = {"als": np.full((2, 20), NO_ITEM, dtype=np.int32)}
    lists["als"][:, :3] = [[0, 2, 3], [5, 4, NO_ITEM]]
    hits = {"als": find_hits(lists["als"], window.users, window.truth)}
    found = by_item_group(window, lists, hits)
    second, third = 1 / np.log2(3), 1 / np.log2(4)
    new, tail, head = (found[name] for name in ("new", "tail", "head"))
    assert (new["users"], new["items"], new["truth_share"]) == (2, 3, pytest.approx(2 / 3))
    assert new["recall@20"] == {"als": 1.0}
    assert new["ndcg@20"] == {"als": pytest.approx((third + second) / 2, abs=1e-6)}
    assert new["listed_share@20"] == {"als": pytest.approx(3 / 5)}
    assert (tail["users"], tail["ndcg@20"], tail["recall@20"]) == (0, {"als": None}, {"als": None})
    assert (head["users"], head["ndcg@20"], head["recall@20"]) == (1, {"als": 1.0}, {"als": 1.0})


def test_figures_by_activity_are_none_of_nobody():
    """Users 1 and 3 are light and heavy; nobody is new."""
    window = made_window([[0] * 6, [1, 0, 0, 1, 0, 0], [0] * 6, [0, 0, 0, 0, 1, 0], [0] * 6])
    values = np.array([0.25, 0.75])
    found = by_activity(window, {"als": {"ndcg@20": values, "recall@20": values}}, SETTINGS)
    assert {name: (group["users"], group["ndcg@20"]["als"]) for name, group in found.items()} == {
        "new": (0, None),
        "light": (1, 0.25),
        "heavy": (1, 0.75),
    }
