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
from pipelines.ranking.ranker import (
    Ranker,
    choose_trees,
    fit_ranker,
    load_ranker,
    save_ranker,
)
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import TrainingSet, build_training_sets
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings


def train_rankers(run: Run) -> Mapping[str, Any]:
    """`models/ranker-<surface>.txt` for the night, `…-evaluated.txt` that never saw the window."""
    index = load_index(run)
    labelled = run_cutoffs(run).labelled
    settings = run.settings.read(RankingSettings)
    vocabulary = read_vocabulary(run, labelled, settings.max_categories)

    def build(cutoff: datetime) -> dict[str, TrainingSet]:
        return build_training_sets(run, index, cutoff, vocabulary)

    with ThreadPoolExecutor(run.settings.read(NightSettings).threads) as pool:
        at_cutoff = dict(zip(labelled, pool.map(build, labelled), strict=True))
    surfaces = [surface for surface, _ in run.settings.read(SurfacesSettings).items()]
    sets = {name: {cutoff: at_cutoff[cutoff][name] for cutoff in labelled} for name in surfaces}
    trees = _fit_all(run, sets, vocabulary)
    counts: dict[str, Any] = {}
    for surface in surfaces:
        counts |= _count(surface, sets[surface]) | {f"{surface}_trees": trees[surface]}
    return counts


def ranker_path(run: Run, surface: str, purpose: str) -> Path:
    """*purpose*: `evaluated` (trained before the last window) or `night` (refitted with it)."""
    return run.path("models", f"ranker-{surface}-{purpose}.txt")


def open_ranker(run: Run, surface: str, purpose: str) -> Ranker:
    return load_ranker(ranker_path(run, surface, purpose))


def _choose_trees(run: Run, sets: Mapping[datetime, TrainingSet], vocabulary: Vocabulary) -> int:
    """Judged at the newest training cutoff: the evaluated window decides nothing."""
    settings = run.settings.read(RankingSettings)
    newest, *older = run_cutoffs(run).training
    if not older or not settings.patience:
        return settings.trees
    return choose_trees(
        [sets[cutoff] for cutoff in older],
        sets[newest],
        vocabulary,
        settings,
        seed=run.settings.read(NightSettings).seed,
        threads=1,
    )


def _fit_all(
    run: Run, sets: Mapping[str, Mapping[datetime, TrainingSet]], vocabulary: Vocabulary
) -> dict[str, int]:
    """Both rankers of every surface, two fits side by side; how many trees each surface has.

    One thread each: LightGBM's own threads wait for each other at every leaf, which on a busy
    machine took four times as long as one thread.
    """
    night = run.settings.read(NightSettings)
    settings = run.settings.read(RankingSettings)
    cutoffs = run_cutoffs(run)

    def fit(surface: str, purpose: str, chosen: tuple[datetime, ...]) -> None:
        ranker = fit_ranker(
            [sets[surface][cutoff] for cutoff in chosen],
            vocabulary,
            settings,
            seed=night.seed,
            threads=1,
            trees=trees[surface],
        )
        save_ranker(ranker, ranker_path(run, surface, purpose))

    purposes = {"evaluated": cutoffs.training, "night": cutoffs.refit}
    with ThreadPoolExecutor(min(night.threads, 2)) as pool:
        chosen = pool.map(lambda surface: _choose_trees(run, sets[surface], vocabulary), sets)
        trees = dict(zip(sets, chosen, strict=True))
        fits = [pool.submit(fit, name, *purpose) for name in sets for purpose in purposes.items()]
        for fitted in fits:
            fitted.result()
    return trees


def _count(surface: str, sets: Mapping[datetime, TrainingSet]) -> dict[str, Any]:
    return {
        f"{surface}_rows": sum(len(s.relevance) for s in sets.values()),
        f"{surface}_positives": int(sum((s.relevance > 0).sum() for s in sets.values())),
        f"{surface}_negatives_kept": round(
            sum(s.sampling_rate for s in sets.values()) / len(sets), 3
        ),
    }
