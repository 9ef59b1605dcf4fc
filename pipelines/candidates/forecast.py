"""What will be popular: each item's events of the next weeks, foretold from its last ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, ClassVar, Self

import lightgbm
import numpy as np
from pydantic import Field

from pipelines.candidates.generator import Past
from pipelines.candidates.popularity import PopularItems
from pipelines.interactions import FloatArray, Interactions
from settings import Section

WINDOWS = (1, 3, 7, 14, 28, 84)  # days whose events are counted
HALF_LIVES = (2.0, 5.0, 10.0)  # days, of the same events fading
DAYS = 196  # that are looked back at
LEAST_DAYS = 14  # of history before the oldest moment that is learned from
ROWS_OF_LEAF = 50  # at least, of items at moments
PER = 1000.0  # events: counts are shares of all, so that weeks can be compared


class ForecastSettings(Section):
    """How far ahead popularity is foretold, and on how many past moments that is learned."""

    horizon_days: Annotated[int, Field(ge=1, le=84)] = 28  # whose events are foretold
    step_days: Annotated[int, Field(ge=1, le=28)] = 4  # between the moments learned from
    trees: Annotated[int, Field(ge=1, le=2000)] = 150  # of the regression
    leaves: Annotated[int, Field(ge=2, le=256)] = 15  # of one tree


class ForecastPopularity(PopularItems):
    """Popularity in the weeks to come, by Poisson regression on trees over windows and age.

    It is learned on past moments whose following weeks are known; with too little history the
    score is the number of events so far.
    """

    reason: ClassVar[str] = "popular_now"

    @classmethod
    def fit(cls, past: Past, settings: ForecastSettings) -> Self:
        interactions = past.interactions
        daily = _DailyCounts(interactions)
        matrix, target = daily.lessons(settings)
        alive = daily.items[daily.is_alive(0)]
        counts = np.zeros((1, interactions.n_items), dtype=np.float32)
        # A tree that cannot split once, or that saw no event to come, would call all items equal.
        if len(alive) and len(target) >= 2 * ROWS_OF_LEAF and target.any():
            model = _regress(matrix, target, settings, past.seed)
            counts[0, alive] = model.predict(daily.known_before(0), num_threads=1)
        else:
            counts[0] = np.bincount(
                interactions.items, interactions.weights, minlength=interactions.n_items
            )
        return cls(counts, np.zeros(interactions.n_users, dtype=np.int32))


class _DailyCounts:
    """Weighted events of each item by day before the cutoff; day 0 is the last one."""

    def __init__(self, interactions: Interactions) -> None:
        day = interactions.age_days.astype(np.int64)
        recent = day < DAYS
        self.items, rows = np.unique(interactions.items[recent], return_inverse=True)
        shape = (len(self.items), DAYS)
        cells = rows * DAYS + day[recent]
        weights = interactions.weights[recent]
        counts = np.bincount(cells, weights, minlength=shape[0] * shape[1]).reshape(shape)
        self.span = min(int(day.max(initial=0)) + 1, DAYS)
        self._counts = counts.astype(np.float32)
        self._until = np.hstack([np.zeros((shape[0], 1), np.float32), counts.cumsum(axis=1)])
        age = np.zeros(interactions.n_items, dtype=np.int64)
        np.maximum.at(age, interactions.items, np.minimum(day, DAYS))
        self._first = age[self.items]

    def lessons(self, settings: ForecastSettings) -> tuple[FloatArray, FloatArray]:
        """What was known of the items at past moments, and what came in the days after."""
        moments = range(settings.horizon_days, self.span - LEAST_DAYS, settings.step_days)
        if len(moments) == 0:
            return np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=np.float32)
        known = [self.known_before(back) for back in moments]
        came = [
            self.share_after(back, settings.horizon_days)[self.is_alive(back)] for back in moments
        ]
        return np.vstack(known), np.concatenate(came)

    def is_alive(self, back: int) -> np.ndarray:
        """Which items had an event in the longest window before *back* days ago."""
        return self._between(back, back + max(WINDOWS)) > 0

    def share_after(self, back: int, days: int) -> FloatArray:
        """Events of each item in the *days* after *back* days ago, in a thousand of all."""
        return _share(self._between(back - days, back))

    def known_before(self, back: int) -> FloatArray:
        """alive items × columns: shares in the windows, how they rise, age, days since the last."""
        return np.stack(list(self._columns(back)), axis=1)[self.is_alive(back)]

    def _columns(self, back: int) -> Iterator[FloatArray]:
        counts = [self._between(back, back + days) for days in WINDOWS]
        yield from (_share(values) for values in counts)
        for half_life in HALF_LIVES:
            fade = np.exp2(-np.arange(max(WINDOWS)) / half_life).astype(np.float32)
            days = self._counts[:, back : back + max(WINDOWS)]
            yield _share(days @ fade[: days.shape[1]])
        for short, long in pairwise(counts):
            yield short / (long + 1)
        yield np.maximum(self._first - back, 0).astype(np.float32)
        yield (self._counts[:, back:] > 0).argmax(axis=1).astype(np.float32)

    def _between(self, newest: int, oldest: int) -> FloatArray:
        until = self._until
        return until[:, min(oldest, DAYS)] - until[:, min(newest, DAYS)]


def _share(counts: FloatArray) -> FloatArray:
    return np.asarray(PER * counts / max(float(counts.sum()), 1.0), dtype=np.float32)


def _regress(
    matrix: FloatArray, target: FloatArray, settings: ForecastSettings, seed: int
) -> lightgbm.Booster:
    parameters = {
        "objective": "poisson",
        "learning_rate": 0.05,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": ROWS_OF_LEAF,
        "feature_fraction": 0.6,
        "seed": seed,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    return lightgbm.train(parameters, lightgbm.Dataset(matrix, target), settings.trees)
