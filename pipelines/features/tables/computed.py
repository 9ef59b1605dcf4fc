"""The computed tables: their names and columns, and what makes each of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import duckdb
import pyarrow as pa

from pipelines.features.tables.settings import GraphSettings, VectorSettings
from pipelines.files import hash_json

_MEASURES = [("degree", pa.int64()), ("pagerank", pa.float64()), ("community", pa.int64())]
_VECTOR = ("vector", pa.list_(pa.float32()))

# By what makes them: tables of one kind come out of one computation.
KINDS: Mapping[str, Mapping[str, pa.Schema]] = {
    "item_graph": {"item_graph": pa.schema([("item_id", pa.string()), *_MEASURES])},
    "user_graph": {"user_graph": pa.schema([("user_id", pa.string()), *_MEASURES])},
    "vectors": {
        "item_embeddings": pa.schema([("item_id", pa.string()), _VECTOR]),
        "user_embeddings": pa.schema([("user_id", pa.string()), _VECTOR]),
    },
}
SCHEMAS: Mapping[str, pa.Schema] = {n: s for kind in KINDS.values() for n, s in kind.items()}
COMPUTED_TABLES = tuple(SCHEMAS)
_LIBRARIES = {
    "item_graph": ("implicit", "networkit"),
    "user_graph": ("implicit", "networkit"),
    "vectors": ("implicit",),
}


@dataclass(frozen=True)
class Recipe:
    """What decides the rows of the computed tables beside the cutoff and the data."""

    graph: GraphSettings
    vectors: VectorSettings
    seed: int

    def hash_of(self, kind: str) -> str:
        """A hash of what *kind* is made by."""
        section = self.vectors if kind == "vectors" else self.graph
        libraries = {name: version(name) for name in (*_LIBRARIES[kind], "duckdb")}
        return hash_json([kind, section.model_dump(mode="json"), self.seed, libraries])


def kind_of(table: str) -> str:
    """The computation that gives *table*, one of `COMPUTED_TABLES`."""
    return next(kind for kind, tables in KINDS.items() if table in tables)


def kinds_of(tables: Collection[str]) -> list[str]:
    """The computations that *tables* need; names of other tables are passed over."""
    return [kind for kind, made in KINDS.items() if not made.keys().isdisjoint(tables)]


def compute_tables(
    kind: str, connection: duckdb.DuckDBPyConnection, cutoff: datetime, recipe: Recipe
) -> dict[str, pa.Table]:
    """The tables of *kind* from those `events` of *connection* that happened before *cutoff*.

    Rows come in the order of their id; the same events give the same rows.
    """
    # Imported here: the libraries take seconds to load, and most commands need the names alone.
    if kind == "vectors":
        from pipelines.features.tables.vectors import embeddings

        tables = embeddings(connection, cutoff, recipe.vectors, recipe.seed)
    else:
        from pipelines.features.tables.graphs import item_graph, user_graph

        graph = item_graph if kind == "item_graph" else user_graph
        tables = {kind: graph(connection, cutoff, recipe.graph, recipe.seed)}
    return {name: table.cast(SCHEMAS[name]) for name, table in tables.items()}
