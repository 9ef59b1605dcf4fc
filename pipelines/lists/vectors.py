"""Vectors of users and items, packed for the store: what `POST /rank` orders candidates by."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from pipelines.candidates.factors import Factors
from pipelines.candidates.fit import load_generator, used_generators
from pipelines.candidates.known import GENERATORS
from pipelines.files import read_json
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import FloatArray
from pipelines.lists.pack import write_by_bucket
from pipelines.lists.settings import VectorSettings
from pipelines.publish.lists_directory import VECTOR_COLUMN, VECTOR_ID, vectors_file
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from settings.errors import NightshelfError
from store.keys import bucket_count
from store.vectors import (
    ENTITIES,
    SCALE,
    STEPS,
    ZERO,
    VectorModel,
    Vectors,
    dump_vectors,
    kind_of_vectors,
)


class VectorError(NightshelfError):
    """The chosen generator, or the surface that it was chosen for, cannot be."""


def write_vectors(run: Run, index: Index, directory: Path) -> dict[str, Any] | None:
    """Writes `vectors-<model>_<user or item>.parquet` of every model; what the manifest says.

    None where none are wanted, or where no surface has a model with vectors.
    Raises `VectorError` when the settings name a surface or a model that cannot be.
    """
    surfaces = vector_models(run)
    if not surfaces:
        return None
    models = {
        name: _write_model(run, index, name, directory) for name in sorted(set(surfaces.values()))
    }
    return dump_vectors(Vectors(models, surfaces))


def vector_models(run: Run) -> dict[str, str]:
    """Surface → the generator whose vectors order candidates there; sorted, without the others.

    What the settings say, else of the surface's own generators with vectors the one that the
    evaluation found best.
    """
    settings = run.settings.read(VectorSettings)
    surfaces = run.settings.read(SurfacesSettings)
    for surface, name in settings.models.items():
        _check_choice(run, surfaces, surface, name)
    if not settings.enabled:
        return {}
    own = {surface: _best_of_own(run, surface) for surface, _ in surfaces.items()}
    chosen = {**own, **settings.models}
    return {surface: name for surface, name in sorted(chosen.items()) if name}


def pack_vectors(vectors: FloatArray) -> list[bytes]:
    """Each row packed as `store.vectors.pack_vector` does it."""
    scale = (np.abs(vectors).max(axis=1, initial=0) / STEPS).astype(np.float32)
    # Where the largest number is too small for a step, as in a row of zeros.
    scale = np.where(scale > 0, scale, np.float32(1))
    steps = np.rint(vectors.astype(np.float64) / scale[:, None].astype(np.float64))
    rows = np.empty((len(vectors), vectors.shape[1] + SCALE.size), dtype=np.uint8)
    rows[:, : -SCALE.size] = np.clip(steps, -STEPS, STEPS) + ZERO
    rows[:, -SCALE.size :] = scale.astype("<f4").view(np.uint8).reshape(len(vectors), SCALE.size)
    return [row.tobytes() for row in rows]


def _check_choice(run: Run, surfaces: SurfacesSettings, surface: str, name: str) -> None:
    where = f"[vectors.models] {surface} = {name!r}"
    if surface not in surfaces.names:
        raise VectorError(f"{where}: no such surface; expected one of {', '.join(surfaces.names)}")
    known = _with_vectors(used_generators(run))
    if name and name not in known:
        raise VectorError(
            f'{where}: expected "" for none, or a generator with vectors that a surface uses: '
            f"{', '.join(known)}"
        )


def _best_of_own(run: Run, surface: str) -> str:
    own = _with_vectors(sorted(run.settings.read(SurfacesSettings)[surface].generators))
    if len(own) < 2:
        return "".join(own)
    models = read_json(run.path("evaluation.json"))["surfaces"][surface]["models"]
    return max(own, key=lambda name: models.get(name, {}).get("ndcg@20", 0.0))


def _with_vectors(names: list[str]) -> list[str]:
    return [name for name in names if issubclass(GENERATORS[name], Factors)]


def _write_model(run: Run, index: Index, name: str, directory: Path) -> VectorModel:
    model = cast(Factors, load_generator(run, run_cutoffs(run).night, name))  # as was chosen
    n_buckets, n_rows = {}, {}
    for entity, vectors, ids in zip(
        ENTITIES, model.vectors, (index.user_ids, index.item_ids), strict=True
    ):
        known = np.flatnonzero(np.any(vectors != 0, axis=1))  # others had no event: no vector
        n_rows[entity], n_buckets[entity] = len(known), bucket_count(len(known))
        write_by_bucket(
            directory / vectors_file(kind_of_vectors(name, entity)),
            ids[known].tolist(),
            pack_vectors(vectors[known]),
            VECTOR_COLUMN,
            n_buckets[entity],
            id_column=VECTOR_ID,
        )
    return VectorModel(name, int(model.vectors[0].shape[1]), n_buckets, n_rows)
