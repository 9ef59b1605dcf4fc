"""Two rankers on a day that neither has seen: which would have put the clicked items higher?

Only what was shown can be judged, and what stood higher was looked at more. Every click counts
by one over the probability that its place was looked at (inverse propensity scoring; Joachims et
al., Unbiased Learning-to-Rank with Biased Feedback, WSDM 2017), so that the order in which a day
was shown favours neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from pipelines.candidates.generate import open_candidates
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import FloatArray, IntArray
from pipelines.lake import Lake
from pipelines.moments import END, NightSettings
from pipelines.ranking.feature_columns import open_features_of
from pipelines.ranking.impressions import Shown, read_shown, telling_types
from pipelines.ranking.matrix import build_matrix, column_names
from pipelines.ranking.ranker import Ranker
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

_ROUNDS = 1000

Examined = Callable[[FloatArray], FloatArray]  # place → probability that it is looked at


@dataclass(frozen=True)
class LoggedComparison:
    """Mean weighted DCG of a clicked page view under each ranker, and the gain of the first."""

    values: Mapping[str, float]
    gain: float  # of the first over the second, absolute
    interval: tuple[float, float]  # 95 %, paired bootstrap over users
    page_views: int
    users: int

    @property
    def verdict(self) -> str:
        """`won`, `lost`, or `no difference` when the interval has 0."""
        low, high = self.interval
        return "won" if low > 0 else "lost" if high < 0 else "no difference"


def compare_on_log(
    run: Run,
    index: Index,
    lake: Lake,
    surface: str,
    rankers: Mapping[str, Ranker],
    window: tuple[datetime, datetime],
    examined: Examined,
) -> LoggedComparison | None:
    """The two *rankers* on what *lake* says was shown in *window*, by what *run* knew before it.

    None when no page view of a user with a list was clicked.
    """
    ever = END.replace(tzinfo=None)
    shown = read_shown(lake, index, surface, window, ever, telling_types(run))
    source = open_candidates(
        run, run.settings.read(SurfacesSettings)[surface], run_cutoffs(run).night
    )
    if shown is not None:
        known = np.diff(source.history.indptr)[shown.users] > 0
        clicked = np.bincount(shown.page_views, weights=shown.is_taken)[shown.page_views] > 0
        shown = shown.take(known & clicked)
    if shown is None or len(shown.users) == 0:
        return None
    width = np.int64(index.n_items)
    pairs, at = np.unique(shown.users * width + shown.items, return_inverse=True)
    described = source.of_pairs((pairs // width).astype(np.int32), (pairs % width).astype(np.int32))
    threads = run.settings.read(NightSettings).threads
    gains = []
    for ranker in rankers.values():
        features = open_features_of(
            run, index, run_cutoffs(run).night, np.unique(shown.users), ranker.vocabulary
        )
        columns = column_names(list(described.scores), features)
        scores = ranker.score(build_matrix(described, features), columns, threads)[at]
        gains.append(_weighted_gains(shown, scores, examined))
    return _compare(list(rankers), gains, _users_of_views(shown))


def _weighted_gains(shown: Shown, scores: FloatArray, examined: Examined) -> FloatArray:
    """Of each page view the weighted DCG of its clicks, were its items ordered by *scores*."""
    order = np.lexsort((shown.items, -scores, shown.page_views))
    views = shown.page_views[order]
    starts = np.flatnonzero(np.diff(views, prepend=-1))
    place = np.arange(len(views)) - np.repeat(starts, np.diff(np.r_[starts, len(views)]))
    gain = shown.is_taken[order] / examined(shown.positions[order]) / np.log2(place + 2)
    return np.asarray(np.add.reduceat(gain, starts))


def _users_of_views(shown: Shown) -> IntArray:
    return shown.users[np.flatnonzero(np.diff(shown.page_views, prepend=-1))]


def _compare(
    names: Sequence[str], gains: Sequence[FloatArray], users: IntArray
) -> LoggedComparison:
    _, number = np.unique(users, return_inverse=True)
    n_users = int(number.max()) + 1
    difference = np.bincount(number, weights=gains[0] - gains[1])
    views = np.bincount(number).astype(np.float64)
    dice = np.random.default_rng(0)
    drawn = dice.multinomial(n_users, np.full(n_users, 1 / n_users), _ROUNDS)
    low, high = np.quantile(drawn @ difference / (drawn @ views), (0.025, 0.975))
    return LoggedComparison(
        values={name: float(gain.mean()) for name, gain in zip(names, gains, strict=True)},
        gain=float((gains[0] - gains[1]).mean()),
        interval=(float(low), float(high)),
        page_views=len(users),
        users=n_users,
    )
