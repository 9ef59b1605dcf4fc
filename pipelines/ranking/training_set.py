"""Training rows of one surface at one cutoff.

Of every user with a label the positives and a sample of the other candidates; after them, where
there are impressions, what was shown, by page view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.fit import load_history
from pipelines.candidates.generate import (
    Candidates,
    CandidateSource,
    concatenate,
    open_candidates,
)
from pipelines.candidates.generator import look_up
from pipelines.index import Index
from pipelines.interactions import FloatArray, IntArray
from pipelines.moments import NightSettings
from pipelines.progress import progress
from pipelines.ranking.feature_columns import FeatureColumns, Vocabulary, open_features_of
from pipelines.ranking.impressions import load_shown
from pipelines.ranking.labels import load_labels
from pipelines.ranking.matrix import build_matrix, column_names
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.shown_rows import ShownRows, build_shown_rows
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from settings.errors import NightshelfError


class TrainingSetError(NightshelfError):
    """The events do not give a training set."""


@dataclass(frozen=True)
class TrainingSet:
    """Rows grouped by user, then those of page views.

    `sampling_rate` is the share of the negatives that was kept, of candidates that nobody need
    have seen; `shown_rows` says how many of the rows come of impressions.
    """

    columns: list[str]
    matrix: FloatArray
    relevance: FloatArray
    group_sizes: IntArray
    sampling_rate: float
    shown_rows: int = 0


def open_training_features(
    run: Run, index: Index, cutoff: datetime, vocabulary: Vocabulary
) -> FeatureColumns:
    """Features as of *cutoff* of all users with an event: for the sets of all surfaces."""
    known = np.flatnonzero(np.diff(load_history(run, cutoff).indptr)).astype(np.int32)
    if len(known) == 0:
        known = np.arange(index.n_users, dtype=np.int32)  # refused later, surface by surface
    return open_features_of(run, index, cutoff, known, vocabulary)


def build_training_set(
    run: Run,
    index: Index,
    surface: str,
    cutoff: datetime,
    vocabulary: Vocabulary,
    features: FeatureColumns | None = None,
) -> TrainingSet:
    """Candidates as of *cutoff* with what happened in the window after it.

    *features*, of all users with an event, are read when they are not given.
    Raises `TrainingSetError` when no user is on both sides of the cutoff,
    or no candidate is among what happened.
    """
    settings = run.settings.read(RankingSettings)
    surface_settings = run.settings.read(SurfacesSettings)[surface]
    source = open_candidates(run, surface_settings, cutoff)
    labels = load_labels(run, index, surface_settings.label, cutoff)
    random = _random(run, cutoff)
    users = labelled_users(source.history, labels)
    if len(users) == 0:
        raise TrainingSetError(
            f"surface {surface}: no user has an event before {cutoff:%Y-%m-%d} and a row in "
            f"label/{surface_settings.label}.sql after it; bring more events, or another label"
        )
    if len(users) > settings.max_users:
        users = np.sort(random.choice(users, settings.max_users, replace=False))
    shown = None
    if settings.impressions == "auto":
        shown = load_shown(run, index, surface, cutoff)
    taken = None if shown is None else shown.taken_pairs(labels.shape)
    candidates, relevance, rate = _sample_candidates(source, labels, taken, users, settings, random)
    if len(relevance) == 0:
        raise TrainingSetError(
            f"surface {surface}: of {len(users)} users nobody has a candidate as of "
            f"{cutoff:%Y-%m-%d} that is in label/{surface_settings.label}.sql after it; "
            f"raise the numbers of [surfaces.{surface}] generators, or bring more events"
        )
    if features is None:
        described = users if shown is None else np.union1d(users, shown.users)
        features = open_features_of(run, index, cutoff, described, vocabulary)
    sampled = TrainingSet(
        columns=column_names(list(candidates.scores), features),
        matrix=build_matrix(candidates, features),
        relevance=relevance,
        group_sizes=np.unique(candidates.users, return_counts=True)[1].astype(np.int32),
        sampling_rate=rate,
    )
    if shown is None:
        return sampled
    most = settings.max_page_views
    return _with_shown(sampled, build_shown_rows(source, features, labels, shown, most, random))


def _with_shown(sampled: TrainingSet, shown: ShownRows | None) -> TrainingSet:
    if shown is None:
        return sampled
    return replace(
        sampled,
        matrix=np.vstack([sampled.matrix, shown.matrix]),
        relevance=np.concatenate([sampled.relevance, shown.relevance]),
        group_sizes=np.concatenate([sampled.group_sizes, shown.group_sizes]),
        shown_rows=len(shown.relevance),
    )


def labelled_users(history: csr_matrix, labels: csr_matrix) -> IntArray:
    """Numbers of users with an event before the cutoff and one that counts after it."""
    known = (np.diff(history.indptr) > 0) & (np.diff(labels.indptr) > 0)
    return np.flatnonzero(known).astype(np.int32)


def _random(run: Run, cutoff: datetime) -> np.random.Generator:
    seed = run.settings.read(NightSettings).seed
    return np.random.default_rng([seed, cutoff.toordinal()])


def _sample_candidates(
    source: CandidateSource,
    labels: csr_matrix,
    taken: csr_matrix | None,
    users: IntArray,
    settings: RankingSettings,
    random: np.random.Generator,
) -> tuple[Candidates, FloatArray, float]:
    """Sampled pairs, their relevance, and the share of negatives that was kept.

    What was *taken* where it was shown is no negative, whatever the label says.
    """
    parts, relevances = [], []
    negatives = kept = 0
    for block in progress(source.blocks(users), "training set", unit="block"):
        relevance = look_up(labels, block.users, block.items)
        keep = sample_negatives(block.users, relevance, settings.negatives_per_user, random)
        if taken is not None:
            keep &= (relevance > 0) | (look_up(taken, block.users, block.items) == 0)
        negatives += int((relevance == 0).sum())
        kept += int((keep & (relevance == 0)).sum())
        parts.append(block.take(keep))
        relevances.append(relevance[keep])
    return concatenate(parts), np.concatenate(relevances), kept / max(negatives, 1)


def sample_negatives(
    users: IntArray, relevance: FloatArray, per_user: int, random: np.random.Generator
) -> np.ndarray:
    """Mask of pairs to keep: all positives, at most *per_user* others, none without positives."""
    if len(users) == 0:
        return np.zeros(0, dtype=bool)
    draw = np.where(relevance > 0, -1.0, random.random(len(users)))
    order = np.lexsort((draw, users))
    ordered_users = users[order]
    starts = np.r_[0, np.flatnonzero(np.diff(ordered_users)) + 1]
    sizes = np.diff(np.r_[starts, len(users)])
    place = np.arange(len(users)) - np.repeat(starts, sizes)
    positives = np.add.reduceat(relevance[order] > 0, starts, dtype=np.int64)
    limit = np.where(positives > 0, positives + per_user, 0)
    keep = np.zeros(len(users), dtype=bool)
    keep[order] = place < np.repeat(limit, sizes)
    return keep
