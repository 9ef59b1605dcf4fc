"""Evaluates rankers and baselines on the newest window that they did not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from pipelines.candidates.fit import BASELINES, load_generator, load_history, used_generators
from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.metrics import (
    MAX_CUTOFF,
    DoubleArray,
    coverage,
    find_hits,
    intra_list_diversity,
    metrics_of_users,
    novelty,
    summarise,
)
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.features.database import user_segments
from pipelines.files import write_json
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.lists.rules import Rules, load_rules
from pipelines.lists.settings import ListSettings
from pipelines.moments import NightSettings
from pipelines.ranking.labels import load_labels
from pipelines.ranking.score import Ranked, rank_users
from pipelines.ranking.train import open_ranker
from pipelines.ranking.training_set import labelled_users
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings


@dataclass(frozen=True)
class Window:
    """What is known before the cutoff and what is true after it, for one surface."""

    surface: str
    users: IntArray  # with an event on both sides
    history: csr_matrix
    truth: csr_matrix
    segments: np.ndarray  # of each user number
    categories: IntArray  # of each item number

    @property
    def truth_sizes(self) -> IntArray:
        return np.diff(self.truth.indptr)[self.users].astype(np.int32)


def evaluate(run: Run) -> Mapping[str, Any]:
    """Writes `evaluation.json`: every model of every surface, with intervals."""
    index = load_index(run)
    cutoffs = run_cutoffs(run)
    surfaces = {
        surface: _evaluate_surface(run, index, surface)
        for surface, _ in run.settings.read(SurfacesSettings).items()
    }
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
        f"{surface}_{model}": round(result["models"][model]["ndcg@20"], 4)
        for surface, result in surfaces.items()
        for model in ("ranker", *BASELINES)
    }


def _evaluate_surface(run: Run, index: Index, surface: str) -> dict[str, Any]:
    window = _open_window(run, index, surface)
    cutoff = run_cutoffs(run).evaluation
    ranker = open_ranker(run, surface, "evaluated")
    surface_settings = run.settings.read(SurfacesSettings)[surface]
    rules = load_rules(index, run.settings.read(ListSettings), surface_settings)
    ranked = rank_users(run, index, surface, cutoff, window.users, ranker)
    lists = {
        "ranker": ranked.first_items(window.users, MAX_CUTOFF),
        "ranker_with_rules": _ruled(ranked, rules, window.users),
        **_baseline_lists(run, window),
    }
    metrics = {name: _metrics(window, items) for name, items in lists.items()}
    settings = run.settings.read(EvaluationSettings)
    seed = run.settings.read(NightSettings).seed
    options = (settings.bootstrap_rounds, settings.confidence, seed)
    return {
        "users": len(window.users),
        "truth_items_mean": round(float(window.truth_sizes.mean()), 3),
        "items_sold": int((np.diff(window.history.tocsc().indptr) > 0).sum()),
        "candidate_recall": ranked.candidate_recall(window.users, window.truth),
        "models": {
            name: summarise(metrics[name], *options) | _beyond_accuracy(window, items)
            for name, items in lists.items()
        },
        "segments": {
            segment: {
                "users": int(inside.sum()),
                "ndcg@20": {
                    n: round(float(m["ndcg@20"][inside].mean()), 6) for n, m in metrics.items()
                },
            }
            for segment, inside in _by_segment(window)
        },
        "importance": ranker.importance(),
        "rules_cost_ndcg@20": round(
            float((metrics["ranker"]["ndcg@20"] - metrics["ranker_with_rules"]["ndcg@20"]).mean()),
            6,
        ),
    }


def _open_window(run: Run, index: Index, surface: str) -> Window:
    cutoff = run_cutoffs(run).evaluation
    settings = run.settings.read(EvaluationSettings)
    history = load_history(run, cutoff)
    label = run.settings.read(SurfacesSettings)[surface].label
    truth = load_labels(run, index, label, cutoff)
    users = labelled_users(history, truth)
    if len(users) > settings.max_users:
        random = np.random.default_rng(run.settings.read(NightSettings).seed)
        users = np.sort(random.choice(users, settings.max_users, replace=False))
    codes = pc.dictionary_encode(index.items["category"].combine_chunks()).indices
    return Window(
        surface=surface,
        users=users,
        history=history,
        truth=truth,
        segments=user_segments(run, index, cutoff),
        categories=pc.fill_null(codes, -1).to_numpy().astype(np.int32),
    )


def _baseline_lists(run: Run, window: Window) -> dict[str, IntArray]:
    """Each generator alone on the full catalogue; own items are filled with recent popularity."""
    cutoff = run_cutoffs(run).evaluation
    surface = run.settings.read(SurfacesSettings)[window.surface]
    seen = None if surface.repeats else window.history[window.users]
    lists = {
        name: load_generator(run, cutoff, name).propose(window.users, MAX_CUTOFF, seen)
        for name in used_generators(run)
    }
    lists["own_most_frequent"] = fill_up(lists["own_most_frequent"], lists["recent_popularity"])
    return lists


def fill_up(lists: IntArray, others: IntArray) -> IntArray:
    """*lists* with their holes at the end filled from *others*, without doubles."""
    filled = lists.copy()
    for row in np.flatnonzero((lists == NO_ITEM).any(axis=1)):
        own = lists[row][lists[row] != NO_ITEM]
        extra = others[row][~np.isin(others[row], own)]
        merged = np.concatenate([own, extra])[: lists.shape[1]]
        filled[row, : len(merged)] = merged
    return filled


def _ruled(ranked: Ranked, rules: Rules, users: IntArray) -> IntArray:
    chosen = rules.select(ranked.users, ranked.items, ranked.scores)
    return ranked.take(chosen).first_items(users, MAX_CUTOFF)


def _metrics(window: Window, lists: IntArray) -> dict[str, DoubleArray]:
    hits = find_hits(lists, window.users, window.truth)
    return metrics_of_users(hits, window.truth_sizes)


def _beyond_accuracy(window: Window, lists: IntArray) -> dict[str, float]:
    buyers = np.diff(window.history.tocsc().indptr).astype(np.int32)
    n_active = int((np.diff(window.history.indptr) > 0).sum())
    return {
        "coverage@20": round(coverage(lists, int((buyers > 0).sum())), 6),
        "novelty@20": round(novelty(lists, buyers, n_active), 6),
        "diversity@20": round(intra_list_diversity(lists, window.categories), 6),
        "popularity@20": round(float(buyers[lists[lists != NO_ITEM]].mean() / n_active), 6),
    }


def _by_segment(window: Window) -> list[tuple[str, np.ndarray]]:
    of_users = window.segments[window.users]
    return [(str(segment), of_users == segment) for segment in np.unique(of_users.astype(str))]
