"""What households bought before a day, read from the lake: what habits are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from pipelines.interactions import FloatArray, IntArray
from pipelines.lake import Lake

_QUERY = Path(__file__).with_name("sql") / "purchases.sql"
_POPULAR_DAYS = 28
_RECENT_DAYS = 14.0  # after so many days a purchase counts e times less
N_FEATURES = 5


@dataclass(frozen=True)
class Shop:
    """Users and items of the lake, numbered by their sorted ids; row number = number."""

    user_ids: list[str]
    item_ids: list[str]
    categories: IntArray  # of each item; items without one share the last
    n_categories: int


@dataclass(frozen=True)
class Past:
    """Purchases of a stretch of days before a moment; one row a purchase, oldest first."""

    shop: Shop
    users: IntArray
    items: IntArray
    days_ago: IntArray  # 0: the day before the moment
    hours: IntArray  # of the day
    days: int  # that the stretch has

    def before(self, days: int, stretch: int) -> Past:
        """The past as it was *days* days earlier, *stretch* days of it."""
        keep = (self.days_ago >= days) & (self.days_ago < days + stretch)
        ago = self.days_ago[keep] - days
        return Past(self.shop, self.users[keep], self.items[keep], ago, self.hours[keep], stretch)

    @cached_property
    def bought_on(self) -> csr_matrix:
        """users × items: days on which it was bought, float32."""
        keys = (self.users.astype(np.int64) * self.n_items + self.items) * self.days + self.days_ago
        pairs = np.unique(keys) // self.days
        return self._pairs(pairs, np.ones(len(pairs), dtype=np.float32))

    @cached_property
    def freshness(self) -> csr_matrix:
        """users × items: 1 for what was bought the day before, falling with the days since."""
        keys = self.users.astype(np.int64) * self.n_items + self.items
        pairs, last = np.unique(keys[::-1], return_index=True)
        ago = self.days_ago[::-1][last]
        return self._pairs(pairs, np.exp(-ago / _RECENT_DAYS).astype(np.float32))

    @cached_property
    def of_categories(self) -> FloatArray:
        """users × categories: purchases, float32."""
        found = np.zeros((len(self.shop.user_ids), self.shop.n_categories), dtype=np.float32)
        np.add.at(found, (self.users, self.shop.categories[self.items]), 1)
        return found

    @cached_property
    def buyers(self) -> FloatArray:
        """For each item the share of all users who bought it lately."""
        lately = self.days_ago < _POPULAR_DAYS
        keys = self.items[lately].astype(np.int64) * len(self.shop.user_ids) + self.users[lately]
        items = np.unique(keys) // len(self.shop.user_ids)
        counts = np.bincount(items, minlength=self.n_items)
        return np.asarray(counts / max(len(self.shop.user_ids), 1), dtype=np.float32)

    @cached_property
    def shopping_days(self) -> FloatArray:
        """For each user the days with a purchase."""
        keys = np.unique(self.users.astype(np.int64) * self.days + self.days_ago)
        counts = np.bincount(keys // self.days, minlength=len(self.shop.user_ids))
        return counts.astype(np.float32)

    @property
    def n_items(self) -> int:
        return len(self.shop.item_ids)

    def habits(self, user: int, items: IntArray) -> FloatArray:
        """(items × `N_FEATURES`) what the past says of a user's need of each of *items*."""
        bought = values_of(self.bought_on, user, items)
        mine = self.of_categories[user]
        return np.stack(
            [
                np.log1p(bought),
                values_of(self.freshness, user, items),
                (bought > 0).astype(np.float32),
                np.log1p(mine[self.shop.categories[items]]),
                np.log(self.buyers[items] + 1e-3),
            ],
            axis=1,
        )

    def _pairs(self, pairs: np.ndarray, values: FloatArray) -> csr_matrix:
        shape = (len(self.shop.user_ids), self.n_items)
        matrix = csr_matrix((values, (pairs // self.n_items, pairs % self.n_items)), shape=shape)
        matrix.sort_indices()
        return matrix


def read_past(lake: Lake, moment: datetime, stretch: timedelta) -> Past:
    """The purchases of *stretch* before *moment*, a midnight."""
    items = pq.read_table(lake.table_file("items"), columns=["item_id", "category"])
    items = items.sort_by("item_id")
    users = pq.read_table(lake.table_file("users"), columns=["user_id"]).sort_by("user_id")
    encoded = pc.dictionary_encode(items["category"].combine_chunks())
    n_known = len(encoded.dictionary)
    shop = Shop(
        user_ids=users["user_id"].to_pylist(),
        item_ids=items["item_id"].to_pylist(),
        categories=pc.fill_null(encoded.indices, n_known).to_numpy().astype(np.int32),
        n_categories=n_known + 1,
    )
    with duckdb.connect(config={"threads": "1"}) as connection:
        paths = [str(path) for path in lake.event_files(before=moment)]
        connection.read_parquet(paths).create_view("events")
        for name, ids in (("users", users["user_id"]), ("items", items["item_id"])):
            numbers = pa.array(np.arange(len(ids), dtype=np.int32))
            connection.register(name, pa.table({f"{name[:-1]}_id": ids, "number": numbers}))
        binds = {"moment": moment, "since": moment - stretch}
        rows = connection.sql(_QUERY.read_text(encoding="utf-8"), params=binds).fetchnumpy()
    return Past(
        shop,
        users=rows["user_number"].astype(np.int32),
        items=rows["item_number"].astype(np.int32),
        days_ago=rows["days_ago"].astype(np.int32),
        hours=rows["hour"].astype(np.int32),
        days=max(stretch.days, 1),
    )


def values_of(matrix: csr_matrix, row: int, columns: IntArray) -> FloatArray:
    """Values of one row of *matrix* (sorted) at *columns*; 0 where there is no entry."""
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    own, values = matrix.indices[span], matrix.data[span]
    if len(own) == 0:
        return np.zeros(len(columns), dtype=np.float32)
    at = np.minimum(np.searchsorted(own, columns), len(own) - 1)
    return np.where(own[at] == columns, values[at], 0).astype(np.float32)
