"""What shoppers need is what households bought, and what they click depends on where it stands."""

import random
from datetime import timedelta

import numpy as np
import pytest

from pipelines.inputs import run_lake
from pipelines.simulate.choice import (
    SimulationError,
    choose_clicks,
    fit_choice,
    fit_logit,
    own_items,
    popular_items,
)
from pipelines.simulate.past import read_past, values_of
from tests.night_fixtures import SHOP_AS_OF


@pytest.fixture(scope="module")
def past(finished_night):
    return read_past(run_lake(finished_night), SHOP_AS_OF, timedelta(days=84))


def test_habits_are_what_the_lake_says(past, finished_night):
    """Days, freshness, category and buyers of one user's favourite, counted by hand."""
    user = int(np.argmax(past.shopping_days))
    items = own_items(past, user)
    mine = past.users == user
    days = {n: {int(d) for d in past.days_ago[mine & (past.items == n)]} for n in items}
    habits = past.habits(user, items)
    shelves = past.shop.categories
    for row, item in enumerate(items):
        same_shelf = (shelves[past.items[mine]] == shelves[item]).sum()
        buyers = len(set(past.users[(past.items == item) & (past.days_ago < 28)]))
        expected = [
            *(np.log1p(len(days[item])), np.exp(-min(days[item]) / 14), 1),
            *(np.log1p(same_shelf), np.log(buyers / len(past.shop.user_ids) + 1e-3)),
        ]
        np.testing.assert_allclose(habits[row], expected, rtol=1e-5)


def test_the_fitted_needs_are_those_that_came_true(past):
    """Over the fitted days as many purchases are expected as there were, most of own items."""
    days = timedelta(days=14)
    choice = fit_choice(past, days, seed=3)
    known, window = past.before(14, past.days - 14), past.before(0, 14)
    expected = bought = 0.0
    needs = {"own": [], "other": []}
    for user in np.flatnonzero((known.shopping_days > 0) & (window.shopping_days > 0)):
        items = np.arange(past.n_items, dtype=np.int32)
        need = choice.need(known.habits(int(user), items), np.float32(0))
        expected += need.sum() * window.shopping_days[user]
        bought += values_of(window.bought_on, int(user), items).sum()
        is_own = np.isin(items, own_items(known, int(user)))
        needs["own"] += need[is_own].tolist()
        needs["other"] += need[~is_own].tolist()
    assert expected == pytest.approx(bought, rel=0.02)
    assert np.mean(needs["own"]) > 2 * np.mean(needs["other"])


def test_popular_items_are_of_the_last_four_weeks(past):
    """Every item that sells is one of them in so small a shop."""
    sold = np.unique(past.items[past.days_ago < 28])
    assert popular_items(past).tolist() == sold.tolist()


def test_nobody_to_learn_of_is_said(past):
    """Without a shopper before and within the fitted days there is no model."""
    with pytest.raises(SimulationError, match="nobody bought anything both in the last 84 days"):
        fit_choice(past, timedelta(days=84), seed=0)


def test_clicks_fall_with_the_place_by_the_stated_power():
    """Ten thousand pages of equal items: each place is clicked as its chance of a look says."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    needs = np.full(8, 0.4)
    clicks = np.mean([choose_clicks(needs, 0.7, 0.05, dice) for _ in range(10_000)], axis=0)
    expected = np.arange(1, 9) ** -0.7 * (1 - 0.6 * 0.95)
    assert np.abs(clicks - expected).max() < 0.025  # five standard errors
    assert choose_clicks(np.zeros(8), 0.7, 0, dice).tolist() == [False] * 8


@pytest.mark.parametrize("seed", [0, 1, 19, 28, 30, 31, 37])
def test_weights_that_choices_were_made_by_are_found(seed):
    """Also where full Newton steps go to and fro for ever, as of most of these seeds."""
    dice, m = np.random.default_rng(seed), 3000
    bought = dice.poisson(0.1, m) * dice.integers(1, 30, m)
    is_own = (bought > 0).astype(float)
    features = [np.log1p(bought), is_own * dice.random(m), is_own]
    features += [np.log1p(dice.integers(0, 50, m)), np.log(dice.integers(0, 100, m) + 1e-3)]
    rows, n = np.stack(features, axis=1), dice.integers(1, 9, m).astype(float)
    truth = np.array([1, 0.2, 2.3, 0.4, 0.8, -9])
    need = 1 / (1 + np.exp(-(rows @ truth[:-1] + truth[-1])))
    hits = dice.binomial(n.astype(int), need).astype(float)
    found = fit_logit(rows, hits, n, np.where(is_own, 1.0, 300.0))
    assert np.abs(found[:5] - truth[:5]).max() < 0.6, seed
