"""Who and what goes together: items that meet in baskets, users who meet in items."""

from __future__ import annotations

from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.features.tables.links import link
from pipelines.features.tables.measures import measure
from pipelines.features.tables.settings import GraphSettings

_BASKETS = """
with purchases as (
    select distinct
        item_id, user_id, coalesce(session_id, strftime(event_at, '%Y-%m-%d')) as basket_id
    from events
    where event_type = 'purchase' and event_at >= $first and event_at < $cutoff
)
select item_id as id, dense_rank() over (order by user_id, basket_id) - 1 as meeting
from purchases
order by id, meeting
"""
_BUYERS = """
with purchases as (
    select distinct user_id, item_id
    from events
    where event_type = 'purchase' and event_at >= $first and event_at < $cutoff
)
select user_id as id, dense_rank() over (order by item_id) - 1 as meeting
from purchases
order by id, meeting
"""


def item_graph(
    connection: duckdb.DuckDBPyConnection, cutoff: datetime, settings: GraphSettings, seed: int
) -> pa.Table:
    """`(item_id, degree, pagerank, community)` of the items that share a basket with another."""
    binds = {"first": cutoff - settings.window, "cutoff": cutoff}
    meetings = connection.sql(_BASKETS, params=binds).to_arrow_table()
    return _graph(meetings, "item_id", settings.max_basket, settings, seed)


def user_graph(
    connection: duckdb.DuckDBPyConnection, cutoff: datetime, settings: GraphSettings, seed: int
) -> pa.Table:
    """`(user_id, degree, pagerank, community)` of the users who share an item with another."""
    binds = {"first": cutoff - settings.window, "cutoff": cutoff}
    meetings = connection.sql(_BUYERS, params=binds).to_arrow_table()
    return _graph(meetings, "user_id", settings.max_buyers, settings, seed)


def _graph(
    meetings: pa.Table, id_name: str, max_size: int, settings: GraphSettings, seed: int
) -> pa.Table:
    ids = pc.dictionary_encode(meetings["id"].combine_chunks())  # in the order of the rows
    links = link(
        ids.indices.to_numpy(),
        meetings["meeting"].to_numpy(),
        max_size=max_size,
        neighbours=settings.neighbours,
    )
    pagerank, community = measure(links.strengths, settings.resolution, seed)
    return pa.table(
        {
            id_name: ids.dictionary.take(pa.array(links.nodes)),
            "degree": links.degrees,
            "pagerank": pagerank,
            "community": np.asarray(community, dtype=np.int64),
        }
    )
