"""Packs tables of one kind of entity: a row of cells each, in the order of the store's buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyRelation, FunctionExpression
from duckdb.sqltypes import VARCHAR

from pipelines.publish.json_cells import json_cell
from pipelines.publish.lists_directory import features_file
from store.features import MISSING, SEPARATOR, FeatureKind, FeatureTable, kind_of
from store.keys import bucket_count, bucket_of

_TEXT = pa.large_string()  # all cells of a kind may be more than 2 GiB
_SEPARATOR = SEPARATOR.decode()


def pack_kind(
    grain: str, tables: Mapping[FeatureTable, DuckDBPyRelation], directory: Path
) -> FeatureKind:
    """Writes `features-<kind>.parquet` (bucket, id, cells), sorted by bucket and id.

    *grain* is the column of each relation that holds the id, once a value.
    """
    cells = [_read_cells(grain, table, relation) for table, relation in tables.items()]
    ids = pc.unique(pa.chunked_array([chunk for c in cells for chunk in c["id"].chunks], _TEXT))
    n_buckets = bucket_count(len(ids))
    buckets = [bucket_of(entity, n_buckets) for entity in ids.to_pylist()]
    joined = _join_tables(ids, cells, list(tables))
    rows = pa.table(
        {
            "bucket": pa.array(np.array(buckets, np.int32)),
            "id": ids,
            "cells": joined.cast(pa.large_binary()),
        }
    )
    kind = FeatureKind(kind_of(grain), n_buckets, len(ids), tuple(tables))
    pq.write_table(
        rows.sort_by([("bucket", "ascending"), ("id", "ascending")]),
        directory / features_file(kind.name),
        compression="none",  # plain bytes are faster to publish
        use_dictionary=False,
        row_group_size=10_000,
    )
    return kind


def _read_cells(grain: str, table: FeatureTable, relation: DuckDBPyRelation) -> pa.Table:
    """(id, cells) of each row: the cells of its columns, joined."""
    kinds = dict(zip(relation.columns, relation.types, strict=True))
    cells = [json_cell(column, kinds[column]) for column in table.columns]
    joined = FunctionExpression("concat_ws", ConstantExpression(_SEPARATOR), *cells)
    entity = ColumnExpression(grain).cast(VARCHAR)
    found = relation.select(entity.alias("id"), joined.alias("cells")).to_arrow_table()
    return found.cast(pa.schema([("id", _TEXT), ("cells", _TEXT)]))


def _join_tables(ids: pa.Array, cells: Sequence[pa.Table], tables: list[FeatureTable]) -> pa.Array:
    """For each of *ids* its cells in all tables; empty ones where a table does not have it."""
    parts = []
    for found, table in zip(cells, tables, strict=True):
        at = pc.index_in(ids, value_set=found["id"].combine_chunks())
        none = _SEPARATOR.join([MISSING.decode()] * len(table.columns))
        parts.append(pc.fill_null(pc.take(found["cells"].combine_chunks(), at), none))
    return pc.binary_join_element_wise(*parts, pa.scalar(_SEPARATOR, _TEXT))
