"""Fits every generator that a surface uses, at every cutoff of the night."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import Generator, Past
from pipelines.candidates.known import GENERATORS, check_names, fit_generator
from pipelines.candidates.settings import CandidateSettings
from pipelines.features.database import user_segments
from pipelines.files import hash_file
from pipelines.index import Index, load_index, load_vectors
from pipelines.inputs import run_cutoffs
from pipelines.interactions import load_interactions
from pipelines.moments import NightSettings, compact
from pipelines.progress import progress
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

# Files of the interactions themselves, beside the generators.
HISTORY = "history"
PURCHASES = "purchases"

# Also fitted where no surface asks for it: a baseline of every evaluation.
BASELINES = ("own_most_frequent", "recent_popularity", "als")


def fit_generators(run: Run) -> Mapping[str, Any]:
    """Writes `models/<cutoff>/<generator>.npz`, and the interactions that they were fitted on.

    Cutoffs are fitted side by side, each on one thread: half of a fit is preparation that has no
    more, and a limit on the threads of BLAS holds for the whole process, so that fits with
    different limits would change each other's rounding.
    """
    index = load_index(run)
    names = used_generators(run)
    cutoffs = run_cutoffs(run).all

    def fit(cutoff: datetime) -> int:
        past = replace(load_past(run, index, cutoff), threads=1)
        interactions = past.interactions
        for name in names:
            model = fit_generator(name, past, run.settings.read(CandidateSettings))
            model.save(generator_path(run, cutoff, name))
        save_arrays(generator_path(run, cutoff, HISTORY), {"pairs": interactions.matrix})
        if cutoff == run_cutoffs(run).night:
            save_arrays(generator_path(run, cutoff, PURCHASES), {"pairs": interactions.purchases})
        return len(interactions.users)

    threads = run.settings.read(NightSettings).threads
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(min(threads, len(cutoffs))) as pool:
        n_events = progress(pool.map(fit, cutoffs), "generators", unit="cutoff", total=len(cutoffs))
        counts = {f"events_{compact(c)}": n for c, n in zip(cutoffs, n_events, strict=True)}
    return {"generators": len(names), **counts}


def used_generators(run: Run) -> list[str]:
    """Names of the generators that the surfaces use, and the baselines.

    Raises `GeneratorError` for a name that does not exist.
    """
    surfaces = run.settings.read(SurfacesSettings)
    for surface, settings in surfaces.items():
        check_names(settings.generators, f"[surfaces.{surface}] generators")
    used = {name for _, settings in surfaces.items() for name in settings.generators}
    return sorted(used | set(BASELINES))


def load_generator(run: Run, cutoff: datetime, name: str) -> Generator:
    return GENERATORS[name].load(generator_path(run, cutoff, name))


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


def load_past(run: Run, index: Index, cutoff: datetime) -> Past:
    """What the generators of *cutoff* are fitted on."""
    night = run.settings.read(NightSettings)
    segments = np.unique(user_segments(run, index, cutoff), return_inverse=True)[1]
    return Past(
        interactions=load_interactions(run, index, cutoff),
        items=index.items,
        segments=segments.astype(np.int32),
        seed=night.seed,
        threads=night.threads,
        cutoff=cutoff,
        vectors=load_vectors(run),
        folder=run.settings.path.parent,
    )


def generator_path(run: Run, cutoff: datetime, name: str) -> Path:
    """File of the generator *name* as fitted at *cutoff*."""
    return run.path("models", compact(cutoff), f"{name}.npz")
