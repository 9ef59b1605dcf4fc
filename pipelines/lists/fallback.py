"""Lists for users without one of their own: by segment and situation, trending, all-time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipelines.candidates.fit import load_past
from pipelines.candidates.popularity import Popularity, PopularitySettings, SegmentPopularity
from pipelines.candidates.settings import CandidateSettings
from pipelines.features.database import NO_SEGMENT, user_segments
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import FloatArray, IntArray
from pipelines.lists.contexts import fit_contexts
from pipelines.lists.reasons import reason_code
from pipelines.lists.rules import load_rules
from pipelines.lists.settings import ListSettings
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

ALL_TIME_DAYS = 36_500.0


@dataclass(frozen=True)
class FallbackList:
    """One list that many users share; *field* is its name in the version's fallback hash."""

    field: str
    items: IntArray
    scores: FloatArray  # share of the first item's count
    reason: int


def build_fallback_lists(run: Run, index: Index) -> list[FallbackList]:
    """For each surface: `<surface>/trending`, `/global`, `/segment/<name>`, `/context/…`."""
    past = load_past(run, index, run_cutoffs(run).night)
    recent = run.settings.read(CandidateSettings).recent_popularity
    ever = PopularitySettings(window_days=ALL_TIME_DAYS)
    segments = user_segments(run, index, run_cutoffs(run).night)
    names, sizes = np.unique(segments, return_counts=True)
    by_segment = SegmentPopularity.fit(past, recent)
    shared = [
        *_ranked(Popularity.fit(past, recent), ["trending"], "popular_now"),
        *_ranked(Popularity.fit(past, ever), ["global"], "popular"),
        *_ranked(by_segment, [f"segment/{name}" for name in names], "popular_in_segment"),
    ]
    for context in fit_contexts(run, index):
        shared += _ranked(context.model, context.fields, "popular_now")
    smallest = run.settings.read(ListSettings).min_segment_users
    small = {f"segment/{n}" for n, size in zip(names, sizes, strict=True) if size < smallest}
    small.add(f"segment/{NO_SEGMENT}")
    return [
        _ruled(run, index, surface, fallback)
        for surface, _ in run.settings.read(SurfacesSettings).items()
        for fallback in shared
        if fallback.field not in small
    ]


def _ranked(model: Popularity, fields: list[str], reason: str) -> list[FallbackList]:
    lists = []
    for group, (field, items) in enumerate(zip(fields, model.rankings(2000), strict=True)):
        counts = model.counts_of(group, items)
        scores = counts / counts[0] if len(counts) else counts
        lists.append(FallbackList(field, items, scores, reason_code(reason)))
    return lists


def _ruled(run: Run, index: Index, surface: str, fallback: FallbackList) -> FallbackList:
    settings = run.settings.read(ListSettings)
    # A minimum score of the ranker says nothing about shares of a count.
    shown = run.settings.read(SurfacesSettings)[surface].model_copy(update={"min_score": None})
    one_user = np.zeros(len(fallback.items), dtype=np.int32)
    rules = load_rules(index, settings, shown)
    chosen = rules.select(one_user, fallback.items, fallback.scores)[: settings.fallback_length]
    return replace(
        fallback,
        field=f"{surface}/{fallback.field}",
        items=fallback.items[chosen],
        scores=np.minimum.accumulate(fallback.scores[chosen]),
    )
