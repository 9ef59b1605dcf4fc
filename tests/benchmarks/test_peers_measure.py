"""Lists of every library are measured in the same way, on the full truth."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from benchmarks.peers_runners.job import LIST_LENGTH, Answer, pad_rows
from benchmarks.peers_runners.measure import Figures, ListsError, best_ratios, measure, ratios
from benchmarks.peers_runners.pairs import Split

N_ITEMS = 30


def matrix(rows):
    cells = np.zeros((len(rows), N_ITEMS), dtype=np.float32)
    for row, items in enumerate(rows):
        cells[row, items] = 1
    return csr_matrix(cells)


# User 1 has no test item and gets no list.
SPLIT = Split(train=matrix([[0], [1], [2]]), test=matrix([[3, 4], [], list(range(5, 30))]))


def answer(*rows):
    lists = pad_rows([np.array(row, dtype=np.int32) for row in rows])
    return Answer(lists=lists, fit_seconds=2.0, recommend_seconds=0.5, peak_mib=100.0)


def test_recall_is_of_the_full_truth_and_ndcg_of_its_first_20():
    """A user with 25 test items and 20 hits has recall .8 and NDCG 1; a half hit list has less."""
    found = measure("peer", "als", answer([7, 3], range(5, 25)), SPLIT)
    discounted = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    assert found == Figures(
        library="peer",
        kind="als",
        recall=pytest.approx((0.5 + 0.8) / 2),
        ndcg=pytest.approx((discounted + 1) / 2),
        fit_seconds=2.0,
        lists_per_second=4.0,
        peak_mib=100.0,
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (([3],), r"peer/als: lists of shape \(1, 20\), not \(2, 20\)"),
        (([3, 4, 3], [5]), r"peer/als: an item stands twice in the list of user 0"),
        (([3], [5, 2]), r"peer/als: the list of user 2 has an item of its train part"),
    ],
)
def test_lists_that_cannot_be_compared_are_refused(rows, message):
    """Too few lists, an item twice and an item of the train part are each named."""
    with pytest.raises(ListsError, match=message):
        measure("peer", "als", answer(*rows), SPLIT)


def test_short_lists_are_padded():
    """A row that is shorter than a list ends in places without an item, a longer one is cut."""
    rows = [np.array([4, 2], dtype=np.int32), np.arange(25, dtype=np.int32)]
    assert pad_rows(rows).tolist() == [[4, 2] + [-1] * (LIST_LENGTH - 2), list(range(LIST_LENGTH))]


OURS_ALS = Figures("ours", "als", 0.2, 0.1, 4.0, 1000.0, 300.0)
OURS_EASE = Figures("ours", "ease", 0.3, 0.2, 8.0, 500.0, 600.0)
PEER_ALS = Figures("peer", "als", 0.1, 0.1, 8.0, 100.0, 200.0)
PEER_KNN = Figures("peer", "item_item", 0.1, 0.05, 1.0, 100.0, 200.0)


def test_ratios_are_of_the_same_kind():
    """Ours divided by the peer's figure; a kind that we do not have has no ratio."""
    assert ratios([OURS_ALS, OURS_EASE, PEER_ALS, PEER_KNN], "ours") == {
        "peer/als": {
            "recall@20": 2.0,
            "ndcg@20": 1.0,
            "fit_seconds": 0.5,
            "lists_per_second": 10.0,
            "peak_mib": 1.5,
        }
    }


def test_best_ratios_take_the_best_of_each_library():
    """The model with the highest NDCG stands for its library."""
    assert best_ratios([OURS_ALS, OURS_EASE, PEER_ALS, PEER_KNN], "ours") == {
        "peer": {"recall@20": 3.0, "ndcg@20": 2.0}
    }


def test_without_a_model_of_ours_there_is_no_ratio():
    """A run in which ours failed still prints the peers."""
    assert (ratios([PEER_ALS], "ours"), best_ratios([PEER_ALS], "ours")) == ({}, {})
