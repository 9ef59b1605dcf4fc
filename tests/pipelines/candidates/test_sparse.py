"""The sparse arithmetic that generators share, against loops that cannot be wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generate import CandidateSource
from pipelines.candidates.generator import NO_ITEM, best_first, look_up, look_up_rows, top_of_rows
from pipelines.surfaces import SurfaceSettings

# Few different values, so that ties are common.
CELLS = st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 2.0, -1.0])


@st.composite
def matrices(draw):
    """Small dense matrices with many holes and ties."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    cells = draw(st.lists(CELLS, min_size=rows * columns, max_size=rows * columns))
    return np.array(cells, dtype=np.float32).reshape(rows, columns)


@given(matrices(), st.data(), st.integers(1, 14))
@settings(max_examples=150, deadline=None)
def test_top_of_rows_is_a_sort(dense, data, k):
    """The k best above zero by falling score, ties by lower column, without what is seen."""
    shape = dense.shape
    owned = np.array(
        data.draw(st.lists(st.booleans(), min_size=dense.size, max_size=dense.size)), dtype=bool
    ).reshape(shape)
    expected = []
    for row, hidden in zip(dense, owned, strict=True):
        found = [c for c in range(shape[1]) if row[c] > 0 and not hidden[c]]
        found.sort(key=lambda c, row=row: (-row[c], c))
        expected.append((found + [NO_ITEM] * k)[:k])
    found = top_of_rows(csr_matrix(dense), k, csr_matrix(owned.astype(np.float32)))
    assert found.tolist() == expected


@given(matrices(), st.data())
@settings(max_examples=150, deadline=None)
def test_look_up_is_indexing(dense, data):
    """Values at pairs in any order, pairs twice and absent entries included."""
    rows, columns = dense.shape
    pairs = data.draw(
        st.lists(st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)), max_size=30)
    )
    at = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    found = look_up(csr_matrix(dense), at[:, 0], at[:, 1])
    assert found.dtype == np.float32
    assert found.tolist() == [dense[pair] for pair in pairs]


@given(matrices(), st.data())
@settings(max_examples=150, deadline=None)
def test_look_up_rows_is_indexing_of_unsorted_rows(dense, data):
    """Entries of a row may stand in any order; no row sees what another one laid out."""
    rows, columns = dense.shape
    pairs = data.draw(
        st.lists(st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)), max_size=30)
    )
    at = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    backwards = csr_matrix(dense[:, ::-1])
    backwards.indices = (columns - 1 - backwards.indices).astype(np.int32)
    found = look_up_rows(backwards, at[:, 0], at[:, 1])
    assert found.tolist() == [dense[pair] for pair in sorted(pairs)]


@given(st.lists(st.integers(0, 5), max_size=80), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_best_first_keeps_ties_at_the_edge_in_order(values, k):
    """However many tie with the k-th, the lowest numbers stay."""
    columns = np.arange(len(values), dtype=np.int32)
    expected = sorted(range(len(values)), key=lambda c: (-values[c], c))[:k]
    assert best_first(columns, np.array(values, dtype=np.float32), k).tolist() == expected


def test_arrays_come_back_as_they_were(tmp_path):
    """A sparse matrix and a dense array survive the file, which holds no pickle."""
    matrix = csr_matrix(np.array([[0, 1.5], [2, 0]], dtype=np.float32))
    save_arrays(tmp_path / "a.npz", {"m": matrix, "v": np.array([1, 2], dtype=np.int32)})
    arrays = load_arrays(tmp_path / "a.npz")
    assert sparse_of(arrays, "m").toarray().tolist() == [[0, 1.5], [2, 0]]
    assert (arrays["v"].tolist(), arrays["v"].dtype) == ([1, 2], np.int32)


def test_a_pickle_is_not_loaded(tmp_path):
    """An array of objects, which only a pickle can hold, is refused."""
    np.savez(tmp_path / "a.npz", v=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_arrays(tmp_path / "a.npz")


class Fixed:
    """A generator with given proposals; a pair scores 100 user + item."""

    def __init__(self, proposals):
        self.proposals = np.array(proposals, dtype=np.int32)

    def candidates(self, users, k, seen):
        return self.proposals[users][:, :k]

    def score(self, users, items):
        return (100 * users + items).astype(np.float32)


def test_candidates_are_the_union_with_every_rank():
    """Pairs by user and item, each once; a generator's rank is NaN where it did not propose."""
    source = CandidateSource(
        {"als": Fixed([[3, 1], [-1, -1], [5, -1]]), "item_item": Fixed([[1, -1], [2, 4], [5, 3]])},
        SurfaceSettings(generators={"als": 2, "item_item": 2}),
        csr_matrix((3, 6), dtype=np.float32),
    )
    found = source.of_users(np.array([0, 1, 2], dtype=np.int32))
    assert list(zip(found.users.tolist(), found.items.tolist(), strict=True)) == [
        (0, 1),
        (0, 3),
        (1, 2),
        (1, 4),
        (2, 3),
        (2, 5),
    ]
    nan = np.nan
    np.testing.assert_array_equal(found.ranks["als"], [2, 1, nan, nan, nan, 1])
    np.testing.assert_array_equal(found.ranks["item_item"], [1, nan, 1, 2, 2, 1])
    np.testing.assert_array_equal(found.scores["als"], [1, 3, 102, 104, 203, 205])
