"""What users did in the window after a cutoff, as a matrix of numbers."""

from __future__ import annotations

from datetime import datetime

import duckdb
import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from pipelines.features.database import feature_table, open_features
from pipelines.features.problems import SqlFileError
from pipelines.index import Index
from pipelines.runs import Run


def load_labels(run: Run, index: Index, label: str, cutoff: datetime) -> csr_matrix:
    """users × items with the relevance of the table *label* at *cutoff*, zeros left out.

    Raises `SqlFileError` when there is no such label or it lacks a column.
    """
    with open_features(run) as connection:
        try:
            table = feature_table(connection, run, label, cutoff).to_arrow_table()
        except duckdb.CatalogException:
            raise SqlFileError(
                f"feature_sql/label/{label}.sql is missing, but a surface in the settings has "
                f"label = {label!r}"
            ) from None
    for column in ("user_id", "item_id", "relevance"):
        if column not in table.column_names:
            raise SqlFileError(
                f"feature_sql/label/{label}.sql gives {table.column_names}; a surface's label "
                "needs user_id, item_id and relevance"
            )
    users = pc.index_in(table["user_id"], value_set=index.users["user_id"].combine_chunks())
    items = pc.index_in(table["item_id"], value_set=index.items["item_id"].combine_chunks())
    relevance = table["relevance"].to_numpy().astype(np.float32)
    shape = (index.n_users, index.n_items)
    matrix = csr_matrix((relevance, (users.to_numpy(), items.to_numpy())), shape=shape)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix
