"""Feast's `get_historical_features` on a made problem, run in its own environment.

`python -m benchmarks.peers_runners.feast_training_set JOB`, a folder that the benchmark has made.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import feast
import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64

from benchmarks.peers_runners.memory import peak_mib

TYPES = {"int64": Int64, "double": Float64}
OFFLINE_STORE = "duckdb"  # dask, the other one for files, was slower and drops rows beyond the ttl


def open_store(folder: Path) -> FeatureStore:
    """A store with its registry in *folder* and no online store."""
    config = RepoConfig(
        project="training_sets",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store={"type": OFFLINE_STORE},
        online_store=None,
        entity_key_serialization_version=3,
    )
    return FeatureStore(config=config)


def apply_views(store: FeatureStore, job: dict[str, Any]) -> list[str]:
    """A feature view for each table of *job*; the names of all features."""
    names: list[str] = []
    for table, made in job["tables"].items():
        entity = Entity(name=table, join_keys=[made["entity"]], value_type=ValueType.STRING)
        schema = [Field(name=name, dtype=TYPES[kind]) for name, kind in made["columns"].items()]
        view = FeatureView(
            name=table,
            entities=[entity],
            ttl=timedelta(seconds=job["max_age_s"]),
            schema=schema,
            source=FileSource(path=made["path"], timestamp_field="event_timestamp"),
        )
        store.apply([entity, view])
        names += [f"{table}:{name}" for name in made["columns"]]
    return names


def read_entities(job: dict[str, Any]) -> Any:
    """The spine as the data frame that Feast asks for, with moments called as it wants them."""
    spine = pq.read_table(job["spine"])
    at = spine.column_names.index(job["moment"])
    moments = spine[job["moment"]].cast(pa.timestamp("us", "UTC"))
    return spine.set_column(at, "event_timestamp", moments).to_pandas()


def main(folder: Path) -> None:
    """Write the training set and what it took beside the job."""
    warnings.simplefilter("ignore")
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    store = open_store(folder)
    names = apply_views(store, job)
    started = time.perf_counter()
    entities = read_entities(job)
    asked = time.perf_counter()
    found = store.get_historical_features(entities, names, full_feature_names=True).to_arrow()
    finished = time.perf_counter()
    figures = {
        "seconds": finished - started,
        "join_seconds": finished - asked,
        "peak_mib": peak_mib(),
        "version": feast.__version__,
    }
    pq.write_table(found, folder / "feast.parquet", compression="lz4")
    (folder / "feast.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
