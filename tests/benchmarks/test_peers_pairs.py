"""Pairs are read as they stand, sliced by whole users, and made without files."""

import gzip

import numpy as np
import pytest

from benchmarks.peers_runners.pairs import PairsError, make_split, read_split, take_users


def write(folder, train, test):
    for name, text in (("train", train), ("test", test)):
        with gzip.open(folder / f"{name}.txt.gz", "wt", encoding="utf-8") as file:
            file.write(text)
    return folder


def test_a_line_is_a_user_and_items(tmp_path):
    """Repeated pairs count once, a line without items counts nothing."""
    split = read_split(write(tmp_path, "0 1 2 2\n1 0\n2\n", "0 3\n2\n1 1 4\n"))
    assert split.train.toarray().tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 0, 0]]
    assert split.test.toarray().tolist() == [[0, 0, 0, 1, 0], [0, 1, 0, 0, 1]]
    assert split.users.tolist() == [0, 1]


def test_a_missing_file_is_named(tmp_path):
    """The error says which file is expected, and what is in it."""
    with pytest.raises(PairsError, match=r"train\.txt\.gz does not exist; expected a folder with"):
        read_split(tmp_path)


def test_a_line_of_words_is_named(tmp_path):
    """The error has the number of the line and what stands there."""
    with pytest.raises(PairsError, match=r"test\.txt\.gz, line 2: found '1 milk', expected whole"):
        read_split(write(tmp_path, "0 1\n", "0 2\n1 milk\n"))


def test_files_without_pairs_are_refused(tmp_path):
    """Two empty files are no data set."""
    with pytest.raises(PairsError, match=r"hold no pair"):
        read_split(write(tmp_path, "", ""))


def test_a_slice_has_whole_users():
    """Drawn users keep all their pairs and numbers, others have none; the same seed, the same."""
    whole = make_split(30, 60, seed=3)
    part = take_users(whole, 7, seed=5)
    assert len(part.users) == 7
    assert part.train.shape == whole.train.shape
    for matrix, before in ((part.train, whole.train), (part.test, whole.test)):
        assert (matrix[part.users] != before[part.users]).nnz == 0
        assert matrix.nnz == before[part.users].nnz
    assert take_users(whole, 7, seed=5).users.tolist() == part.users.tolist()


def test_a_slice_larger_than_the_data_is_the_data():
    """Asking for more users than there are takes all."""
    whole = make_split(10, 60, seed=3)
    assert take_users(whole, 11, seed=0) is whole


def test_made_pairs_are_apart():
    """No made test pair is in the training part, and every user has both."""
    split = make_split(40, 60, seed=1)
    assert split.train.multiply(split.test).nnz == 0
    assert split.users.tolist() == list(range(40))
    assert set(np.diff(split.train.indptr).tolist()) == {11}
    assert set(np.diff(split.test.indptr).tolist()) == {3}
