"""Fits every generator that a surface uses, at every cutoff of the night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.als import Als
from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import Generator, GeneratorError
from pipelines.candidates.item_item import ItemItem
from pipelines.candidates.own_most_frequent import OwnMostFrequent
from pipelines.candidates.popularity import Popularity
from pipelines.candidates.settings import CandidateSettings
from pipelines.features.database import user_segments
from pipelines.files import hash_file
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import Interactions, load_interactions
from pipelines.moments import NightSettings, compact
from pipelines.progress import progress
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

# Files of the interactions themselves, beside the generators.
HISTORY = "history"
PURCHASES = "purchases"

# Also fitted where no surface asks for it: a baseline of every evaluation.
BASELINES = ("own_most_frequent", "recent_popularity", "als")

_TYPES: Mapping[str, type[Generator]] = {
    "own_most_frequent": OwnMostFrequent,
    "als": Als,
    "item_item": ItemItem,
    "recent_popularity": Popularity,
    "segment_popularity": Popularity,
}


def fit_generators(run: Run) -> Mapping[str, Any]:
    """Writes `models/<cutoff>/<generator>.npz`, and the interactions that they were fitted on."""
    index = load_index(run)
    names = used_generators(run)
    counts = {}
    for cutoff in progress(run_cutoffs(run).all, "generators", unit="cutoff"):
        interactions = load_interactions(run, index, cutoff)
        for name in names:
            _fit(run, index, interactions, cutoff, name).save(generator_path(run, cutoff, name))
        save_arrays(generator_path(run, cutoff, HISTORY), {"pairs": interactions.matrix})
        if cutoff == run_cutoffs(run).night:
            save_arrays(generator_path(run, cutoff, PURCHASES), {"pairs": interactions.purchases})
        counts[f"events_{compact(cutoff)}"] = len(interactions.users)
    return {"generators": len(names), **counts}


def used_generators(run: Run) -> list[str]:
    """Names of the generators that the surfaces use, and the baselines.

    Raises `GeneratorError` for a name that does not exist.
    """
    surfaces = run.settings.read(SurfacesSettings)
    for surface, settings in surfaces.items():
        for name in settings.generators:
            if name not in _TYPES:
                raise GeneratorError(
                    f"[surfaces.{surface}] generators: unknown generator {name!r}; "
                    f"known: {', '.join(sorted(_TYPES))}"
                )
    used = {name for _, settings in surfaces.items() for name in settings.generators}
    return sorted(used | set(BASELINES))


def load_generator(run: Run, cutoff: datetime, name: str) -> Generator:
    return _TYPES[name].load(generator_path(run, cutoff, name))


def load_history(run: Run, cutoff: datetime) -> csr_matrix:
    """users × items: summed weights of the events before *cutoff*."""
    return sparse_of(load_arrays(generator_path(run, cutoff, HISTORY)), "pairs")


def load_purchases(run: Run) -> csr_matrix:
    """users × items: number of purchases before the night."""
    path = generator_path(run, run_cutoffs(run).night, PURCHASES)
    return sparse_of(load_arrays(path), "pairs")


def generator_hashes(run: Run) -> dict[str, str]:
    """SHA-256 of every fitted generator of the run, by its path below `models/`."""
    folder = run.path("models")
    return {p.relative_to(folder).as_posix(): hash_file(p) for p in sorted(folder.rglob("*.npz"))}


def _fit(
    run: Run, index: Index, interactions: Interactions, cutoff: datetime, name: str
) -> Generator:
    settings = run.settings.read(CandidateSettings)
    night = run.settings.read(NightSettings)
    fits: dict[str, Callable[[], Generator]] = {
        "own_most_frequent": lambda: OwnMostFrequent.fit(interactions, settings.own_most_frequent),
        "als": lambda: Als.fit(interactions, settings.als, seed=night.seed, threads=night.threads),
        "item_item": lambda: ItemItem.fit(interactions, settings.item_item, threads=night.threads),
        "recent_popularity": lambda: Popularity.fit(interactions, settings.popularity),
        "segment_popularity": lambda: _fit_by_segment(run, index, interactions, cutoff),
    }
    return fits[name]()


def _fit_by_segment(
    run: Run, index: Index, interactions: Interactions, cutoff: datetime
) -> Popularity:
    segments = user_segments(run, index, cutoff)
    names, groups = np.unique(segments, return_inverse=True)
    settings = run.settings.read(CandidateSettings).popularity
    return Popularity.fit_by_group(interactions, settings, groups.astype(np.int32), len(names))


def generator_path(run: Run, cutoff: datetime, name: str) -> Path:
    """File of the generator *name* as fitted at *cutoff*."""
    return run.path("models", compact(cutoff), f"{name}.npz")
