"""The population stability index, and how much of it, and of nulls, chance alone explains.

PSI = Σ (aᵢ − eᵢ) · ln(aᵢ / eᵢ) over bins with shares aᵢ now and eᵢ before: Jeffreys' divergence
(1946), in credit scoring since Lewis, An Introduction to Credit Scoring (1994). Of two samples of
one population with n and m rows, PSI / (1/n + 1/m) is χ² with one degree of freedom less than
there are bins: Yurdakul, Statistical Properties of Population Stability Index (2018).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import chdtri

FLOOR = 1e-4  # share of a bin that is empty; ln 0 would make one row infinitely much
_FALSE_ALARMS = 1e-4  # one column of ten thousand


def stability_index(now: Sequence[float], before: Sequence[float]) -> float:
    """PSI of the shares *now* against those *before*, bin by bin; 0 when they are equal.

    Raises `ValueError` when the bins are not the same number.
    """
    pairs = [
        (max(a, FLOOR), max(e, FLOOR)) for a, e in zip(now, before, strict=True) if a > 0 or e > 0
    ]
    return sum((a - e) * math.log(a / e) for a, e in pairs)


def chance_level(n_bins: int, rows_now: int, rows_before: int) -> float:
    """The PSI that samples of one population stay below in 9,999 of 10,000 cases.

    0 with fewer than two bins in use, or without rows.
    """
    if n_bins < 2 or not rows_now or not rows_before:
        return 0.0
    quantile = float(chdtri(n_bins - 1, _FALSE_ALARMS))
    return quantile * (1 / rows_now + 1 / rows_before)


def chance_difference(
    share_now: float, rows_now: int, share_before: float, rows_before: int
) -> float:
    """The difference that two shares of one population stay below in 9,999 of 10,000 cases.

    By the χ² test of both shares against the one of all rows; 0 without rows.
    """
    if not rows_now or not rows_before:
        return 0.0
    rows = rows_now + rows_before
    share = (share_now * rows_now + share_before * rows_before) / rows
    quantile = float(chdtri(1, _FALSE_ALARMS))
    return math.sqrt(quantile * share * (1 - share) * (1 / rows_now + 1 / rows_before))
