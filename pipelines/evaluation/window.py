"""What is known before the evaluated cutoff, and what came true after it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from pipelines.candidates.fit import load_history
from pipelines.evaluation.activity import load_activity
from pipelines.evaluation.groups import Group, group_items
from pipelines.evaluation.metrics import BoolArray
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.features.database import user_segments
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.moments import NightSettings
from pipelines.ranking.labels import load_labels
from pipelines.ranking.training_set import labelled_users
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings


@dataclass(frozen=True)
class Known:
    """What is known before the cutoff; the same for every surface."""

    history: csr_matrix  # users × items
    segments: np.ndarray  # of each user number
    categories: IntArray  # of each item number
    events_of_user: IntArray
    item_groups: list[Group]

    @cached_property
    def owners(self) -> IntArray:
        """For each item, how many users had it."""
        return np.diff(self.history.tocsc().indptr).astype(np.int32)

    @cached_property
    def n_active(self) -> int:
        """How many users had anything."""
        return int((np.diff(self.history.indptr) > 0).sum())

    @property
    def is_sold(self) -> BoolArray:
        """For each item, whether anybody had it."""
        return self.owners > 0


@dataclass(frozen=True)
class Window:
    """The users of one surface with an event on both sides of the cutoff, and their truth."""

    surface: str
    users: IntArray
    truth: csr_matrix  # all users × items
    known: Known

    @cached_property
    def truth_sizes(self) -> IntArray:
        """Number of true items of each of `users`, at least 1."""
        return np.diff(self.truth.indptr)[self.users].astype(np.int32)

    def truth_among(self, items: BoolArray) -> IntArray:
        """Number of true items of each of `users` that are among *items*; may be 0."""
        rows = self.truth[self.users]
        inside = np.r_[0, np.cumsum(items[rows.indices])]
        return np.diff(inside[rows.indptr]).astype(np.int32)


def open_known(run: Run, index: Index) -> Known:
    """Everything before the evaluated cutoff that windows are compared with."""
    cutoff = run_cutoffs(run).evaluation
    activity = load_activity(run, index, cutoff)
    codes = pc.dictionary_encode(index.items["category"].combine_chunks()).indices
    return Known(
        history=load_history(run, cutoff),
        segments=user_segments(run, index, cutoff),
        categories=pc.fill_null(codes, -1).to_numpy().astype(np.int32),
        events_of_user=activity.events_of_user,
        item_groups=group_items(activity, run.settings.read(EvaluationSettings)),
    )


def open_window(run: Run, index: Index, surface: str, known: Known) -> Window:
    """The users to evaluate *surface* on, a sample of at most `[evaluation] max_users`."""
    settings = run.settings.read(EvaluationSettings)
    label = run.settings.read(SurfacesSettings)[surface].label
    truth = load_labels(run, index, label, run_cutoffs(run).evaluation)
    users = labelled_users(known.history, truth)
    if len(users) > settings.max_users:
        random = np.random.default_rng(run.settings.read(NightSettings).seed)
        users = np.sort(random.choice(users, settings.max_users, replace=False))
    return Window(surface=surface, users=users, truth=truth, known=known)
