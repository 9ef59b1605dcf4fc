"""Made vectors beside made lists, as the lists stage would leave them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.publish.lists_directory import vectors_file
from store.keys import bucket_of
from store.vectors import VectorModel, Vectors, dump_vectors, kind_of_vectors, pack_vector

# Numbers that packing keeps: steps of a hundredth, the largest 1.27.
USER_VECTORS = {"u0": [1.27, 0.0], "u1": [0.0, 1.27], "stranger": [1.27, 0.0]}
ITEM_VECTORS = {
    "i1": [0.64, 1.27],
    "i4": [1.27, 0.1],
    "i30": [-1.27, 0.3],
    "new": [1.27, 0.9],
    "a/b,😀": [1.0, 1.27],
}
N_BUCKETS = {"user": 2, "item": 3}


def add_vectors(directory: Path, surfaces: Sequence[str] = ("home",)) -> Path:
    """Vectors of a model `als` beside the lists in *directory*, for *surfaces*."""
    rows = {"user": USER_VECTORS, "item": ITEM_VECTORS}
    for entity, vectors in rows.items():
        path = directory / vectors_file(kind_of_vectors("als", entity))
        _write(path, vectors, N_BUCKETS[entity])
    sizes = {entity: len(vectors) for entity, vectors in rows.items()}
    model = VectorModel("als", 2, N_BUCKETS, sizes)
    file = directory / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["vectors"] = dump_vectors(Vectors({"als": model}, dict.fromkeys(surfaces, "als")))
    file.write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def _write(path: Path, vectors: Mapping[str, Sequence[float]], n_buckets: int) -> None:
    placed = sorted((bucket_of(name, n_buckets), name) for name in vectors)
    table = {
        "bucket": pa.array([bucket for bucket, _ in placed], pa.int32()),
        "id": [name for _, name in placed],
        "vector": pa.array([pack_vector(vectors[name]) for _, name in placed], pa.binary()),
    }
    pq.write_table(pa.table(table), path)
