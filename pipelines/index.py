"""Numbers for users and items: positions in the run's sorted lists of ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.files import replacing
from pipelines.inputs import run_lake
from pipelines.runs import Run


@dataclass(frozen=True)
class Index:
    """The catalogue and the users of a run; row number = the number used everywhere else."""

    items: pa.Table  # item_id, title, category, tags, price, available, …; sorted by item_id
    users: pa.Table  # user_id, …; sorted by user_id

    @property
    def n_items(self) -> int:
        return int(self.items.num_rows)

    @property
    def n_users(self) -> int:
        return int(self.users.num_rows)

    @cached_property
    def item_ids(self) -> np.ndarray:
        return self.items["item_id"].to_numpy(zero_copy_only=False)

    @cached_property
    def user_ids(self) -> np.ndarray:
        return self.users["user_id"].to_numpy(zero_copy_only=False)


def build_index(run: Run) -> Mapping[str, Any]:
    """Copies the lake's items and users into the run, so that numbers keep their meaning."""
    lake = run_lake(run)
    rows = {}
    for name, key in (("items", "item_id"), ("users", "user_id")):
        table = pq.read_table(lake.table_file(name)).sort_by(key)
        with replacing(_path(run, name)) as beside:
            pq.write_table(table, beside, compression="zstd")
        rows[name] = table.num_rows
    return rows


def load_index(run: Run) -> Index:
    """The catalogue without its vectors, which few need and which may be large; and the users."""
    names = [name for name in pq.read_schema(_path(run, "items")).names if name != "vector"]
    items = pq.read_table(_path(run, "items"), columns=names)
    return Index(items=items, users=pq.read_table(_path(run, "users")))


def load_vectors(run: Run) -> pa.ChunkedArray | None:
    """The vector of each item, a list of floats or null; None where the source brings none."""
    if "vector" not in pq.read_schema(_path(run, "items")).names:
        return None
    return pq.read_table(_path(run, "items"), columns=["vector"])["vector"]


def _path(run: Run, name: str) -> Path:
    return run.path("index", f"{name}.parquet")
