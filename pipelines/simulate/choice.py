"""How likely a household is to buy an item on a visit, fitted on what households did.

A binomial logit (McFadden 1974, with every item judged alone): of a user's visits in the fitted
days, on how many was the item bought? What it is explained by is known before those days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from pipelines.interactions import BoolArray, FloatArray, IntArray
from pipelines.simulate.past import N_FEATURES, Past, values_of
from settings.errors import NightshelfError

POPULAR = 300  # items that anybody may think of
OTHERS = 100  # sampled a user, weighted up to all others
_ROUNDS = 100
_CLOSE = 1e-6  # a step that changes nothing any more
_RIDGE = 1e-3
_MAX_USERS = 1000  # fitted on


class SimulationError(NightshelfError):
    """The lake does not say enough of shoppers to play them."""


@dataclass(frozen=True)
class ChoiceModel:
    """Weights of `Past.habits`, then the constant; `visits` is what they were fitted on."""

    weights: FloatArray
    visits: int

    def need(self, habits: FloatArray, moods: FloatArray) -> FloatArray:
        """Probability of each row of *habits* on a visit; *moods* are added to the logit."""
        logit = habits @ self.weights[:-1] + self.weights[-1] + moods
        return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float32)


def choose_clicks(
    needs: FloatArray, bias: float, curiosity: float, dice: np.random.Generator
) -> BoolArray:
    """Which of the items of a page are clicked, *needs* in the order in which they stand.

    The position-based model: a place is looked at with a probability of its own, whatever stands
    above it (Richardson et al., WWW 2007; Craswell et al., WSDM 2008), which falls as a power of
    the place (Joachims et al., WSDM 2017). What is looked at is clicked when it is needed, or out
    of curiosity.
    """
    places = np.arange(1, len(needs) + 1)
    is_seen = dice.random(len(needs)) < places**-bias
    is_wanted = dice.random(len(needs)) < 1 - (1 - needs) * (1 - curiosity)
    return np.asarray(is_seen & is_wanted)


def fit_choice(past: Past, fitted_on: timedelta, seed: int) -> ChoiceModel:
    """The model of the last days of *past*, explained by what was before them.

    Raises `SimulationError` when nobody shopped in both.
    """
    days = max(fitted_on.days, 1)
    known, window = past.before(days, past.days - days), past.before(0, days)
    shoppers = np.flatnonzero((known.shopping_days > 0) & (window.shopping_days > 0))
    if len(shoppers) == 0:
        raise SimulationError(
            f"nobody bought anything both in the last {days} days of the lake and in the "
            f"{past.days - days} before; bring more purchases, or change [simulate] fitted_on"
        )
    dice = np.random.default_rng([seed, 1])
    if len(shoppers) > _MAX_USERS:
        shoppers = np.sort(dice.choice(shoppers, _MAX_USERS, replace=False))
    rows, hits, visits, weights = [], [], [], []
    popular = popular_items(known)
    for user in shoppers:
        items, weight = _choices(known, int(user), popular, dice)
        rows.append(known.habits(int(user), items))
        hits.append(values_of(window.bought_on, int(user), items))
        visits.append(np.full(len(items), window.shopping_days[user]))
        weights.append(weight)
    stacked = (np.concatenate(part) for part in (rows, hits, visits, weights))
    return ChoiceModel(fit_logit(*stacked), int(window.shopping_days[shoppers].sum()))


def popular_items(past: Past) -> IntArray:
    """Numbers, ascending, of the items that most users bought lately."""
    best = np.lexsort((np.arange(past.n_items), -past.buyers))[:POPULAR]
    return np.sort(best[past.buyers[best] > 0]).astype(np.int32)


def own_items(past: Past, user: int) -> IntArray:
    """Numbers, ascending, of the items that *user* bought."""
    matrix = past.bought_on
    return np.asarray(matrix.indices[matrix.indptr[user] : matrix.indptr[user + 1]])


def _choices(
    past: Past, user: int, popular: IntArray, dice: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Items that *user* may buy and how many each stands for."""
    thought_of = np.union1d(own_items(past, user), popular)
    others = np.setdiff1d(dice.integers(past.n_items, size=OTHERS), thought_of)
    items = np.concatenate([thought_of, others]).astype(np.int32)
    weight = np.ones(len(items), dtype=np.float32)
    weight[len(thought_of) :] = (past.n_items - len(thought_of)) / max(len(others), 1)
    return items, weight


def fit_logit(rows: FloatArray, hits: FloatArray, n: FloatArray, weight: FloatArray) -> FloatArray:
    """Newton's method (iteratively reweighted least squares) with a small ridge.

    A step that makes the likelihood worse is halved: full ones may go to and fro for ever.
    Raises `SimulationError` where it finds no best weights.
    """
    x = np.column_stack([rows, np.ones(len(rows))]).astype(np.float64)

    def likelihood(beta: np.ndarray) -> float:
        z = x @ beta
        return float(weight @ (hits * z - n * np.logaddexp(0, z)) - _RIDGE / 2 * beta @ beta)

    beta = np.zeros(N_FEATURES + 1)
    beta[-1] = np.log((hits @ weight + 1) / (n @ weight + 2))
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        gradient = x.T @ (weight * (hits - n * p)) - _RIDGE * beta
        curvature = (x * (weight * n * p * (1 - p))[:, None]).T @ x + _RIDGE * np.eye(len(beta))
        step = np.linalg.solve(curvature, gradient)
        if np.abs(step).max() < _CLOSE:
            break
        before, share = likelihood(beta), 1.0
        while not likelihood(beta + share * step) >= before and share > _CLOSE:
            share /= 2
        beta = beta + share * step
    else:
        raise SimulationError("the choice model cannot be fitted: its weights do not settle")
    return np.asarray(beta, dtype=np.float64)
