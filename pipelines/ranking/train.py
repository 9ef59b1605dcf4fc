"""Trains the ranker of each surface: once to be evaluated, once more to score the night."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.moments import NightSettings
from pipelines.ranking.feature_columns import Vocabulary, read_vocabulary
from pipelines.ranking.ranker import Ranker, fit_ranker, load_ranker, save_ranker
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import TrainingSet, build_training_set
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings


def train_rankers(run: Run) -> Mapping[str, Any]:
    """`models/ranker-<surface>.txt` for the night, `…-evaluated.txt` that never saw the window."""
    index = load_index(run)
    cutoffs = run_cutoffs(run)
    settings = run.settings.read(RankingSettings)
    vocabulary = read_vocabulary(run, cutoffs.labelled, settings.max_categories)
    counts: dict[str, Any] = {}
    for surface, _ in run.settings.read(SurfacesSettings).items():
        sets = {
            cutoff: build_training_set(run, index, surface, cutoff, vocabulary)
            for cutoff in cutoffs.labelled
        }
        _fit_both(run, surface, sets, vocabulary)
        counts |= _count(surface, sets)
    return counts


def ranker_path(run: Run, surface: str, purpose: str) -> Path:
    """*purpose*: `evaluated` (trained before the last window) or `night` (refitted with it)."""
    return run.path("models", f"ranker-{surface}-{purpose}.txt")


def open_ranker(run: Run, surface: str, purpose: str) -> Ranker:
    return load_ranker(ranker_path(run, surface, purpose))


def _fit_both(
    run: Run, surface: str, sets: Mapping[datetime, TrainingSet], vocabulary: Vocabulary
) -> None:
    """Both rankers of a surface, side by side.

    One thread each: LightGBM's own threads wait for each other at every leaf, which on a busy
    machine took four times as long as one thread.
    """
    night = run.settings.read(NightSettings)
    settings = run.settings.read(RankingSettings)
    cutoffs = run_cutoffs(run)

    def fit(purpose: str, chosen: tuple[datetime, ...]) -> None:
        rows = [sets[cutoff] for cutoff in chosen]
        ranker = fit_ranker(rows, vocabulary, settings, seed=night.seed, threads=1)
        save_ranker(ranker, ranker_path(run, surface, purpose))

    with ThreadPoolExecutor(min(night.threads, 2)) as pool:
        evaluated = pool.submit(fit, "evaluated", cutoffs.training)
        pool.submit(fit, "night", cutoffs.refit).result()
        evaluated.result()


def _count(surface: str, sets: Mapping[datetime, TrainingSet]) -> dict[str, Any]:
    return {
        f"{surface}_rows": sum(len(s.relevance) for s in sets.values()),
        f"{surface}_positives": int(sum((s.relevance > 0).sum() for s in sets.values())),
        f"{surface}_negatives_kept": round(
            sum(s.sampling_rate for s in sets.values()) / len(sets), 3
        ),
    }
