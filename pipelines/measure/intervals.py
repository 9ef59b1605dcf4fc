"""How sure a figure is: intervals of rates, and of ratios of sums over users."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

DoubleArray = npt.NDArray[np.float64]
_WEIGHTS_AT_ONCE = 4_000_000  # 32 MB


def wilson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, confidence: float
) -> tuple[DoubleArray, DoubleArray]:
    """Low and high end of the share of *successes* among independent *trials*.

    Wilson 1927, "Probable inference", the score interval: it stays within 0 and 1 and says
    something where nothing, or everything, succeeded. NaN where there was no trial.
    """
    k, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(n > 0, k / n, np.nan)
        middle = share + z2 / (2 * n)
        half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
        low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    # The ends are 0 and 1 exactly where the share is; rounding leaves a little.
    return np.where(k == 0, 0 * share, low), np.where(k == n, share, high)


def resample(
    groups: npt.NDArray[np.int64],
    users: npt.NDArray[np.int64],
    values: DoubleArray,
    *,
    seed: tuple[int, ...],
    resamples: int,
) -> DoubleArray:
    """Sums of *values* by group in samples of the users: (columns, groups, resamples).

    *groups* and *users* number the rows of *values* (rows × columns) from 0. Each resample weighs
    every user by a Poisson number of mean 1 (Chamandy et al. 2012, "Estimating uncertainty for
    massive data streams"), the same in all groups and columns, so that groups that share users
    can be compared. The same rows and *seed* give the same sums.
    """
    n_groups, n_users = int(groups.max(initial=-1)) + 1, int(users.max(initial=-1)) + 1
    sums = np.empty((values.shape[1], n_groups, resamples))
    tables = [
        csr_matrix((values[:, column], (groups, users)), shape=(n_groups, n_users))
        for column in range(values.shape[1])
    ]
    at_once = max(1, _WEIGHTS_AT_ONCE // max(n_users, 1))
    generator = np.random.default_rng(seed)
    for first in range(0, resamples, at_once):
        last = min(first + at_once, resamples)
        weights = generator.poisson(1.0, size=(last - first, n_users)).T.astype(np.float64)
        for column, table in enumerate(tables):
            sums[column, :, first:last] = table @ weights
    return sums


def quantiles(samples: DoubleArray, confidence: float) -> tuple[DoubleArray, DoubleArray]:
    """Both ends of the middle *confidence* of each row; samples that are NaN do not count.

    NaN where no sample counts.
    """
    low = np.full(len(samples), np.nan)
    high = np.full(len(samples), np.nan)
    tail = (1 - confidence) / 2
    for row, values in enumerate(samples):
        usable = values[~np.isnan(values)]
        if len(usable):
            low[row], high[row] = np.quantile(usable, [tail, 1 - tail])
    return low, high


def ratio(numerator: DoubleArray, denominator: DoubleArray) -> DoubleArray:
    """One over the other; NaN where the denominator is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)
