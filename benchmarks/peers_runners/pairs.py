"""Train and test pairs: a folder of two files, a slice of it, or made ones.

A line of `train.txt.gz` and `test.txt.gz` is a user's number and the numbers of the items:
`user item item …`, the format of the LightGCN splits.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from settings.errors import NightshelfError

IntArray = npt.NDArray[np.int32]

SMALL_USERS = 400
SMALL_ITEMS = 300
_TASTES = 12  # groups of items that a made user prefers one of
_PAIRS_A_USER = 14
_TEST_SHARE = 0.2


class PairsError(NightshelfError):
    """A folder does not hold two files of pairs."""


@dataclass(frozen=True)
class Split:
    """What models are fitted on and measured with; both users × items, 1 where there is a pair."""

    train: csr_matrix
    test: csr_matrix

    @property
    def users(self) -> IntArray:
        """Numbers of users with a test item, ascending: those who get a list."""
        return np.flatnonzero(np.diff(self.test.indptr)).astype(np.int32)


def read_split(folder: Path) -> Split:
    """The pairs of `train.txt.gz` and `test.txt.gz` in *folder*, repeated ones once.

    Raises `PairsError` naming the file, and the line that is not whole numbers.
    """
    train = _read_lines(folder / "train.txt.gz")
    test = _read_lines(folder / "test.txt.gz")
    both = np.concatenate([train, test])
    if not len(both):
        raise PairsError(f"{folder}: train.txt.gz and test.txt.gz hold no pair")
    n_users, n_items = both.max(axis=0) + 1
    return Split(_matrix(train, n_users, n_items), _matrix(test, n_users, n_items))


def take_users(split: Split, n_users: int, seed: int) -> Split:
    """*n_users* of those with a test item, drawn at random; others lose their pairs.

    Numbers of users and items stay; test items that no drawn user has in the training part
    stay in the truth, so that figures are lower than those of the whole folder.
    """
    users = split.users
    if n_users >= len(users):
        return split
    drawn = np.random.default_rng(seed).choice(users, n_users, replace=False)
    keep = np.zeros(split.train.shape[0], dtype=bool)
    keep[drawn] = True
    return Split(_rows_of(split.train, keep), _rows_of(split.test, keep))


def make_split(n_users: int, n_items: int, seed: int) -> Split:
    """Users who each prefer one of a few groups of items, Zipf within; a fifth is the test part."""
    random = np.random.default_rng(seed)
    popularity = 1.0 / (1 + np.arange(n_items) // _TASTES)
    taste_of_item = np.arange(n_items) % _TASTES
    pairs = []
    for user in range(n_users):
        liked = taste_of_item == user % _TASTES
        chances = popularity * np.where(liked, 10.0, 1.0)
        items = random.choice(n_items, _PAIRS_A_USER, replace=False, p=chances / chances.sum())
        pairs.append(np.column_stack([np.full(_PAIRS_A_USER, user), items]))
    n_test = round(_PAIRS_A_USER * _TEST_SHARE)
    train = np.vstack([block[n_test:] for block in pairs])
    test = np.vstack([block[:n_test] for block in pairs])
    return Split(_matrix(train, n_users, n_items), _matrix(test, n_users, n_items))


def _read_lines(path: Path) -> npt.NDArray[np.int64]:
    """(pairs, 2): user and item."""
    if not path.is_file():
        raise PairsError(
            f"{path} does not exist; expected a folder with train.txt.gz and test.txt.gz, "
            "each line a user's number and the numbers of items"
        )
    users, items = [], []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            words = line.split()
            if not all(word.isascii() and word.isdigit() for word in words):
                raise PairsError(
                    f"{path}, line {number}: found {line.strip()[:60]!r}, expected whole numbers: "
                    "a user, then items"
                )
            items += words[1:]
            users += words[:1] * (len(words) - 1)
    return np.column_stack([np.array(users, dtype=np.int64), np.array(items, dtype=np.int64)])


def _matrix(pairs: npt.NDArray[np.int64], n_users: int, n_items: int) -> csr_matrix:
    ones = np.ones(len(pairs), dtype=np.float32)
    matrix = csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_users, n_items))
    matrix.sum_duplicates()
    matrix.sort_indices()
    matrix.data[:] = 1
    return matrix


def _rows_of(matrix: csr_matrix, keep: npt.NDArray[np.bool_]) -> csr_matrix:
    """*matrix* with the rows that are not kept emptied."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    inside = keep[rows]
    return csr_matrix(
        (matrix.data[inside], (rows[inside], matrix.indices[inside])), shape=matrix.shape
    )
