"""Fills Feast's Redis online store with made tables, in Feast's own environment.

`python -m benchmarks.peers_runners.feast_online JOB`, a folder that the benchmark has made;
`feast serve` is then started in its `repo`.
"""

from __future__ import annotations

import json
import sys
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float64, Int64, String

MOMENT = "event_timestamp"
TYPES = {
    "int64": Int64,
    "double": Float64,
    "string": String,
    "list<element: string>": Array(String),
    "list<element: double>": Array(Float64),
}


def write_repo(repo: Path, job: dict[str, Any]) -> None:
    """The configuration that `feast serve` reads."""
    config = {
        "project": "online",
        "provider": "local",
        "registry": str(repo / "registry.db"),
        "offline_store": {"type": "duckdb"},
        "online_store": {"type": "redis", "connection_string": job["redis"]},
        "entity_key_serialization_version": 3,
    }
    (repo / "feature_store.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def fill(store: FeatureStore, job: dict[str, Any]) -> None:
    """A feature view for each table, and its rows in the online store."""
    entity = Entity(name="user", join_keys=[job["entity"]], value_type=ValueType.STRING)
    for name, path in job["tables"].items():
        table = pq.read_table(path)
        moments = [datetime.now(UTC)] * len(table)
        columns = [column for column in table.column_names if column != job["entity"]]
        schema = [Field(name=column, dtype=TYPES[str(table[column].type)]) for column in columns]
        source = FileSource(name=name, path=path, timestamp_field=MOMENT)
        view = FeatureView(
            name=name, entities=[entity], ttl=timedelta(days=7), schema=schema, source=source
        )
        frame = table.to_pandas()
        frame[MOMENT] = moments
        pq.write_table(table.append_column(MOMENT, [moments]), path)  # Feast looks at its schema
        store.apply([entity, view])
        store.write_to_online_store(name, frame)


def main(folder: Path) -> None:
    """Make the repository of the job and fill the store."""
    warnings.simplefilter("ignore")
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    repo = folder / "repo"
    repo.mkdir()
    write_repo(repo, job)
    fill(FeatureStore(repo_path=str(repo)), job)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
