"""What is popular where users are, or at this time of day: counts of items by situation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.candidates.popularity import Popularity, PopularitySettings
from pipelines.candidates.settings import CandidateSettings
from pipelines.index import Index
from pipelines.inputs import received_before, run_cutoffs, run_lake
from pipelines.lists.settings import ListSettings
from pipelines.moments import NightSettings
from pipelines.runs import Run
from settings.events import EventSettings
from store.context import HOUR, MAX_VALUE, context_field, part_of_day

# A context that is no JSON object, and a value that is none of text, number and boolean, says
# nothing. Rows in a fixed order, so that sums of floats come out the same every night.
_QUERY = """
with seen as (
    select
        event_id, event_at, user_id, item_id,
        weights.weight,
        epoch($cutoff - event_at) / 86400.0 as age_days,
        if(json_valid(context), cast(context as json), null) as situation
    from events
    join weights using (event_type)
    where event_at < $cutoff
        and received_at < $received_before
        and weights.weight > 0
),

named as (
    select
        *,
        if(
            $name = 'hour',
            cast(hour(event_at at time zone 'UTC' at time zone $timezone) as varchar),
            if(
                json_type(situation, $path)
                    in ('VARCHAR', 'BIGINT', 'UBIGINT', 'DOUBLE', 'BOOLEAN'),
                json_extract_string(situation, $path),
                null
            )
        ) as value
    from seen
    where age_days <= $window_days
)

select
    value,
    user_id,
    items.number as item,
    cast(weight as float) as weight,
    cast(age_days as float) as age_days
from named
join items using (item_id)
where value is not null and length(value) between 1 and $max_value
order by event_at, event_id
"""


@dataclass(frozen=True)
class ContextPopularity:
    """What counts in each of the situations that are frequent enough."""

    fields: list[str]  # of the fallback hash, after the surface
    model: Popularity  # group = place in *fields*


def fit_contexts(run: Run, index: Index) -> Iterator[ContextPopularity]:
    """The situations of each `[lists] contexts`, the most frequent values first.

    A value of fewer users than `[lists] min_segment_users` is left out.
    """
    for name in run.settings.read(ListSettings).contexts:
        yield _fit_context(run, index, name)


def _fit_context(run: Run, index: Index, name: str) -> ContextPopularity:
    lists = run.settings.read(ListSettings)
    popularity = run.settings.read(CandidateSettings).recent_popularity
    rows = _read_events(run, index, name, popularity)
    values = rows["value"].to_numpy(zero_copy_only=False)
    if name == HOUR:
        values = np.array([part_of_day(int(hour)) for hour in values], dtype=object)
    chosen = _frequent(values, rows["user_id"], lists.min_segment_users, lists.max_context_values)
    weights = rows["weight"].to_numpy()
    if popularity.half_life_days is not None:
        weights = weights * np.exp2(-rows["age_days"].to_numpy() / popularity.half_life_days)
    items = rows["item"].to_numpy()
    counts = np.zeros((len(chosen), index.n_items), dtype=np.float32)
    for group, value in enumerate(chosen):
        own = values == value
        counts[group] = np.bincount(items[own], weights=weights[own], minlength=index.n_items)
    nobody = np.empty(0, dtype=np.int32)
    return ContextPopularity(
        [context_field(name, value) for value in chosen], Popularity(counts, nobody)
    )


def _frequent(values: np.ndarray, users: pa.ChunkedArray, least: int, most: int) -> list[str]:
    """The *most* values of *least* users or more, those of most users first, ties by value."""
    pairs = set(zip(values.tolist(), users.to_pylist(), strict=True))
    sizes: dict[str, int] = {}
    for value, _ in pairs:
        sizes[value] = sizes.get(value, 0) + 1
    frequent = [value for value, size in sizes.items() if size >= least]
    return sorted(frequent, key=lambda value: (-sizes[value], value))[:most]


def _read_events(run: Run, index: Index, name: str, window: PopularitySettings) -> pa.Table:
    cutoff = run_cutoffs(run).night
    night = run.settings.read(NightSettings)
    with duckdb.connect(config={"threads": str(night.threads)}) as connection:
        files = [str(path) for path in run_lake(run).event_files(before=cutoff)]
        connection.read_parquet(files).create_view("events")
        numbers = pa.array(np.arange(index.n_items, dtype=np.int32))
        connection.register(
            "items", pa.table({"item_id": index.items["item_id"], "number": numbers})
        )
        weights = run.settings.read(EventSettings).weights
        columns = {"event_type": list(weights), "weight": list(weights.values())}
        connection.register("weights", pa.table(columns))
        binds = {
            "cutoff": cutoff,
            "received_before": received_before(run, cutoff),
            "name": name,
            "path": f"$.{name}",  # an identifier
            "timezone": night.timezone,
            "window_days": window.window_days,
            "max_value": MAX_VALUE,
        }
        return connection.sql(_QUERY, params=binds).to_arrow_table()
