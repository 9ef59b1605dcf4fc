"""Which users ask, in which order: every user alike, or few of them often."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.serving_runners.made_lists import SEED

UNIFORM, ZIPF = "uniform", "zipf"
EXPONENT = 1.0  # of Zipf's law: the k-th user asks 1/k times as often as the first


def draw_users(pattern: str, n_users: int, n_draws: int, turn: int) -> npt.NDArray[np.int64]:
    """Numbers of *n_draws* users; those of another *turn* are others, but the popular ones stay."""
    random = np.random.default_rng((SEED, turn))
    if pattern == UNIFORM:
        return random.integers(0, n_users, n_draws)
    edges = np.cumsum(1.0 / np.arange(1, n_users + 1) ** EXPONENT)
    ranks = np.searchsorted(edges, random.random(n_draws) * edges[-1])
    # A popular user may stand anywhere among the others.
    return np.random.default_rng(SEED).permutation(n_users)[ranks]
