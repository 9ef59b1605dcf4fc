"""How many events each user and each item has before a cutoff, and since when an item sells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.index import Index
from pipelines.inputs import received_before, run_lake
from pipelines.interactions import FloatArray, IntArray
from pipelines.moments import NightSettings
from pipelines.runs import Run
from settings.events import EventSettings

_DAY_US = 86_400e6

# The same events as those that the generators are fitted on.
_SEEN = """
select user_id, item_id, event_at
from events
join weights using (event_type)
where event_at < $cutoff
    and received_at < $received_before
    and weight > 0
"""


@dataclass(frozen=True)
class Activity:
    """Events before a cutoff, those without a weight left out."""

    events_of_user: IntArray  # of each user number
    events_of_item: IntArray  # of each item number
    item_age_days: FloatArray  # from the item's first event to the cutoff; 0 without an event


def load_activity(run: Run, index: Index, cutoff: datetime) -> Activity:
    """Counts of the events before *cutoff*, as the run saw the lake."""
    options = {"threads": str(run.settings.read(NightSettings).threads)}
    weights = run.settings.read(EventSettings).weights
    with duckdb.connect(config=options) as connection:
        paths = [str(path) for path in run_lake(run).event_files(before=cutoff)]
        connection.read_parquet(paths).create_view("events")
        columns = {"event_type": list(weights), "weight": list(weights.values())}
        connection.register("weights", pa.table(columns))
        binds = {"cutoff": cutoff, "received_before": received_before(run, cutoff)}
        seen = connection.sql(_SEEN, params=binds)
        users = seen.aggregate("user_id, count(*) as n", "user_id").to_arrow_table()
        items = seen.aggregate(
            "item_id, count(*) as n, min(event_at) as first_at", "item_id"
        ).to_arrow_table()
    ages = pc.subtract(pa.scalar(cutoff, pa.timestamp("us")), items["first_at"])
    days = pc.divide(pc.cast(pc.cast(ages, pa.int64()), pa.float64()), _DAY_US)
    return Activity(
        events_of_user=_spread(users["user_id"], users["n"], index.users["user_id"]),
        events_of_item=_spread(items["item_id"], items["n"], index.items["item_id"]),
        item_age_days=_spread(items["item_id"], days, index.items["item_id"]).astype(np.float32),
    )


def _spread(keys: pa.ChunkedArray, values: pa.ChunkedArray, ids: pa.ChunkedArray) -> np.ndarray:
    """For each of *ids* the value beside its key, 0 where there is none."""
    at = pc.index_in(ids, value_set=keys.combine_chunks())
    return pc.fill_null(pc.take(values, at), 0).to_numpy()
