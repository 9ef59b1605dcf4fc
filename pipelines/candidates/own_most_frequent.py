"""“Buy again”: the user's own most frequent items."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import Past
from pipelines.candidates.own_items import OwnItems
from pipelines.interactions import Interactions
from settings import Section


class OwnMostFrequentSettings(Section):
    """How far back a user's own events count."""

    window_days: Annotated[float, Field(gt=0)] = 3650.0  # older events do not count


class OwnMostFrequent(OwnItems):
    """Number of events of the pair, then the last one, then the lower item number."""

    reason: ClassVar[str] = "seen_before"

    @classmethod
    def fit(cls, past: Past, settings: OwnMostFrequentSettings) -> Self:
        interactions = past.interactions
        inside = interactions.age_days <= settings.window_days
        counts = interactions.sum_by_pair(inside.astype(np.float32))
        # Adds less than one event, so that recency only breaks ties of the count.
        last = _last_event(interactions)
        counts.data = np.where(counts.data > 0, counts.data + 0.5 / (1 + last.data), 0)
        counts.data = counts.data.astype(np.float32)
        return cls(counts)


def _last_event(interactions: Interactions) -> csr_matrix:
    """users × items: days since the pair's newest event, on the same pattern as `matrix`."""
    pattern = interactions.matrix
    last = np.full(pattern.nnz, np.inf, dtype=np.float32)
    rows = np.repeat(np.arange(pattern.shape[0], dtype=np.int64), np.diff(pattern.indptr))
    keys = rows * interactions.n_items + pattern.indices
    events = interactions.users.astype(np.int64) * interactions.n_items + interactions.items
    np.minimum.at(last, np.searchsorted(keys, events), interactions.age_days)
    return csr_matrix((last, pattern.indices, pattern.indptr), shape=pattern.shape)
