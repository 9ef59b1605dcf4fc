"""Events with moments, cut at moments: what the slices and the test part are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from benchmarks.ranking_quality.problem import (
    Figures,
    Problem,
    Split,
    interactions_of,
    past_of,
    truth_of,
    without,
)
from pipelines.candidates.generator import Past
from pipelines.interactions import IntArray
from pipelines.moments import NightSettings

HORIZON = NightSettings().horizon
STEP = timedelta(days=14)  # between the cutoffs of slices
SLICES = 4
MIN_SHARE = 0.3  # of the span of the events that a slice must have before it


@dataclass(frozen=True)
class TimedEvents:
    """Events of known users and items, one a row."""

    users: IntArray
    items: IntArray
    moments: np.ndarray  # datetime64[s]
    n_users: int
    n_items: int
    catalogue: pa.Table  # row = item number

    def before(self, cutoff: datetime) -> Past:
        """What is known before *cutoff*."""
        known = self.moments < np.datetime64(cutoff, "s")
        seconds = (np.datetime64(cutoff, "s") - self.moments[known]).astype(np.int64)
        ages = (seconds / 86_400).astype(np.float32)
        interactions = interactions_of(
            self.users[known], self.items[known], ages, self.n_users, self.n_items
        )
        return past_of(interactions, self.catalogue)

    def new_between(self, start: datetime, end: datetime | None) -> csr_matrix:
        """users × items taken from *start* until *end*, of items that had an event before *start*,
        without what the user had before *start*."""
        past = self.before(start).interactions
        inside = self.moments >= np.datetime64(start, "s")
        if end is not None:
            inside &= self.moments < np.datetime64(end, "s")
        inside &= past.seen_items[self.items]
        truth = truth_of(self.users[inside], self.items[inside], (self.n_users, self.n_items))
        return without(truth, past.matrix)

    def slices(self, cutoff: datetime) -> Sequence[Split]:
        """Windows of the night's horizon that end before *cutoff*, the newest first."""
        first = self.moments.min().astype(datetime)
        earliest = first + MIN_SHARE * (cutoff - first)
        starts = [cutoff - HORIZON - n * STEP for n in range(SLICES)]
        return [
            Split(self.before(start), self.new_between(start, start + HORIZON))
            for start in starts
            if start >= earliest
        ]

    def problem(self, name: str, cutoff: datetime, published: Mapping[str, Figures]) -> Problem:
        """What is taken from *cutoff* on is to be foretold, in lists of ten."""
        return Problem(
            name=name,
            past=self.before(cutoff),
            hold_out=lambda: self.slices(cutoff),
            read_test=lambda: self.new_between(cutoff, None),
            depth=10,
            published=published,
        )
