"""Made values of users in two tables, as one Parquet file a table and as a version to publish."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.publish import write_lists
from pipelines.publish.pack_features import pack_kind
from store.features import FeatureTable, dump_kinds

ENTITY = "user_id"
ASKED, BESIDE = "history", "habits"  # the requests read the first; the second lies beside it
COLUMNS = 20  # of each table: half whole numbers, half doubles of which some are null
NULL_SHARE = 0.05
MAX_AGE = timedelta(days=7)


def user_ids(n_users: int) -> list[str]:
    """Ids of that many made users."""
    return [f"user-{number:07d}" for number in range(n_users)]


def column_names(table: str) -> list[str]:
    """Names of a table's columns, without the id."""
    return [f"{table}_{place:02d}" for place in range(COLUMNS)]


def write_tables(folder: Path, n_users: int, seed: int) -> dict[str, Path]:
    """A Parquet file a table: a row for each user, values of both kinds."""
    random = np.random.default_rng(seed)
    paths = {}
    for table in (ASKED, BESIDE):
        columns: dict[str, pa.Array] = {ENTITY: pa.array(user_ids(n_users))}
        for place, name in enumerate(column_names(table)):
            if place % 2 == 0:
                columns[name] = pa.array(random.geometric(0.05, n_users))
            else:
                values = random.gamma(2.0, 3.0, n_users)
                columns[name] = pa.array(values, mask=random.random(n_users) < NULL_SHARE)
        paths[table] = folder / f"{table}.parquet"
        pq.write_table(pa.table(columns), paths[table])
    return paths


def write_version(directory: Path, paths: dict[str, Path]) -> Path:
    """Small made lists, and the values of *paths* packed as a night packs them."""
    write_lists(directory, n_users=10, length=5, per_bucket=128, n_items=10)
    with duckdb.connect() as connection:
        tables = {
            FeatureTable(name, tuple(column_names(name)), MAX_AGE): connection.read_parquet(
                str(path)
            )
            for name, path in paths.items()
        }
        kind = pack_kind(ENTITY, tables, directory)
    file = directory / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    # The made lists have reasons and sources 0 to 3.
    manifest |= {"reasons": [{"code": "made", "text": "Made"}] * 4, "sources": ["made"] * 4}
    manifest["features"] = dump_kinds([kind])
    file.write_text(json.dumps(manifest), encoding="utf-8")
    return directory
