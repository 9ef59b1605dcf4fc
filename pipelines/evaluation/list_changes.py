"""How much of the live lists is left in tonight's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.metrics import BoolArray, DoubleArray
from pipelines.index import Index
from pipelines.interactions import IntArray
from pipelines.lists.listed import listed_path
from pipelines.runs import Run

DEPTH = 20  # items from the top that are compared
DEPTHS = (10, DEPTH)
_GONE = -2  # an item of the live lists that tonight's catalogue lacks: equal to nothing
_BLOCK_USERS = 20_000


def measure_list_changes(
    run: Run, index: Index, live: Run, live_index: Index, surface: str
) -> dict[str, Any]:
    """How the first items of the lists of *surface* differ between two runs, by ids.

    `overlap@k` is the mean share of the longer list's first k that both have, whatever the
    order; `changed@20` the share of users whose first 20 are not the same in the same order.
    Both over the users with a list in both runs; None when there is no such user.
    """
    tonight = _first_items(run, surface, np.arange(index.n_users), np.arange(index.n_items), index)
    users = _numbers(live_index.users["user_id"], index.users["user_id"])
    items = _numbers(live_index.items["item_id"], index.items["item_id"])
    before = _first_items(live, surface, users, np.where(items < 0, _GONE, items), index)
    has_now, had = tonight[:, 0] != NO_ITEM, before[:, 0] != NO_ITEM
    both = has_now & had
    changed = (tonight[both] != before[both]).any(axis=1).astype(np.float64)
    return {
        "users": int(both.sum()),
        "users_only_tonight": int((has_now & ~had).sum()),
        "users_only_live": int((had & ~has_now).sum()),
        **{
            f"overlap@{k}": _mean(shared_share(tonight[both, :k], before[both, :k])) for k in DEPTHS
        },
        f"changed@{DEPTH}": _mean(changed),
    }


def _numbers(ids: pa.ChunkedArray, wanted: pa.ChunkedArray) -> IntArray:
    """For each of *ids* its place in *wanted*, -1 where it is not there."""
    places = pc.index_in(ids, value_set=wanted.combine_chunks())
    return pc.fill_null(places, -1).to_numpy().astype(np.int32)


def _first_items(
    run: Run, surface: str, users: np.ndarray, items: np.ndarray, index: Index
) -> IntArray:
    """The first items of each user of *index*; *users* and *items* translate the run's numbers."""
    rows = pq.read_table(
        listed_path(run.path("lists"), surface),
        columns=["user", "rank", "item"],
        filters=[("rank", "<=", DEPTH)],
    )
    lists = np.full((index.n_users, DEPTH), NO_ITEM, dtype=np.int32)
    rows_user = users[rows["user"].to_numpy()]
    known = rows_user >= 0
    places = rows["rank"].to_numpy()[known].astype(np.int64) - 1
    lists[rows_user[known], places] = items[rows["item"].to_numpy()[known]]
    return lists


def shared_share(one: IntArray, other: IntArray) -> DoubleArray:
    """For each row the share of the longer list that both have."""
    shared = np.empty(len(one))
    for start in range(0, len(one), _BLOCK_USERS):
        part = slice(start, start + _BLOCK_USERS)
        alike = one[part][:, :, None] == other[part][:, None, :]
        shared[part] = (alike & _filled(one[part])[:, :, None]).sum(axis=(1, 2))
    longer = np.maximum(_filled(one).sum(axis=1), _filled(other).sum(axis=1))
    return np.asarray(shared / longer)


def _filled(lists: IntArray) -> BoolArray:
    return lists != NO_ITEM


def _mean(values: DoubleArray) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None
