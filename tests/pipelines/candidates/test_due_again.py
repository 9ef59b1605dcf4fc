"""Own items whose usual gap has passed."""

import numpy as np
import pytest

from pipelines.candidates.due_again import DueAgain, DueAgainSettings
from pipelines.candidates.generator import NO_ITEM
from tests.pipelines.candidates.boards import interactions_of, past_of

N = 4
USER = np.zeros(1, dtype=np.int32)


def fit(events, **settings):
    """The generator on *events* (user, item, age in days)."""
    return DueAgain.fit(past_of(interactions_of(events, 2, N)), DueAgainSettings(**settings))


def scores(events, **settings):
    """The first user's scores of all items."""
    items = np.arange(N, dtype=np.int32)
    return fit(events, **settings).score(np.zeros_like(items), items)


def test_the_rate_is_days_with_an_event_over_the_time_since_the_first():
    """One day more and `prior_days` more, as the prior has it; several events a day are one."""
    weekly = [(0, 0, age) for age in (21.0, 14.0, 7.0)]
    twice_a_day = [(0, 1, age) for age in (30.4, 30.2, 2.0)]
    expected = [4 / (21 + 10), 3 / (30.4 + 10), 0, 0]
    np.testing.assert_allclose(scores(weekly + twice_a_day, prior_days=10.0), expected, rtol=1e-5)


def test_the_rate_halves_with_every_patience_without_an_event():
    """Overdue by `patience` usual gaps it is half, by twice as much a quarter."""
    gap = 15.0  # (20 + 10) / (1 + 1)
    rates = [scores([(0, 0, 20.0)], prior_days=10.0, patience=p)[0] for p in (1 / 3, 1 / 6)]
    np.testing.assert_allclose(rates, [1 / gap / 2, 1 / gap / 4], rtol=1e-5)


def test_what_comes_at_a_rhythm_is_due_before_what_stopped():
    """Of two items had five times, the one that is still had comes first."""
    weekly = [(0, 3, 7.0 * week) for week in range(1, 6)]
    stopped = [(0, 0, 300.0 - 7 * week) for week in range(5)]
    proposed = fit([*weekly, *stopped, (1, 2, 1.0)]).candidates(USER, 3, None)
    assert proposed.tolist() == [[3, 0, NO_ITEM]]


def test_it_proposes_nothing_where_repeats_are_not_allowed():
    """All it knows are own items."""
    events = [(0, 0, 9.0), (0, 1, 2.0)]
    proposed = fit(events).candidates(USER, 2, interactions_of(events, 1, N).matrix)
    assert proposed.tolist() == [[NO_ITEM, NO_ITEM]]


@pytest.mark.parametrize("setting", ["prior_days", "patience"])
def test_a_longer_prior_is_slower_and_more_patience_forgives(setting):
    """A pair of which little is known is rarer by a longer prior, and fades later by patience."""
    low, high = (scores([(0, 0, 90.0)], **{setting: value})[0] for value in (1.0, 9.0))
    assert (low < high) == (setting == "patience")
