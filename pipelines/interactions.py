"""Events before a cutoff as arrays of numbers: what generators and baselines are fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix

from pipelines.index import Index
from pipelines.inputs import received_before, run_lake
from pipelines.moments import NightSettings
from pipelines.runs import Run
from settings.events import EventSettings

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

# Rows in a fixed order, so that sums of floats come out the same every night.
_QUERY = """
select
    users.number as user_number,
    items.number as item_number,
    cast(weights.weight as float) as weight,
    events.event_type = 'purchase' as is_purchase,
    if(
        events.session_id is null,
        -1,
        dense_rank() over (order by events.user_id, events.session_id) - 1
    ) as session,
    cast(epoch($cutoff - events.event_at) / 86400.0 as float) as age_days
from events
join users using (user_id)
join items using (item_id)
join weights using (event_type)
where events.event_at < $cutoff
    and events.received_at < $received_before
    and weights.weight > 0
order by events.event_at, events.event_id
"""


@dataclass(frozen=True)
class Interactions:
    """Weighted events before one cutoff, oldest first; all arrays have one row an event."""

    users: IntArray
    items: IntArray
    weights: FloatArray
    is_purchase: BoolArray
    age_days: FloatArray  # days before the cutoff
    sessions: IntArray  # number of the event's session, one user's; -1 without one
    n_users: int
    n_items: int

    @cached_property
    def matrix(self) -> csr_matrix:
        """users × items, summed weights, float32."""
        return self.sum_by_pair(self.weights)

    @cached_property
    def purchases(self) -> csr_matrix:
        """users × items: number of purchase events, float32, on the same pattern as `matrix`."""
        return self.sum_by_pair(self.is_purchase.astype(np.float32))

    @cached_property
    def seen_items(self) -> BoolArray:
        """For each item, whether it has an event."""
        seen = np.zeros(self.n_items, dtype=bool)
        seen[self.items] = True
        return seen

    def sum_by_pair(self, values: FloatArray) -> csr_matrix:
        """users × items with *values* of the events summed; columns sorted in each row."""
        shape = (self.n_users, self.n_items)
        matrix = csr_matrix((values, (self.users, self.items)), shape=shape, dtype=np.float32)
        matrix.sort_indices()
        return matrix


def load_interactions(run: Run, index: Index, cutoff: datetime) -> Interactions:
    """Events before *cutoff*, as the run saw the lake."""
    lake = run_lake(run)
    options = {"threads": str(run.settings.read(NightSettings).threads)}
    with duckdb.connect(config=options) as connection:
        paths = [str(path) for path in lake.event_files(before=cutoff)]
        connection.read_parquet(paths).create_view("events")
        weights = run.settings.read(EventSettings).weights
        return read_interactions(connection, index, weights, cutoff, received_before(run, cutoff))


def read_interactions(
    connection: duckdb.DuckDBPyConnection,
    index: Index,
    weights: Mapping[str, float],
    cutoff: datetime,
    known_before: datetime,
) -> Interactions:
    """Those `events` of *connection* before *cutoff* that were received before *known_before*."""
    _register_numbers(connection, index)
    columns = {"event_type": list(weights), "weight": list(weights.values())}
    connection.register("weights", pa.table(columns))
    binds = {"cutoff": cutoff, "received_before": known_before}
    rows = connection.sql(_QUERY, params=binds).fetchnumpy()
    return Interactions(
        users=rows["user_number"].astype(np.int32),
        items=rows["item_number"].astype(np.int32),
        weights=rows["weight"].astype(np.float32),
        is_purchase=rows["is_purchase"].astype(bool),
        age_days=rows["age_days"].astype(np.float32),
        sessions=rows["session"].astype(np.int32),
        n_users=index.n_users,
        n_items=index.n_items,
    )


def _register_numbers(connection: duckdb.DuckDBPyConnection, index: Index) -> None:
    for name, table, key in (("users", index.users, "user_id"), ("items", index.items, "item_id")):
        numbers = pa.array(np.arange(table.num_rows, dtype=np.int32))
        connection.register(name, pa.table({key: table[key], "number": numbers}))
