"""`train.txt.gz` and `test.txt.gz` with lines `user item item …`, without moments."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix

from benchmarks.ranking_quality.problem import (
    SEED,
    Figures,
    Problem,
    Split,
    interactions_of,
    past_of,
    truth_of,
)
from pipelines.candidates.generator import Past
from pipelines.interactions import IntArray
from settings.errors import NightshelfError

HELD_OUT = 0.2  # of each user's pairs, at random: figures are means over users
ENOUGH_PAIRS = 60_000  # held out, for a ranker
MAX_SLICES = 5


class DataError(NightshelfError):
    """A file of the data set is missing or is not what was expected."""


def read_pairs(path: Path) -> tuple[IntArray, IntArray]:
    """Users and items of every pair in *path*. Raises `DataError` naming the file and line."""
    users: list[int] = []
    items: list[int] = []
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            for number, line in enumerate(file, start=1):
                try:
                    user, *had = map(int, line.split())
                except ValueError:
                    raise DataError(
                        f"{path}, line {number}: {line[:40]!r}; expected numbers: user item item …"
                    ) from None
                users += [user] * len(had)
                items += had
    except (OSError, EOFError) as error:
        raise DataError(
            f"{path}: {error}; put train.txt.gz and test.txt.gz there, "
            "with lines of numbers: user item item …"
        ) from None
    return np.array(users, dtype=np.int32), np.array(items, dtype=np.int32)


def read_split(folder: Path, published: Mapping[str, Figures]) -> Problem:
    """The problem of *folder*: every item is ranked, those of the training part are left out."""
    users, items = read_pairs(folder / "train.txt.gz")
    test_ids = [numbers.max(initial=-1) for numbers in read_pairs(folder / "test.txt.gz")]
    shape = (int(max(users.max(), test_ids[0])) + 1, int(max(items.max(), test_ids[1])) + 1)

    def read_test() -> csr_matrix:
        return truth_of(*read_pairs(folder / "test.txt.gz"), shape)

    return pairs_problem(folder.name, users, items, shape, read_test, published)


def pairs_problem(
    name: str,
    users: IntArray,
    items: IntArray,
    shape: tuple[int, int],
    read_test: Callable[[], csr_matrix],
    published: Mapping[str, Figures],
) -> Problem:
    """Slices are held out at random, as many as give the ranker enough to learn from."""
    n_slices = min(MAX_SLICES, max(1, round(ENOUGH_PAIRS / (HELD_OUT * len(users)))))
    return Problem(
        name=name,
        past=_past(users, items, shape),
        hold_out=lambda: [hold_out(users, items, shape, number) for number in range(n_slices)],
        read_test=read_test,
        depth=20,
        published=published,
    )


def hold_out(users: IntArray, items: IntArray, shape: tuple[int, int], number: int) -> Split:
    """One of many random slices of every user's pairs, and the rest as what is known."""
    kept = ~_some_of_each(users, np.random.default_rng([SEED, number]))
    truth = truth_of(users[~kept], items[~kept], shape)
    return Split(_past(users[kept], items[kept], shape), truth)


def _some_of_each(users: IntArray, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Mask of `HELD_OUT` of every user's pairs, rounded at random: light users have their share."""
    order = np.lexsort((random.random(len(users)), users))
    ordered = users[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    sizes = np.diff(np.r_[starts, len(users)])
    place = np.arange(len(users)) - np.repeat(starts, sizes)
    mask = np.zeros(len(users), dtype=bool)
    taken = np.floor(HELD_OUT * sizes + random.random(len(sizes)))
    mask[order] = place < np.repeat(taken, sizes)
    return mask


def _past(users: IntArray, items: IntArray, shape: tuple[int, int]) -> Past:
    ages = np.zeros(len(users), dtype=np.float32)
    numbers = [str(number) for number in range(shape[1])]
    return past_of(interactions_of(users, items, ages, *shape), pa.table({"item_id": numbers}))
