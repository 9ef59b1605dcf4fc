"""A surface's lists as arrays, and masks of the rows that break a rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from pipelines.index import Index
from pipelines.quality.measurements import FailingRows, Row

Mask = npt.NDArray[np.bool_]
LongArray = npt.NDArray[np.int64]
_Number = TypeVar("_Number", np.int64, np.float64)
COLUMNS = ("user", "rank", "item", "score", "reason_item")


@dataclass(frozen=True)
class ListedArrays:
    """One row an item of a list, as stored; every mask is true where a rule is broken."""

    users: LongArray  # row of the index
    ranks: LongArray  # from 1
    items: LongArray
    scores: npt.NDArray[np.float64]
    reason_items: LongArray  # -1: none
    index: Index

    @cached_property
    def starts(self) -> Mask:
        """True at the first row of each run of rows of one user."""
        starts: Mask = self.users != _before(self.users)
        starts[:1] = True
        return starts

    @cached_property
    def known(self) -> Mask:
        """True where user and item number rows of the index."""
        users = (self.users >= 0) & (self.users < self.index.n_users)
        return users & (self.items >= 0) & (self.items < self.index.n_items)

    @cached_property
    def list_sizes(self) -> LongArray:
        """Items in the list of each user of the index."""
        return np.bincount(self.users[self.known], minlength=self.index.n_users)

    def not_in_catalogue(self) -> Mask:
        reasons = (self.reason_items < -1) | (self.reason_items >= self.index.n_items)
        return ~self.known | reasons

    def not_available(self) -> Mask:
        available = pc.fill_null(self.index.items["available"], True).to_numpy()
        broken = np.zeros(len(self.items), dtype=bool)
        broken[self.known] = ~available[self.items[self.known]]
        return broken

    def not_in_order(self) -> Mask:
        """Users ascending, and ranks 1, 2, 3 … in each list."""
        places = np.arange(len(self.users))
        first = np.maximum.accumulate(np.where(self.starts, places, 0))
        broken: Mask = (self.ranks != places - first + 1) | (self.users < _before(self.users))
        return broken

    def not_finite(self) -> Mask:
        return ~np.isfinite(self.scores)

    def rising(self) -> Mask:
        broken: Mask = (self.scores > _before(self.scores)) & ~self.starts
        return broken

    def repeated(self, column: str) -> Mask:
        """Rows whose item has the *column* of an earlier row of the same list."""
        codes = self._codes(column)
        rows = np.flatnonzero(self.known)
        keys = self.users[rows] * 2 * self.index.n_items + codes[self.items[rows]]
        broken = np.zeros(len(self.users), dtype=bool)
        broken[rows] = True
        broken[rows[np.unique(keys, return_index=True)[1]]] = False
        return broken

    def had_before(self, history: csr_matrix) -> Mask:
        """Rows whose item stands in the user's row of *history* (users × items)."""
        had = np.repeat(np.arange(history.shape[0], dtype=np.int64), np.diff(history.indptr))
        pairs = had * self.index.n_items + history.indices
        broken: Mask = np.isin(self.users * self.index.n_items + self.items, pairs) & self.known
        return broken

    def not_listed(self, users: LongArray, items: LongArray) -> Mask:
        """Pairs, of users and items, that are not rows of the lists."""
        listed = self.users[self.known] * self.index.n_items + self.items[self.known]
        inside = (users >= 0) & (items >= 0) & (items < self.index.n_items)
        return ~inside | ~np.isin(users * self.index.n_items + items, listed)

    def show(self, broken: Mask) -> FailingRows:
        """The rows of *broken*, with ids instead of numbers."""
        rows = np.flatnonzero(broken)
        return lambda limit: [self._row(int(row)) for row in rows[:limit]]

    def _codes(self, column: str) -> LongArray:
        """For each item a number below twice their count; equal values, equal numbers."""
        numbers = np.arange(self.index.n_items, dtype=np.int64)
        if column == "item":
            return numbers
        values = self.index.items[column].combine_chunks().dictionary_encode()
        codes = pc.fill_null(values.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        # Without a value an item is like no other.
        return np.where(codes < 0, self.index.n_items + numbers, codes)

    def _row(self, row: int) -> Row:
        user, item = int(self.users[row]), int(self.items[row])
        in_users = 0 <= user < self.index.n_users
        in_items = 0 <= item < self.index.n_items
        return {
            "user_id": self.index.user_ids[user] if in_users else f"no user {user}",
            "rank": int(self.ranks[row]),
            "item_id": self.index.item_ids[item] if in_items else f"no item {item}",
            "title": self.index.items["title"][item].as_py() if in_items else None,
            "score": round(float(self.scores[row]), 6),
            "reason_item": int(self.reason_items[row]),
        }


def missing_columns(path: Path) -> list[str]:
    """Columns that the lists at *path* should have and have not, or not as numbers.

    Of a file that is not there, all of them.
    """
    if not path.exists():
        return list(COLUMNS)
    schema = pq.read_schema(path)
    return [c for c in COLUMNS if c not in schema.names or not _is_number(schema.field(c).type)]


def load_listed(path: Path, index: Index) -> ListedArrays:
    """The lists at *path*; a null becomes what no rule allows: -2, or NaN for a score."""
    table = pq.read_table(path, columns=list(COLUMNS))
    numbers = {
        column: pc.fill_null(pc.cast(table[column], pa.int64()), -2).to_numpy()
        for column in ("user", "rank", "item", "reason_item")
    }
    scores = pc.fill_null(pc.cast(table["score"], pa.float64()), float("nan")).to_numpy()
    return ListedArrays(
        users=numbers["user"],
        ranks=numbers["rank"],
        items=numbers["item"],
        scores=scores,
        reason_items=numbers["reason_item"],
        index=index,
    )


def _before(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The value of the row before; the first row's is its own."""
    return np.concatenate([values[:1], values[:-1]])


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
