"""“Time for more”: own items whose usual gap has passed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import Past
from pipelines.candidates.own_items import OwnItems
from pipelines.interactions import Interactions
from settings import Section


class DueAgainSettings(Section):
    """How the rate of a pair is estimated, and how long it is believed."""

    prior_days: Annotated[float, Field(gt=0)] = 60.0  # gap of a pair of which nothing is known
    patience: Annotated[float, Field(gt=0)] = 3.0  # usual gaps without an event that halve the rate


class DueAgain(OwnItems):
    """Expected purchase rate of the pair: events over the time since the first of them.

    A Poisson rate with a gamma prior (Bhagat et al. 2018, “Buy it again”), halved for every
    `patience` usual gaps that have passed since the last event.
    """

    reason: ClassVar[str] = "due_again"

    @classmethod
    def fit(cls, past: Past, settings: DueAgainSettings) -> Self:
        first, last, days = _ages(past.interactions)
        seen_days = np.maximum(days.data, 1)
        gap = (first.data + settings.prior_days) / (seen_days + 1)
        overdue = np.maximum(last.data - gap, 0) / (gap * settings.patience)
        rate = np.exp2(-overdue) / gap
        scores = csr_matrix(
            (rate.astype(np.float32), first.indices, first.indptr), shape=first.shape
        )
        return cls(scores)


def _ages(interactions: Interactions) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
    """Days since the first and the last event of each pair, and on how many days it had one."""
    pattern = interactions.matrix
    rows = np.repeat(np.arange(pattern.shape[0], dtype=np.int64), np.diff(pattern.indptr))
    keys = rows * interactions.n_items + pattern.indices
    events = interactions.users.astype(np.int64) * interactions.n_items + interactions.items
    place = np.searchsorted(keys, events)
    first = np.zeros(pattern.nnz, dtype=np.float32)
    last = np.full(pattern.nnz, np.inf, dtype=np.float32)
    np.maximum.at(first, place, interactions.age_days)
    np.minimum.at(last, place, interactions.age_days)
    day = np.floor(interactions.age_days).astype(np.int64)
    span = int(day.max(initial=0)) + 1
    days = np.bincount(np.unique(place * span + day) // span, minlength=pattern.nnz)
    return tuple(
        csr_matrix((values.astype(np.float32), pattern.indices, pattern.indptr), pattern.shape)
        for values in (first, last, days)
    )
