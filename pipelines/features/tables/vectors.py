"""Users and items as vectors: a small factorisation of what happened in the window."""

from __future__ import annotations

from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.candidates.als import Als, AlsSettings
from pipelines.candidates.generator import Past
from pipelines.features.tables.settings import VectorSettings
from pipelines.interactions import FloatArray, Interactions

# Weights as decimals, so that the order of the rows cannot matter.
_PAIRS = """
select user_id, item_id, cast(sum(cast(weight as decimal(18, 9))) as float) as weight
from events
inner join event_weights using (event_type)
where event_at >= $first and event_at < $cutoff and weight > 0
group by user_id, item_id
order by user_id, item_id
"""


def embeddings(
    connection: duckdb.DuckDBPyConnection, cutoff: datetime, settings: VectorSettings, seed: int
) -> dict[str, pa.Table]:
    """`item_embeddings (item_id, vector)` and `user_embeddings (user_id, vector)`.

    A row for every item and user with a weighed event in the window; all vectors have `factors`
    numbers, and the product of a user's and an item's is how much the item suits the user.

    Raises `GeneratorError` when a number is not finite.
    """
    binds = {"first": cutoff - settings.window, "cutoff": cutoff}
    pairs = connection.sql(_PAIRS, params=binds).to_arrow_table()
    users = pc.dictionary_encode(pairs["user_id"].combine_chunks())
    items = pc.dictionary_encode(pairs["item_id"].combine_chunks())
    # Items in the order of their id, and not in that of the rows.
    order = pc.array_sort_indices(items.dictionary)
    place = np.argsort(order.to_numpy())
    numbers = place[items.indices.to_numpy()] if len(pairs) else np.empty(0, dtype=np.int64)
    user_vectors, item_vectors = _fit(
        users.indices.to_numpy(), numbers, pairs["weight"].to_numpy(), settings, seed
    )
    return {
        "item_embeddings": _table("item_id", items.dictionary.take(order), item_vectors),
        "user_embeddings": _table("user_id", users.dictionary, user_vectors),
    }


def _fit(
    users: np.ndarray,
    items: np.ndarray,
    weights: np.ndarray,
    settings: VectorSettings,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    if len(users) == 0:
        nothing = np.empty((0, settings.factors), dtype=np.float32)
        return nothing, nothing
    interactions = Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        weights=weights.astype(np.float32),
        is_purchase=np.zeros(len(users), dtype=bool),
        age_days=np.zeros(len(users), dtype=np.float32),
        sessions=np.full(len(users), -1, dtype=np.int32),
        n_users=int(users.max()) + 1,
        n_items=int(items.max()) + 1,
    )
    past = Past(interactions=interactions, items=pa.table({}), seed=seed, threads=1)
    return Als.fit(past, AlsSettings(**settings.model_dump(exclude={"window"}))).vectors


def _table(id_name: str, ids: pa.Array, vectors: FloatArray) -> pa.Table:
    starts = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    lists = pa.ListArray.from_arrays(starts, np.ascontiguousarray(vectors).ravel())
    return pa.table({id_name: ids, "vector": lists})
