"""Builds the run's `lists/`: everything that publishing will ship, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.candidates.fit import load_history, load_purchases, used_generators
from pipelines.files import hash_files, read_json, replacing_directory, write_json
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.explained import ExplainedLists, explain_path
from pipelines.lists.fallback import build_fallback_lists
from pipelines.lists.listed import SCHEMA, list_shard, listed_path
from pipelines.lists.pack import (
    BLOCK_SIZE,
    pack_lists,
    pack_user_row,
    write_by_bucket,
    write_catalogue,
    write_fallback,
)
from pipelines.lists.settings import ListSettings, ReasonSettings
from pipelines.lists.similar import write_similar
from pipelines.lists.user_rows import build_user_rows, items_to_remember
from pipelines.lists.vectors import write_vectors
from pipelines.progress import progress
from pipelines.publish.features import write_online_features
from pipelines.ranking.score import shard_users
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from settings import ProjectSettings
from store.keys import DEFAULT_VARIANT, bucket_count

MODEL_NAME = "lambdarank"


def build_lists(run: Run) -> Mapping[str, Any]:
    """Writes `lists/` whole or not at all; its manifest names the version and the lists hash."""
    index = load_index(run)
    with replacing_directory(run.path("lists")) as directory:
        fallback = build_fallback_lists(run, index)
        had_items = items_to_remember(run, fallback)
        rows = build_user_rows(run, index, had_items)
        n_buckets = bucket_count(len(rows))
        surfaces = {
            surface: _write_surface(run, index, surface, directory, n_buckets)
            for surface, _ in run.settings.read(SurfacesSettings).items()
        }
        values = [pack_user_row(row) for row in rows.values()]
        write_by_bucket(directory / "users.parquet", list(rows), values, "row", n_buckets)
        write_catalogue(directory / "catalogue.parquet", index)
        write_fallback(directory / "fallback.parquet", fallback, used_generators(run))
        similar = write_similar(run, index, directory)
        vectors = write_vectors(run, index, directory)
        features = write_online_features(run, directory)
        lists_hash = hash_files(directory.glob("*.parquet"), root=directory)
        write_json(
            directory / "manifest.json",
            {
                "version": f"{run.id}-{lists_hash[:8]}",
                "lists_hash": lists_hash,
                "n_buckets": n_buckets,
                "surfaces": surfaces,
                "features": features,
                **({} if similar is None else {"similar": similar}),
                **({} if vectors is None else {"vectors": vectors}),
                "contexts": list(run.settings.read(ListSettings).contexts),
                "had_items": index.item_ids[had_items].tolist(),
                "counts": {"users": len(rows), "items": index.n_items, "fallback": len(fallback)},
                **_provenance(run),
            },
        )
    counts = {f"{name}_users": surface["n_users"] for name, surface in surfaces.items()}
    counts |= {f"{name}_features": kind["n_rows"] for name, kind in features["kinds"].items()}
    counts["similar_items"] = 0 if similar is None else similar["n_items"]
    counts["vector_models"] = 0 if vectors is None else len(vectors["models"])
    return {**counts, "fallback_lists": len(fallback), "lists_hash": lists_hash}


def _provenance(run: Run) -> dict[str, Any]:
    reasons = run.settings.read(ReasonSettings).model_dump()
    evaluation = read_json(run.path("evaluation.json"))["surfaces"]
    return {
        "run_id": run.id,
        "namespace": run.settings.read(ProjectSettings).namespace,
        "as_of": run.as_of.isoformat(),
        "model": MODEL_NAME,
        "block_size": BLOCK_SIZE,
        "variants": [DEFAULT_VARIANT],
        "reasons": [{"code": code, "text": text} for code, text in reasons.items()],
        "sources": used_generators(run),
        "metrics": {
            surface: {"ndcg@20": result["models"]["ranker"]["ndcg@20"]}
            for surface, result in evaluation.items()
        },
    }


def _write_surface(
    run: Run, index: Index, surface: str, directory: Path, n_buckets: int
) -> dict[str, Any]:
    history = load_history(run, run_cutoffs(run).night)
    purchases = load_purchases(run)
    users: list[str] = []
    packed: list[bytes] = []
    explained = ExplainedLists(run, surface)
    rows = 0
    with pq.ParquetWriter(listed_path(directory, surface), SCHEMA, compression="zstd") as writer:
        shards = range(len(shard_users(run)))
        for shard in progress(shards, f"lists {surface}", unit="shard"):
            listed = list_shard(run, index, surface, shard, history, purchases)
            writer.write_table(listed.to_arrow())
            explained.add(shard, listed)
            rows += len(listed.users)
            for user, data in pack_lists(listed):
                users.append(index.user_ids[user])
                packed.append(data)
    write_by_bucket(directory / f"lists-{surface}.parquet", users, packed, "packed", n_buckets)
    features = explained.write(explain_path(directory, surface), index, n_buckets)
    settings = run.settings.read(SurfacesSettings)[surface]
    return {
        "n_users": len(users),
        "n_items_mean": round(rows / max(len(users), 1), 3),
        "label": settings.label,
        "repeats": settings.repeats,
        "features": features,
    }
