"""Trains the ranker of each surface: once to be evaluated, once more to score the night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.moments import Cutoffs, NightSettings
from pipelines.ranking.feature_columns import Vocabulary, read_vocabulary
from pipelines.ranking.ranker import (
    BinnedRows,
    Ranker,
    bin_rows,
    choose_trees,
    fit_ranker,
    load_ranker,
    save_ranker,
)
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import TrainingSet, build_training_set, open_training_features
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings


def train_rankers(run: Run, again: Run | None = None) -> Mapping[str, Any]:
    """`models/ranker-<surface>.txt` for the night, `…-evaluated.txt` that never saw the window.

    *again*: a run of the same moments and surfaces; it gets rankers of the same rows, fitted by
    its own settings.
    """
    index = load_index(run)
    settings = run.settings.read(RankingSettings)
    vocabulary = read_vocabulary(run, run_cutoffs(run).labelled, settings.max_categories)

    sets = _build_sets(run, index, vocabulary)
    trees = _fit_all(run, sets, vocabulary)
    if again is not None:
        _fit_all(again, sets, vocabulary)
    counts: dict[str, Any] = {}
    for surface in sets:
        counts |= _count(surface, sets[surface]) | {f"{surface}_trees": trees[surface]}
    return counts


def fit_night_ranker(run: Run, index: Index, surface: str) -> Ranker:
    """The ranker that `train_rankers` makes for the night of *run*, in memory."""
    settings, seed = run.settings.read(RankingSettings), run.settings.read(NightSettings).seed
    cutoffs = run_cutoffs(run)
    vocabulary = read_vocabulary(run, cutoffs.labelled, settings.max_categories)
    with threadpool_limits(1, "blas"):
        sets = {
            cutoff: build_training_set(run, index, surface, cutoff, vocabulary)
            for cutoff in cutoffs.labelled
        }
    evaluated = _bin_evaluated(sets, cutoffs, vocabulary, settings)
    trees = _choose_trees(evaluated, len(cutoffs.training), settings, seed)
    night = _bin_night(sets, cutoffs, vocabulary, settings, evaluated)
    return fit_ranker(night, settings, seed=seed, trees=trees)


def ranker_path(run: Run, surface: str, purpose: str) -> Path:
    """*purpose*: `evaluated` (trained before the last window) or `night` (refitted with it)."""
    return run.path("models", f"ranker-{surface}-{purpose}.txt")


def open_ranker(run: Run, surface: str, purpose: str) -> Ranker:
    return load_ranker(ranker_path(run, surface, purpose))


def _build_sets(
    run: Run, index: Index, vocabulary: Vocabulary
) -> dict[str, dict[datetime, TrainingSet]]:
    """The training sets of every surface, by cutoff.

    The features of a cutoff are read once for all surfaces, whose sets are then made side by
    side; those of the next one are read when the sets of an earlier one are under way.
    """
    threads = run.settings.read(NightSettings).threads
    labelled = run_cutoffs(run).labelled
    surfaces = [surface for surface, _ in run.settings.read(SurfacesSettings).items()]
    sets: dict[str, dict[datetime, TrainingSet]] = {surface: {} for surface in surfaces}
    # Candidates limit the threads of BLAS too, one after the other and for the whole process.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:

        def begin(cutoff: datetime) -> dict[str, Future[TrainingSet]]:
            features = open_training_features(run, index, cutoff, vocabulary)
            return {
                surface: pool.submit(
                    build_training_set, run, index, surface, cutoff, vocabulary, features
                )
                for surface in surfaces
            }

        begun = [pool.submit(begin, cutoff) for cutoff in labelled[:threads]]
        for at, cutoff in enumerate(labelled):
            parts = begun[at].result()
            begun += [pool.submit(begin, later) for later in labelled[len(begun) : len(begun) + 1]]
            for surface, part in parts.items():
                sets[surface][cutoff] = part.result()
    return sets


def _fit_all(
    run: Run, sets: Mapping[str, Mapping[datetime, TrainingSet]], vocabulary: Vocabulary
) -> dict[str, int]:
    """Both rankers of every surface, fits side by side; how many trees each surface has.

    One thread each: LightGBM's own threads wait for each other at every leaf, which on a busy
    machine took four times as long as one thread.
    """
    night = run.settings.read(NightSettings)
    settings = run.settings.read(RankingSettings)
    cutoffs = run_cutoffs(run)
    trees: dict[str, int] = {}

    def fit(surface: str, purpose: str, rows: BinnedRows) -> None:
        ranker = fit_ranker(rows, settings, seed=night.seed, trees=trees[surface])
        save_ranker(ranker, ranker_path(run, surface, purpose))

    def fit_night(surface: str, evaluated: BinnedRows) -> None:
        rows = _bin_night(sets[surface], cutoffs, vocabulary, settings, evaluated)
        fit(surface, "night", rows)

    with ThreadPoolExecutor(min(night.threads, 2)) as pool:

        def begin(surface: str) -> list[Future[None]]:
            rows = _bin_evaluated(sets[surface], cutoffs, vocabulary, settings)
            trees[surface] = _choose_trees(rows, len(cutoffs.training), settings, night.seed)
            return [
                pool.submit(fit, surface, "evaluated", rows),
                pool.submit(fit_night, surface, rows),
            ]

        largest_first = sorted(sets, key=lambda surface: -_n_rows(sets[surface]))
        begun = [pool.submit(begin, surface) for surface in largest_first]
        for fitted in [fit for parts in begun for fit in parts.result()]:
            fitted.result()
    return trees


def _choose_trees(rows: BinnedRows, n_sets: int, settings: RankingSettings, seed: int) -> int:
    """Judged at the newest training cutoff: the evaluated window decides nothing."""
    if n_sets < 2 or not settings.patience:
        return settings.trees
    return choose_trees(rows, settings, seed=seed)


def _bin_evaluated(
    sets: Mapping[datetime, TrainingSet],
    cutoffs: Cutoffs,
    vocabulary: Vocabulary,
    settings: RankingSettings,
) -> BinnedRows:
    """Rows whose windows end before the evaluated one, the newest last."""
    oldest_first = [sets[cutoff] for cutoff in reversed(cutoffs.training)]
    return bin_rows(oldest_first, vocabulary, settings, threads=1)


def _bin_night(
    sets: Mapping[datetime, TrainingSet],
    cutoffs: Cutoffs,
    vocabulary: Vocabulary,
    settings: RankingSettings,
    evaluated: BinnedRows,
) -> BinnedRows:
    refit = [sets[cutoff] for cutoff in cutoffs.refit]
    older = [sets[cutoff] for cutoff in cutoffs.training]
    # Rows without impressions have no bins for the place at which an item was shown.
    bins_of = evaluated if _have_shown(refit) == _have_shown(older) else None
    return bin_rows(refit, vocabulary, settings, threads=1, bins_of=bins_of)


def _have_shown(sets: Sequence[TrainingSet]) -> bool:
    return any(training.shown_rows for training in sets)


def _n_rows(sets: Mapping[datetime, TrainingSet]) -> int:
    return sum(len(training.relevance) for training in sets.values())


def _count(surface: str, sets: Mapping[datetime, TrainingSet]) -> dict[str, Any]:
    return {
        f"{surface}_rows": _n_rows(sets),
        f"{surface}_positives": int(sum((s.relevance > 0).sum() for s in sets.values())),
        f"{surface}_shown_rows": sum(s.shown_rows for s in sets.values()),
        f"{surface}_negatives_kept": round(
            sum(s.sampling_rate for s in sets.values()) / len(sets), 3
        ),
    }
