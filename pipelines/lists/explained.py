"""What speaks for the first items of each list: read where it was scored, packed for the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.index import Index
from pipelines.interactions import IntArray
from pipelines.lists.listed import Listed
from pipelines.lists.pack import write_by_bucket
from pipelines.ranking.contributions import describe_features, explained_path, feature_names
from pipelines.ranking.train import open_ranker
from pipelines.runs import Run
from store.explained import CONTRIBUTIONS, HEADER, SHARE_STEPS, pack_explained

# One record of `store.explained`.
RECORD = np.dtype(
    [
        ("item", "<u4"),
        ("generators", "<u4"),
        ("features", "<u2", CONTRIBUTIONS),
        ("shares", "<i2", CONTRIBUTIONS),
    ]
)


@dataclass
class ExplainedLists:
    """The explanations of one surface: rows of its lists, gathered shard by shard."""

    run: Run
    surface: str
    _users: list[IntArray] = field(default_factory=list)
    _records: list[np.ndarray] = field(default_factory=list)

    def add(self, shard: int, listed: Listed) -> None:
        """Takes over what was explained of a shard's items, in the order of its lists."""
        table = pq.read_table(explained_path(self.run, self.surface, shard))
        explained = _keys(table["user"].to_numpy(), table["item"].to_numpy())
        order = np.argsort(explained)
        keys = _keys(listed.users, listed.items)
        at = np.searchsorted(explained[order], keys)
        found = np.isin(keys, explained)
        rows = order[at[found]]
        records = np.empty(len(rows), dtype=RECORD)
        records["item"] = listed.items[found]
        records["generators"] = listed.generators[found]
        records["features"] = _columns(table["features"])[rows]
        records["shares"] = np.rint(_columns(table["shares"])[rows] * SHARE_STEPS)
        self._users.append(listed.users[found])
        self._records.append(records)

    def write(self, path: Path, index: Index, n_buckets: int) -> list[dict[str, str]]:
        """Writes `explain-<surface>.parquet`; the features that the records name, described."""
        users = np.concatenate([np.empty(0, np.int32), *self._users])
        records = np.concatenate([np.empty(0, RECORD), *self._records])
        names = feature_names(open_ranker(self.run, self.surface, "night").columns)
        used = np.unique(records["features"])
        # Numbers within what is used: the manifest describes nothing that nobody reads.
        records["features"] = np.searchsorted(used, records["features"])
        by_user = list(_by_user(users, records))
        ids = [index.user_ids[user] for user, _ in by_user]
        write_by_bucket(path, ids, [packed for _, packed in by_user], "explained", n_buckets)
        return describe_features(self.run, [names[number] for number in used])


def explain_path(directory: Path, surface: str) -> Path:
    return directory / f"explain-{surface}.parquet"


def read_explained(path: Path, index: Index) -> np.ndarray:
    """(2 × rows) numbers of the users and the items that the file at *path* explains."""
    table = pq.read_table(path, columns=["user_id", "explained"])
    known = index.users["user_id"].combine_chunks()
    users = pc.fill_null(pc.index_in(table["user_id"], value_set=known), -1).to_numpy()
    values = table["explained"].to_pylist()
    sizes = [(len(value) - HEADER.size) // RECORD.itemsize for value in values]
    records = np.frombuffer(b"".join(value[HEADER.size :] for value in values), dtype=RECORD)
    return np.stack([np.repeat(users, sizes), records["item"]]).astype(np.int64)


def _by_user(users: IntArray, records: np.ndarray) -> Iterator[tuple[int, bytes]]:
    starts = np.flatnonzero(np.diff(users, prepend=-1))
    for start, end in pairwise([*starts.tolist(), len(users)]):
        yield int(users[start]), pack_explained(records[start:end].tobytes())


def _keys(users: IntArray, items: IntArray) -> np.ndarray:
    """One number a pair."""
    return users.astype(np.int64) << 32 | items.astype(np.int64)


def _columns(lists: pa.ChunkedArray) -> np.ndarray:
    """(rows × `CONTRIBUTIONS`) of a column of lists."""
    return lists.combine_chunks().flatten().to_numpy().reshape(-1, CONTRIBUTIONS)
