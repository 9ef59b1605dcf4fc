"""Intervals against published numbers, and against what they promise."""

import random

import numpy as np
import pytest

from pipelines.measure.figures import ctr_interval
from pipelines.measure.intervals import quantiles, ratio, resample, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes, trials, low, high):
    """The score interval without correction, to four places."""
    found = wilson([successes], [trials], 0.95)
    assert (round(float(found[0][0]), 4), round(float(found[1][0]), 4)) == (low, high)


def test_wilson_of_all_and_of_nothing():
    """Everything succeeded: up to 1 exactly; no trial: nothing can be said."""
    low, high = wilson([20, 0], [20, 0], 0.95)
    assert (round(float(low[0]), 4), high[0]) == (0.8389, 1.0)
    assert np.isnan([low[1], high[1]]).all()


def test_the_bootstrap_holds_the_truth_as_often_as_it_says():
    """Users click in bursts: of 200 made-up days most 95 % intervals hold the true CTR."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    held_by_bootstrap = held_by_wilson = 0
    for day in range(200):
        shown = np.full(80, 40)
        clicked = rng.binomial(shown, rng.beta(0.5, 4.5, 80))  # each user's own CTR, 0.1 on average
        groups, users = np.zeros(80, np.int64), np.arange(80)
        sums = resample(groups, users, np.column_stack([clicked, shown]).astype(float),
                        seed=(seed, day), resamples=200)  # fmt: skip
        low, high = quantiles(ratio(sums[0], sums[1]), 0.95)
        held_by_bootstrap += low[0] <= 0.1 <= high[0]
        low, high = wilson([clicked.sum()], [shown.sum()], 0.95)
        held_by_wilson += low[0] <= 0.1 <= high[0]
    # 190 are due; Wilson's, which takes clicks for independent, is far too sure.
    assert held_by_bootstrap >= 172
    assert held_by_wilson < 160


def test_resampling_is_repeatable_and_the_same_for_all_groups():
    """The same seed, the same sums; groups of the same users get the same weights."""
    rows = np.arange(12, dtype=float).reshape(6, 2)
    groups, users = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])
    rows[3:] = rows[:3]
    first = resample(groups, users, rows, seed=(1, 2), resamples=50)
    assert np.array_equal(first, resample(groups, users, rows, seed=(1, 2), resamples=50))
    assert not np.array_equal(first, resample(groups, users, rows, seed=(1, 3), resamples=50))
    assert np.array_equal(first[:, 0], first[:, 1])


def test_weights_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    """Memory is bounded; the figures are not concerned."""
    rows = np.ones((5, 1))
    groups, users = np.zeros(5, np.int64), np.arange(5)
    whole = resample(groups, users, rows, seed=(7,), resamples=60)
    monkeypatch.setattr("pipelines.measure.intervals._WEIGHTS_AT_ONCE", 35)
    assert np.array_equal(whole, resample(groups, users, rows, seed=(7,), resamples=60))


def test_no_click_is_no_certainty():
    """The bootstrap of nothing is nothing; the interval is then Wilson's."""
    low, high = ctr_interval([0], [20], np.zeros((1, 50)), 0.95)
    assert (low[0], round(float(high[0]), 4)) == (0.0, 0.1611)
