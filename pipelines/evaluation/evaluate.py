"""Evaluates rankers and baselines on the newest window that they did not see."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pipelines.candidates.fit import BASELINES, load_generator, used_generators
from pipelines.candidates.generator import Generator
from pipelines.evaluation.baselines import NotingSource, list_baselines
from pipelines.evaluation.breakdown import by_activity, by_item_group, by_segment
from pipelines.evaluation.character import describe_lists
from pipelines.evaluation.metrics import (
    MAX_CUTOFF,
    BoolArray,
    find_hits,
    metrics_of_users,
    summarise,
)
from pipelines.evaluation.results import HEADLINE, RANKER, RIVALS, RULED
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.user_figures import write_user_figures
from pipelines.evaluation.window import Window, open_known, open_window
from pipelines.files import write_json
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.lists.rules import load_rules
from pipelines.lists.settings import ListSettings
from pipelines.moments import NightSettings
from pipelines.ranking.feature_columns import FeatureColumns, open_features_of
from pipelines.ranking.ranker import Ranker
from pipelines.ranking.score import rank_users
from pipelines.ranking.train import open_ranker
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings


@dataclass(frozen=True)
class Measured:
    """What the models of one surface listed, and what of it came true."""

    window: Window
    lists: Mapping[str, IntArray]  # by model: users × positions
    candidate_recall: float

    def hits(self, model: str) -> BoolArray:
        return find_hits(self.lists[model], self.window.users, self.window.truth)


@dataclass(frozen=True)
class Models:
    """What lists items for one surface, and what its ranker is told of them."""

    ranker: Ranker
    generators: Mapping[str, Generator]
    features: FeatureColumns | None  # of all users of all windows; None where there are none


def evaluate(run: Run) -> Mapping[str, Any]:
    """Writes `evaluation.json`: every model of every surface, with intervals.

    And `evaluation/users-<surface>.parquet`, the figures of every user.
    """
    index = load_index(run)
    cutoffs = run_cutoffs(run)
    known = open_known(run, index)
    generators = {
        name: load_generator(run, cutoffs.evaluation, name) for name in used_generators(run)
    }

    names = [surface for surface, _ in run.settings.read(SurfacesSettings).items()]
    windows = {surface: open_window(run, index, surface, known) for surface in names}
    rankers = {surface: open_ranker(run, surface, "evaluated") for surface in names}
    users = np.unique(np.concatenate([window.users for window in windows.values()]))
    # Both rankers number texts alike: they were trained together.
    features = (
        open_features_of(run, index, cutoffs.evaluation, users, rankers[names[0]].vocabulary)
        if len(users)
        else None
    )

    def measure(surface: str) -> dict[str, Any]:
        models = Models(rankers[surface], generators, features)
        return _evaluate_surface(run, index, windows[surface], models)

    threads = min(run.settings.read(NightSettings).threads, 2)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        surfaces = dict(zip(names, pool.map(measure, names), strict=True))
    write_json(
        run.path("evaluation.json"),
        {
            "as_of": run.as_of.isoformat(),
            "cutoff": cutoffs.evaluation.isoformat(),
            "until": (cutoffs.evaluation + cutoffs.horizon).isoformat(),
            "confidence": run.settings.read(EvaluationSettings).confidence,
            "surfaces": surfaces,
        },
    )
    return {
        f"{surface}_{model}": round(result["models"][model][HEADLINE], 4)
        for surface, result in surfaces.items()
        for model in (RANKER, *BASELINES)
        if model in result["models"]
    }


def _evaluate_surface(run: Run, index: Index, window: Window, models: Models) -> dict[str, Any]:
    result = {
        "users": len(window.users),
        "items_sold": int(window.known.is_sold.sum()),
        "importance": models.ranker.importance(),
    }
    if not len(window.users):
        write_user_figures(run, window.surface, window.users, {})
        return {**result, "models": {}}
    measured = _measure(run, index, window, models)
    return {**result, **_describe(run, index, measured)}


def _measure(run: Run, index: Index, window: Window, models: Models) -> Measured:
    surface = run.settings.read(SurfacesSettings)[window.surface]
    cutoff = run_cutoffs(run).evaluation
    used = {name: models.generators[name] for name in sorted(surface.generators)}
    source = NotingSource(used, surface, window.known.history)
    ranker, features = models.ranker, models.features
    ranked = rank_users(run, index, window.surface, cutoff, window.users, ranker, source, features)
    rules = load_rules(index, run.settings.read(ListSettings), surface)
    chosen = rules.select(ranked.users, ranked.items, ranked.scores)
    return Measured(
        window=window,
        lists={
            RANKER: ranked.first_items(window.users, MAX_CUTOFF),
            RULED: ranked.take(chosen).first_items(window.users, MAX_CUTOFF),
            **list_baselines(window, source, models.generators),
        },
        candidate_recall=ranked.candidate_recall(window.users, window.truth),
    )


def _describe(run: Run, index: Index, measured: Measured) -> dict[str, Any]:
    """Everything that `evaluation.json` says of a surface with users."""
    settings = run.settings.read(EvaluationSettings)
    seed = run.settings.read(NightSettings).seed
    window, lists = measured.window, measured.lists
    hits = {model: measured.hits(model) for model in lists}
    metrics = {model: metrics_of_users(hits[model], window.truth_sizes) for model in lists}
    write_user_figures(run, window.surface, index.user_ids[window.users], metrics)
    summaries = summarise(metrics, settings.bootstrap_rounds, settings.confidence, seed)
    primitive = lists[RIVALS[1]]
    cost = metrics[RANKER][HEADLINE] - metrics[RULED][HEADLINE]
    return {
        "truth_items_mean": round(float(window.truth_sizes.mean()), 3),
        "candidate_recall": measured.candidate_recall,
        "models": {
            model: summaries[model] | describe_lists(window, lists[model], hits[model], primitive)
            for model in lists
        },
        "segments": by_segment(window, metrics),
        "activity": by_activity(window, metrics, settings),
        "item_groups": by_item_group(window, lists, hits),
        f"rules_cost_{HEADLINE}": round(float(np.mean(cost)), 6),
    }
